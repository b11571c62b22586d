"""A finished page of a toy run, and one in which every text is hostile."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd

from radiomics_mammo.reports.cases import Pictures
from radiomics_mammo.reports.components.page import Page, PagePart, render
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.reports.sections import SECTIONS
from radiomics_mammo.reports.study import compose
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from tests.support.finished_run import toy_run
from tests.support.finished_run_tables import embeddings

SCRIPT = "<script>alert(1)</script>"
HANDLER = '"><img src=x onerror=alert(2)>'
FORMULA = '=HYPERLINK("x","y")'


def composed(run: Run, results: Results) -> Page:
    return compose(run, results, pictures=Pictures(), meaning=lambda name: f"{name} in words")


def section_part(slug: str, run: Run, results: Results | None = None, **inputs: Any) -> PagePart | None:
    """Build one section, or None where its inputs are not there."""
    section = next(section for section in SECTIONS if section.slug == slug)
    values = ReportInputs(run, results or Results(), **inputs)
    return None if section.missing(values) else section.build(values)


@cache
def toy_page() -> Page:
    return composed(*toy_run(failures=3))


@cache
def toy_text() -> str:
    return render(toy_page())


def hostile_run() -> tuple[Run, Results]:
    """Give a run whose names, remarks and cells hold markup, script and formulas."""
    run, results = toy_run(
        classes=[f"benign{SCRIPT}", f"malignant{HANDLER}"],
        table=SCRIPT,
        label=HANDLER,
        remarks=[SCRIPT, HANDLER],
        notes=[SCRIPT],
        versions={HANDLER: SCRIPT},
        provenance={"recipe_name": SCRIPT, "recipe_text": f"{HANDLER}\n{SCRIPT}", "reader": {"reader": SCRIPT}},
        embeddings=[one | {"name": SCRIPT, "source": HANDLER, "licence": SCRIPT} for one in embeddings(forced=True)],
        failures=1,
    )
    candidates = {name: f"{title}{HANDLER}" for name, title in run.info.candidates.items()}
    named = {name: name.replace("P_", f"{HANDLER}_") for name in run.cases["case_id"]}
    cases = run.cases.assign(
        case_id=run.cases["case_id"].map(named), patient_id=SCRIPT + run.cases["patient_id"], view=HANDLER, notes=SCRIPT
    )
    cases.loc[cases.index[:40], "view"] = FORMULA
    predictions = run.predictions.assign(
        case_id=run.predictions["case_id"].map(named), patient_id=SCRIPT + run.predictions["patient_id"]
    )
    failures = pd.DataFrame({"stage": [SCRIPT], "cause": [HANDLER]})
    info = replace(run.info, candidates=candidates)
    run = replace(run, info=info, cases=cases, predictions=predictions, failures=failures)
    return run, _hostile(results)


def _hostile(results: Results) -> Results:
    tables = {
        "subgroups": {"level": FORMULA, "title": SCRIPT, "remark": HANDLER},
        "leakage_checks": {"check": FORMULA, "sentence": HANDLER},
        "auroc_inflation": {"title": SCRIPT, "published": HANDLER},
        "ensembles": {"ensemble": SCRIPT, "members": f"{HANDLER}; {SCRIPT}", "verdict": HANDLER},
        "probes": {"embedder": SCRIPT},
        "learning_curves": {"model": HANDLER},
        "feature_selection": {"feature": HANDLER},
        "tuned_parameters": {"model": SCRIPT, "parameters": HANDLER},
        "certified": {"sentence": SCRIPT},
        "pairs": {"verdict": HANDLER},
    }
    return results.replace({name: getattr(results, name).assign(**cells) for name, cells in tables.items()})
