"""What predictions are worth under simulated shift: ``python -m tools.simulated_shift MASSES [--figure FILE.png]``.

The real masses are split by patient into five parts. On four of them a comparison is run and its model saved; the fifth
is measured as it is, and with masks and images changed more and more, and predicted. The table has, for each change:
the share of patients with a malignant mass who are ruled out by the certified threshold alone, with the check of each
case, and with the check of the table too; the interval (Clopper-Pearson, 95%); and the share of cases out of
distribution. A certificate of a sensitivity of 0.95 promises at most 5%.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.stats import binomtest
from sklearn.model_selection import StratifiedGroupKFold

from radiomics_mammo import FeatureExtractor, load_model
from radiomics_mammo.compare import main as compare
from radiomics_mammo.core.records import Sample
from radiomics_mammo.prediction.distribution_check import OUT_OF_DISTRIBUTION
from radiomics_mammo.prediction.score import score_table
from radiomics_mammo.prediction.verdicts import choose_certificate
from radiomics_mammo.runs.saved_model import SavedModel
from radiomics_mammo.tables.feature_table import Table, write_table

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float64]
Change = Callable[[Pixels, Mask, np.random.Generator], tuple[Pixels, Mask]]


def box(mask: Mask) -> Mask:
    """Return the bounding box of a mask."""
    rows, columns = mask.any(axis=1), mask.any(axis=0)
    full = np.zeros_like(mask)
    (top, bottom), (left, right) = (np.flatnonzero(each)[[0, -1]] for each in (rows, columns))
    full[top : bottom + 1, left : right + 1] = True
    return full


def outline(mask: Mask, amplitude: float, rng: np.random.Generator) -> Mask:
    """Return an irregular outline inside the bounding box of an ellipse."""
    inside = np.argwhere(mask)
    centre, half = inside.mean(axis=0), np.ptp(inside, axis=0) / 2 + 0.5
    y, x = ((np.indices(mask.shape)[axis] - centre[axis]) / half[axis] for axis in (0, 1))
    angle = np.arctan2(y, x)
    waves = sum(rng.normal() * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) / k for k in range(3, 12))
    return np.asarray(np.hypot(y, x) <= 0.85 * (1 + amplitude * waves))


def zoomed(image: Pixels, mask: Mask, factor: float) -> tuple[Pixels, Mask]:
    """Return image and mask with other pixels."""
    return ndimage.zoom(image, factor, order=1), ndimage.zoom(mask.astype(np.uint8), factor, order=0) > 0


def changes() -> dict[str, dict[float, Change]]:
    """Return each kind of change, by its strength."""
    morphology = {"dilated": ndimage.binary_dilation, "eroded": ndimage.binary_erosion}
    kinds: dict[str, dict[float, Change]] = {"none": {0: lambda i, m, _: (i, m)}}
    for name, change in morphology.items():
        kinds[f"mask {name}, pixels"] = {
            n: lambda i, m, _, change=change, n=n: (i, change(m, iterations=n)) for n in (1, 2, 4)
        }
    kinds["mask its box"] = {1: lambda i, m, _: (i, box(m))}
    kinds["mask an outline, amplitude"] = {a: lambda i, m, r, a=a: (i, outline(m, a, r)) for a in (0.05, 0.1, 0.2)}
    kinds["contrast, factor"] = {f: lambda i, m, _, f=f: (128 + (i - 128) * f, m) for f in (0.9, 0.7, 0.5)}
    kinds["gamma"] = {g: lambda i, m, _, g=g: (255 * (i / 255) ** g, m) for g in (0.8, 1.25, 1.6)}
    kinds["blur, pixels"] = {s: lambda i, m, _, s=s: (ndimage.gaussian_filter(i, s), m) for s in (0.5, 1, 2)}
    kinds["noise, grey levels"] = {s: lambda i, m, r, s=s: (i + r.normal(0, s, i.shape), m) for s in (2, 5, 10)}
    kinds["pixels, factor"] = {f: lambda i, m, _, f=f: zoomed(i, m, f) for f in (0.5, 0.8, 1.25, 2)}
    return kinds


def read_masses(folder: Path) -> tuple[list[Sample], pd.DataFrame]:
    """Read the real masses, with patient and outcome."""
    with (folder / "lesions.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    samples = []
    for row in rows:
        image, mask = (
            np.asarray(Image.open(folder / part / f"{row['lesion_id']}.png").convert("L"))
            for part in ("roi_crops", "roi_box_masks")
        )
        samples.append(Sample(row["lesion_id"], row["patient_id"], image, mask > 0))
    return samples, pd.DataFrame({"malignant": [int(row["malignant"]) for row in rows]})


def measure(samples: list[Sample], change: Change, truth: pd.DataFrame) -> Table:
    """Measure changed images."""
    rng, extractor = np.random.default_rng(0), FeatureExtractor("lesion", engine="cpu")
    changed = []
    for sample in samples:
        image, mask = change(sample.image.astype(np.float64), sample.mask, rng)
        pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
        changed.append(replace(sample, image=pixels, mask=mask))
    frame = extractor.extract(changed)
    provenance = {**frame.attrs["provenance"], "recipe_name": "lesion"}
    return Table(frame.assign(malignant=truth["malignant"].to_numpy()), extractor.feature_names, provenance)


def saved_model(table: Table, train: NDArray[np.intp], folder: Path) -> SavedModel:
    """Run a comparison on some rows and read back its model."""
    path, run = folder / "train.parquet", folder / "run"
    write_table(table.frame.iloc[train], path, provenance={**table.provenance, "features": list(table.features)})
    options = [
        "--models",
        "logistic",
        "--folds",
        "5",
        "--repeats",
        "1",
        "--trials",
        "4",
        "--inner-folds",
        "3",
        "--bootstrap",
        "100",
    ]
    if compare([str(path), *options, "--out", str(run)]) != 0:
        raise SystemExit("the comparison failed")
    return load_model(run / "model")


def judge(model: SavedModel, table: Table, test: NDArray[np.intp]) -> pd.DataFrame:
    """Return one row a malignant patient: ruled out by the threshold, by each case's check too, and by predict."""
    rows = Table(table.frame.iloc[test].reset_index(drop=True), table.features, table.provenance)
    certificate = choose_certificate(model.facts, target=0.95)
    scored = score_table(model, rows, certificate=certificate, training_patients=())
    assert scored.distribution is not None and certificate is not None and certificate.threshold is not None
    check = scored.distribution
    found = scored.predictions.assign(
        malignant=rows.frame["malignant"], unlike=check.cases.flagged, shifted=check.shift.shifted
    )
    patients = found[found["malignant"] == 1].groupby("patient_id")
    low = patients["p"].max() < certificate.threshold
    unlike = found.groupby("patient_id")["unlike"].any().reindex(low.index)
    verdict = patients["verdict"].first()
    withheld = verdict.eq(OUT_OF_DISTRIBUTION)
    return pd.DataFrame(
        {
            "threshold": low,
            "case": low & ~unlike,
            "table": low & ~withheld,
            "unlike": float(found["unlike"].mean()),
            "shifted": bool(found["shifted"].any()),
        }
    )


