"""An explained run: a small study of toy lesions, explained as compare would, without files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.explanation.explain import ShapResults, explain_candidate
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.evaluation.result_tables.base import TableContext
from radiomics_mammo.evaluation.summary import Comparison
from radiomics_mammo.evaluation.training.cross_validation import Outcome, cross_validate
from radiomics_mammo.evaluation.training.plan import Plan, Tuning
from radiomics_mammo.evaluation.training.registry import parse_candidate
from radiomics_mammo.evaluation.training.splits import repeated_folds

NAMES = (
    *(f"original_firstorder_F{i}" for i in range(10)),
    *(f"original_glcm_F{i}" for i in range(10)),
    *(f"wavelet-HH_glcm_F{i}" for i in range(4)),
)
PLANTED = NAMES[12]


def noise_frame(*, patients: int = 90, strength: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Give one lesion a patient with 24 features of noise; a strength above 0 makes ``PLANTED`` tell the classes."""
    rng = np.random.default_rng(seed)
    sick = rng.permutation(np.arange(patients) < patients // 2).astype(int)
    frame = pd.DataFrame(rng.normal(size=(patients, len(NAMES))), columns=list(NAMES))
    frame[PLANTED] += strength * sick
    identity = {"case_id": [f"c{i}" for i in range(patients)], "patient_id": [f"p{i}" for i in range(patients)]}
    density = rng.integers(1, 5, patients)
    return pd.concat([pd.DataFrame({**identity, "malignant": sick, "breast_density": density}), frame], axis=1)


def toy_plan(
    frame: pd.DataFrame, *, candidate: str = "xgboost", repeats: int = 2, features: tuple[str, ...] = NAMES
) -> Plan:
    cohort = prepare_cohort(frame, features, target=Target())
    folds = repeated_folds(cohort.units.y, cohort.units.group, folds=3, repeats=repeats, seed=0)
    return Plan(cohort, folds, (parse_candidate(candidate),), Settings(), 0, Tuning(trials=1, folds=2, select="none"))


@dataclass(frozen=True, eq=False)
class ExplainedTables:
    """SHAP values of a candidate and the tables computed from them."""

    shap: ShapResults
    tables: dict[str, pd.DataFrame]

    @property
    def contributions(self) -> pd.DataFrame:
        return self.shap.contributions

    @property
    def values(self) -> pd.DataFrame:
        return self.shap.values


def explained(plan: Plan, outcome: Outcome | None = None, *, workers: int = 1) -> ExplainedTables:
    outcome = outcome or cross_validate(plan)
    shap = explain_candidate(plan, plan.candidates[0], outcome, workers=workers)
    context = TableContext(
        plan, outcome, ComparisonOptions(), Comparison(pd.DataFrame(), pd.DataFrame(), 0), None, shap=shap
    )
    for name, table in RESULT_TABLES.items():
        if name.startswith("shap_") and table.is_needed(context):
            context.tables[name] = table.compute(context)
    return ExplainedTables(shap, context.tables)
