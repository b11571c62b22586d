"""Are the cases of a prediction like those that the model was trained on? No verdict where they are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from radiomics_mammo.evaluation.cohort.parse_cells import format_list
from radiomics_mammo.evaluation.cohort.records import Units
from radiomics_mammo.evaluation.out_of_distribution.case_check import CaseCheck, check_cases
from radiomics_mammo.evaluation.out_of_distribution.table_shift import LEAST, LEVEL, TableShift, check_table_shift
from radiomics_mammo.evaluation.out_of_distribution.training_distribution import TrainingDistribution

Floats = NDArray[np.float64]

OUT_OF_DISTRIBUTION = "out_of_distribution"
"""Verdict on a patient who is unlike the training patients."""
NOT_CHECKED = "no verdict: not checked against the training cases"
TABLE_SHIFT = "table_shift"
_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class DistributionCheck:
    """The checks of all cases of a prediction.

    Attributes
    ----------
    cases : CaseCheck
    shift : TableShift
    expected : float
        p-value of as many cases out of distribution, were all like the training cases.
    """

    cases: CaseCheck
    shift: TableShift
    expected: float

    @property
    def alarming(self) -> bool:
        """Return whether the table, or more cases than chance allows, are out of distribution."""
        return self.shift.shifted or self.expected < LEVEL

    @property
    def withheld(self) -> NDArray[np.bool_]:
        """Return which units get no verdict, shape (n_units,)."""
        return self.cases.flagged | self.shift.shifted

    def columns(self) -> pd.DataFrame:
        """Return one row a unit: typicality, out_of_distribution (codes), reasons (codes and words)."""
        shift = [(TABLE_SHIFT, self._shift_text())] if self.shift.shifted else []
        reasons = [[*each, *shift] for each in self.cases.reasons]
        codes = [", ".join(dict.fromkeys(code for code, _ in each)) for each in reasons]
        words = ["; ".join(f"{code}: {text}" for code, text in each) for each in reasons]
        return pd.DataFrame({"typicality": self.cases.typicality, "out_of_distribution": codes, "reasons": words})

    def warnings(self) -> list[str]:
        """Return what must be known before the predictions are used."""
        lines = []
        flagged, n = int(self.cases.flagged.sum()), self.cases.flagged.size
        if flagged:
            more = ", more than chance allows" if self.expected < LEVEL else ""
            lines.append(
                f"{flagged} of {n} predictions are out of distribution ({self.cases.rate:.1%} expected of cases like "
                f"the training cases{more}): no verdict on their patients. The column reasons has the reasons."
            )
        if self.shift.shifted:
            lines.append(f"The table is out of distribution, {self._shift_text()}: no verdict on any patient.")
        elif not self.shift.checked:
            lines.append(
                f"Not checked: whether the table as a whole is like the training cases ({self.shift.patients} "
                f"patients that the model was not trained on; {LEAST} are needed)."
            )
        if self.cases.not_checked:
            lines.append(f"Not checked, for want of a column: {format_list(self.cases.not_checked)}.")
        return lines

    def _shift_text(self) -> str:
        columns = format_list(self.shift.columns["column"].tolist()[:_SHOWN], most=_SHOWN)
        test = f"p = {self.shift.p:.1g} for any prevalence, {self.shift.patients} patients"
        return f"{test}; largest differences in {columns}"


def check_distribution(
    distribution: TrainingDistribution,
    x: Floats,
    rows: pd.DataFrame,
    units: Units,
    *,
    scores: Floats,
    new: NDArray[np.bool_],
) -> DistributionCheck:
    """Check each case, and the cases that are new to the model as a whole.

    Parameters
    ----------
    distribution : TrainingDistribution
    x : ndarray of float64, shape (n_rows, n_columns)
        The model's columns.
    rows : pandas.DataFrame
        Identity columns of the rows.
    units : Units
    scores : ndarray of float64, shape (n_units,)
        Raw.
    new : ndarray of bool, shape (n_units,)
        Units of patients that the model was not trained on, as far as is known.
    """
    cases = check_cases(distribution, x, rows, units.of)
    rows_of_new = new[units.of] if new.size else np.zeros(0, dtype=np.bool_)
    of = np.unique(units.of[rows_of_new], return_inverse=True)[1].astype(np.int64)
    named = units.group[new]
    patients = np.unique(named[named >= 0]).size + int((named < 0).sum())
    shift = check_table_shift(distribution, x[rows_of_new], of=of, scores=scores[new], patients=patients)
    flagged, rate = int(cases.flagged.sum()), min(1.0, cases.rate)
    expected = float(binomtest(flagged, len(cases.reasons), rate, alternative="greater").pvalue) if flagged else 1.0
    return DistributionCheck(cases, shift, expected)