def simulate(masses: Path) -> pd.DataFrame:
    """Return one row a change and strength."""
    samples, truth = read_masses(masses)
    patients = np.array([sample.patient_id for sample in samples])
    folds = list(StratifiedGroupKFold(5, shuffle=True, random_state=1).split(patients, truth["malignant"], patients))
    plain = measure(samples, changes()["none"][0], truth)
    with tempfile.TemporaryDirectory() as folder:
        models = []
        for number, (train, _) in enumerate(folds):
            place = Path(folder) / str(number)
            place.mkdir()
            models.append(saved_model(plain, train, place))
    rows = []
    for kind, strengths in changes().items():
        for strength, change in strengths.items():
            table = measure(samples, change, truth)
            judged = pd.concat([judge(m, table, test) for m, (_, test) in zip(models, folds, strict=True)])
            row = {"change": kind, "strength": strength, "patients": len(judged)}
            for name in ("threshold", "case", "table"):
                interval = binomtest(int(judged[name].sum()), len(judged)).proportion_ci(method="exact")
                row |= {name: judged[name].mean(), f"{name}_low": interval.low, f"{name}_high": interval.high}
            rows.append({**row, "unlike": judged["unlike"].mean(), "shifted": judged["shifted"].mean()})
            print(_line(rows[-1]), flush=True)
    return pd.DataFrame(rows)


def _line(row: dict[str, float]) -> str:
    shares = " | ".join(
        f"{row[name]:.1%} ({row[f'{name}_low']:.1%} to {row[f'{name}_high']:.1%})"
        for name in ("threshold", "case", "table")
    )
    return f"| {row['change']} | {row['strength']:g} | {shares} | {row['unlike']:.1%} | {row['shifted']:.0%} |"


def draw(results: pd.DataFrame, path: Path) -> None:
    """Draw the shares of malignant patients ruled out, by change."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 7), layout="constrained")
    labels = [f"{row.change} {row.strength:g}" if row.change != "none" else "none" for row in results.itertuples()]
    place = np.arange(len(results))
    for name, label, colour in (
        ("threshold", "certified threshold alone", "#b2182b"),
        ("case", "and check of each case", "#ef8a62"),
        ("table", "and check of the table (predict)", "#2166ac"),
    ):
        axes.plot(100 * results[name], place, "o", color=colour, label=label)
    axes.axvline(5, color="black", linewidth=0.8, linestyle="--", label="promised at most (sensitivity 0.95)")
    axes.set_yticks(place, labels)
    axes.invert_yaxis()
    axes.set_xlabel("patients with a malignant mass who are ruled out, %")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=110)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.simulated_shift", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("masses", type=Path, help="folder of the 1,318 real masses")
    parser.add_argument("--figure", type=Path, help="draw the results")
    given = parser.parse_args()
    checks = "threshold alone | with each case's check | with the table's check"
    print(f"| change | strength | {checks} | cases out of distribution | tables out of distribution |")
    print("|---|---|---|---|---|---|---|")
    results = simulate(given.masses)
    if given.figure is not None:
        draw(results, given.figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
