"""A finished run with what the cases of a report are made from: calls, contributions, neighbours, odd values."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.reports.cases import Picture, Pictures
from radiomics_mammo.reports.cases import section as cases
from radiomics_mammo.reports.components.page import PagePart, breakable, slug
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_files import (
    CASES,
    CONTRIBUTIONS,
    DIFFERENCES,
    FAILURES,
    INFO,
    PREDICTIONS,
    SUMMARY,
    VALUES,
)
from radiomics_mammo.runs.run_folder import Run, write_table
from tests.support.cohorts import FEATURES as PLAIN
from tests.support.finished_run import REPEATS, toy_run

FEATURES = tuple(name.replace("_F", "_Feature") for name in PLAIN)
SCALE, SHIFT = (0.8, 1.1), (-0.2, 0.1)
"""Of the calibration of each repeat."""


@cache
def _toy() -> tuple[Run, Results]:
    return toy_run()


def logit(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p))


def case_run(*, patients: int = 0, phantom: bool = False, at: float = 0.4, **info: Any) -> tuple[Run, Results]:
    """Give the toy run with everything that cases are made from; of so many patients where that is asked."""
    run, results = _toy()
    run = replace(run, info=replace(run.info, phantom=phantom, **info))
    if patients:
        run = enlarged(run, patients)
    predictions = run.predictions.assign(called=run.predictions["p"] >= at)
    cases = run.cases.assign(laterality="LEFT", notes="JOHN DOE", image_path="/secret/place.dcm")
    run = replace(run, predictions=predictions, cases=cases)
    moved = contributions(run)
    values = moved[moved["repeat"] == 0][["case_id", *FEATURES]].reset_index(drop=True)
    run = replace(run, contributions=moved, values=values)
    return run, results.replace({"neighbours": neighbours(run), "out_of_range": out_of_range(run)})


def mean_p(run: Run, name: str, candidate: str = "xgboost") -> float:
    own = run.predictions[(run.predictions["model"] == candidate) & (run.predictions["case_id"] == name)]
    return float(own["p"].mean())


def enlarged(run: Run, patients: int) -> Run:
    """Repeat the toy's patients until there are so many, under other names."""
    parts, tables = [], []
    for copy in range(-(-patients // 150)):
        mark = {
            name: lambda text, copy=copy: text if not copy else f"{text}x{copy}" for name in ("case_id", "patient_id")
        }
        parts.append(run.cases.assign(**{name: run.cases[name].map(how) for name, how in mark.items()}))
        tables.append(run.predictions.assign(**{name: run.predictions[name].map(how) for name, how in mark.items()}))
    return replace(run, cases=pd.concat(parts, ignore_index=True), predictions=pd.concat(tables, ignore_index=True))


def contributions(run: Run) -> pd.DataFrame:
    """Split each calibrated probability of XGBoost up so that it is SHIFT + SCALE * (base + sum of features)."""
    rng = np.random.default_rng(4)
    own = run.predictions[run.predictions["model"] == "xgboost"].reset_index(drop=True)
    repeat = own["repeat"].to_numpy()
    scale, shift = np.array(SCALE)[repeat], np.array(SHIFT)[repeat]
    margin = (logit(own["p"].to_numpy()) - shift) / scale
    values = rng.normal(size=(len(own), len(FEATURES))) * 0.3
    base = np.full(len(own), -0.3)
    values[:, -1] += margin - base - values.sum(axis=1)
    identity = own[["case_id", "repeat", "fold"]].assign(base=base, scale=scale, shift=shift)
    assert repeat.max() == REPEATS - 1
    return pd.concat([identity, pd.DataFrame(values, columns=list(FEATURES))], axis=1)


def neighbours(run: Run) -> pd.DataFrame:
    """Call the next five patients's first rows the neighbours of each case."""
    names, patients = (run.cases[name].to_numpy() for name in ("case_id", "patient_id"))
    y = run.predictions.groupby("case_id")["y"].first()
    rows = []
    for i, name in enumerate(names):
        for rank in range(1, 6):
            j = (i + 2 * rank) % len(names)
            rows.append((name, rank, names[j], patients[j], int(y[names[j]]), 0.1 * rank + i * 1e-4))
    columns = ["case_id", "rank", "neighbour", "neighbour_patient", "neighbour_y", "distance"]
    return pd.DataFrame(rows, columns=columns)


def out_of_range(run: Run) -> pd.DataFrame:
    """Put one value of every seventh case too high."""
    return pd.DataFrame(
        {"case_id": run.cases["case_id"][::7], "feature": FEATURES[2], "value": 9.5, "low": -3.0, "high": 4.25}
    )


def some_pictures(names: list[str], *, bytes_each: int = 30) -> Pictures:
    """Give every case a picture of the same size."""
    lesion_images = {name: Picture("data:image/jpeg;base64," + "A" * bytes_each, 20, 10) for name in names}
    return Pictures(lesion_images=lesion_images, problem="")


def written(run: Run, results: Results, folder: Path) -> Path:
    """Write a run as compare leaves it, and give its folder back."""
    folder.mkdir()
    parts = {PREDICTIONS: run.predictions, CASES: run.cases, SUMMARY: run.summary, DIFFERENCES: run.differences}
    parts |= {CONTRIBUTIONS: run.contributions, VALUES: run.values, FAILURES: run.failures}
    parts |= {RESULT_TABLES[name].file: table for name, table in results.tables.items()}
    for name, table in parts.items():
        if table is not None:
            write_table(table, folder / name)
    (folder / INFO).write_bytes(run.info.to_json())
    return folder


def cases_part(run: Run, results: Results, **inputs: Any) -> PagePart:
    """Build the section of the cases."""
    return replace(cases.build(ReportInputs(run, results, **inputs)), slug="cases", title="Cases")


def section_page(part: PagePart, *, phantom: bool = False) -> str:
    """Fill the cases' template on a page of its own, with its style and script."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.PackageLoader("radiomics_mammo", "reports/templates"),
    )
    environment.filters |= {"breakable": breakable, "slug": slug}
    whole, style, script = (
        Markup((files("radiomics_mammo.reports") / "templates" / name).read_text(encoding="utf-8"))
        for name in ("report.css", "cases.css", "cases.js")
    )
    template = environment.from_string(
        '{% from "table.html.j2" import section %}<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<title>Cases</title><style>{{ style }}</style></head><body><main>{{ section(part, phantom) }}</main>"
        "<script>{{ script }}</script></body></html>"
    )
    return template.render(part=part, phantom=phantom, style=whole + style, script=script)
