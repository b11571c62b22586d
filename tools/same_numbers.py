"""Are the numbers of two versions the same to the last digit, whatever their names?

``python -m tools.same_numbers record FOLDER [MASSES]`` runs the demonstration, a breast table of phantoms and, where
the folder of the 1,318 real masses is given, their table, comparison, report, predictions and summary with the package
of the current checkout. ``python -m tools.same_numbers compare OLD NEW`` then looks, for each table of OLD, for its
counterpart in NEW, and in it for each numeric column for one with the same values in the same rows. Exits with 1 if
one is missing.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

RENAMED = {
    "canaries.csv": "leakage_checks.csv",
    "leakage.csv": "auroc_inflation.csv",
    "winner.csv": "selection_bias.csv",
    "tuned.csv": "tuned_parameters.csv",
    "selection.csv": "feature_selection.csv",
    "as_trained.csv": "uncalibrated.csv",
    "shap_null.csv": "shap_permutation.csv",
}
"""Files that have another name in the later version."""
MODELS = "prevalence,size,logistic,lasso,svm-rbf,forest,xgboost,xgboost+oversampling,xgboost+smote"
TUNING = "--folds 3 --repeats 1 --trials 2 --inner-folds 2 --bootstrap 100"
NOT_NUMBERS = ("cbis-ddsm", "timings.json")


def record(out: Path, masses: Path | None) -> None:
    """Run the commands; what they print goes to a log beside what they write."""
    out.mkdir(parents=True)
    steps = [
        ["demo", "--out", out / "demo"],
        ["extract", "phantom", "--patients", "10", "--recipe", "breast", "--out", out / "breasts.parquet"],
    ]
    if masses is not None:
        cases, table, run = out / "masses.csv", out / "masses.parquet", out / "masses"
        write_cases(masses, cases)
        steps += [
            ["extract", "manifest", cases, "--out", table],
            ["compare", table, "--models", MODELS, *TUNING.split(), "--out", run],
            ["report", run],
            ["predict", run, "--table", table, "--out", out / "predictions.csv"],
            ["extract", "manifest", cases, "--summary", out / "summary"],
        ]
    for command, *rest in steps:
        with (out / f"{command}.log").open("a") as log:
            line = [sys.executable, "-m", f"radiomics_mammo.{command}", *map(str, rest)]
            subprocess.run(
                line, check=True, stdout=log, stderr=log, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
            )


def write_cases(masses: Path, path: Path) -> None:
    """Write the list of the real masses."""
    with (masses / "lesions.csv").open() as source, path.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["case_id", "patient_id", "image", "mask", "malignant", "laterality", "view"])
        for row in csv.DictReader(source):
            name = f"{row['lesion_id']}.png"
            images = (masses / "roi_crops" / name, masses / "roi_box_masks" / name)
            writer.writerow([row["lesion_id"], row["patient_id"], *images, row["malignant"], row["side"], row["view"]])


def columns(path: Path) -> dict[str, np.ndarray]:
    """Return the numeric columns of a table, or the numbers of a JSON file as one."""
    if path.suffix == ".json":
        return {"numbers": np.array(sorted(numbers(json.loads(path.read_text(encoding="utf-8")))))}
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return {}
    kinds = frame.select_dtypes(include=["number", "bool"])
    return {name: kinds[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in kinds}


def numbers(value: object) -> Iterator[float]:
    """Return every number with a fraction in a JSON document."""
    if isinstance(value, float):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from numbers(member)


def missing(old: Path, new: Path) -> list[str]:
    """List the old file's columns that no column of the new one equals."""
    there = columns(new)
    return [
        name
        for name, values in columns(old).items()
        if not any(np.array_equal(values, other, equal_nan=True) for other in [*there.values()])
    ]


def compare(old: Path, new: Path) -> int:
    """Print what differs; return the number of files that do."""
    differing = compared = 0
    for path in sorted(p for p in old.rglob("*") if p.suffix in (".csv", ".parquet", ".json")):
        inside = path.relative_to(old)
        if any(part in NOT_NUMBERS for part in inside.parts):
            continue
        counterpart = new / inside.with_name(RENAMED.get(path.name, path.name))
        compared += 1
        lacking = missing(path, counterpart) if counterpart.exists() else ["the file"]
        if lacking:
            differing += 1
            print(f"{inside}: {len(lacking)} of {len(columns(path))}: {', '.join(lacking[:6])}")
    print(f"{compared} files compared, {differing} differ")
    return differing


def main() -> int:
    """Record or compare."""
    what, *paths = sys.argv[1:]
    if what == "record":
        record(Path(paths[0]).resolve(), Path(paths[1]).resolve() if len(paths) > 1 else None)
        return 0
    return int(compare(Path(paths[0]), Path(paths[1])) > 0)


if __name__ == "__main__":
    sys.exit(main())
