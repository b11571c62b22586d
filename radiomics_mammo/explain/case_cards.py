"""Mistakes as cards: what the table says of a case, its probability, what moved it, its picture."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from radiomics_mammo.explain.mistakes import Mistakes
from radiomics_mammo.explain.page import CaseCard, CaseGroup

FACTS = {
    "laterality": "side",
    "view": "view",
    "breast_density": "density",
    "abnormality_type": "type",
    "pathology": "pathology",
    "mass_shape": "shape",
    "mass_margins": "margins",
    "calc_type": "calcification",
    "calc_distribution": "distribution",
    "assessment": "assessment",
    "subtlety": "subtlety",
    "notes": "note",
}
_REASONS = 3


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of cases.

    Attributes
    ----------
    uris : mapping of str to str
        Data URIs by case_id.
    problem : str
        Why some or all are missing; empty if none is.
    """

    uris: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def case_groups(
    mistakes: Mistakes,
    cases: pd.DataFrame,
    *,
    classes: tuple[str, str],
    pictures: Pictures,
    contributions: pd.DataFrame | None,
) -> list[CaseGroup]:
    """Lay the false negatives and the false positives out.

    Parameters
    ----------
    mistakes : Mistakes
    cases : pandas.DataFrame
        Identity columns, with ``case_id``.
    classes : (str, str)
        What 0 and 1 are called.
    pictures : Pictures
    contributions : pandas.DataFrame or None
        By case, of the very model whose mistakes these are; None gives no reasons.
    """
    rows = {str(row["case_id"]): row for row in cases.to_dict("records")}
    moved = {} if contributions is None else {str(name): row for name, row in contributions.iterrows()}
    negative, positive = classes
    kinds = (
        (mistakes.missed, mistakes.n_missed, f"Missed: {positive}, scored low", positive, -1),
        (mistakes.alarms, mistakes.n_alarms, f"False alarms: {negative}, scored high", negative, 1),
    )
    groups = []
    for found, count, title, truth, sign in kinds:
        cards = [
            _card(row, rows[row.case_id], truth, pictures, _reasons(moved.get(row.case_id), sign, classes))
            for row in _scored(found)
        ]
        text = f"The {len(cards)} most confident of {count}." if cards else "There are none."
        groups.append(CaseGroup(title, text, cards))
    return groups


def cases_text(mistakes: Mistakes, *, title: str, positive: str, problem: str) -> str:
    """Say whose mistakes these are and where the cut was made."""
    text = (
        f"Of {title}, by the mean of a case's out-of-fold probabilities over the repeats. The cut, at "
        f"{mistakes.threshold:.2f}, calls as many cases {positive} as there are; it is for looking, not an "
        "operating point."
    )
    return f"{text} {problem}".rstrip()


@dataclass(frozen=True, slots=True)
class _Scored:
    case_id: str
    patient_id: str
    p: float


def _scored(found: pd.DataFrame) -> list[_Scored]:
    return [
        _Scored(str(case_id), str(person), float(p))
        for case_id, person, p in zip(found.index, found["patient_id"], found["p"], strict=True)
    ]


def _card(
    case: _Scored, row: Mapping[Hashable, object], truth: str, pictures: Pictures, reasons: list[str]
) -> CaseCard:
    facts, score = _facts(row), f"{truth}, probability {case.p:.2f}"
    return CaseCard(
        case_id=case.case_id,
        patient_id=case.patient_id,
        facts=facts,
        probability=f"In truth {truth}; predicted probability {case.p:.2f}",
        reasons=reasons,
        picture=pictures.uris.get(case.case_id, ""),
        alt=f"{case.case_id}: mammogram and lesion with its outline; {score}" + (f"; {facts}" if facts else ""),
        absent="" if case.case_id in pictures.uris else "No picture: the image could not be reached.",
    )


def _facts(row: Mapping[Hashable, object]) -> str:
    told = []
    for column, word in FACTS.items():
        value = row.get(column)
        if value is None or value is pd.NA or _is_nan(value) or not str(value).strip():
            continue
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        told.append(f"{word} {whole}")
    return ", ".join(told)


def _signed(value: float) -> str:
    return f"{value:+.2g}".replace("-", "−")


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and bool(np.isnan(value))


def _reasons(own: pd.Series | None, sign: int, classes: tuple[str, str]) -> list[str]:
    """Name what weighed most towards the wrong class."""
    if own is None:
        return []
    values = own.to_numpy(dtype=np.float64)
    order = np.argsort(-sign * values, kind="stable")[:_REASONS]
    towards = classes[1] if sign > 0 else classes[0]
    return [f"towards {towards}: {own.index[i]} ({_signed(values[i])})" for i in order if sign * values[i] > 0]
