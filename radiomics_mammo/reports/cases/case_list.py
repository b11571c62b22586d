"""The list of all cases, and the filters that its lines and the cards share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from radiomics_mammo.reports.cases.facts import fact
from radiomics_mammo.reports.cases.outcomes import OUTCOMES
from radiomics_mammo.reports.cases.records import CaseAttributes, Filter, Line

MOST_LINES = 3_000
_MOST_OPTIONS = 24

FILTERS = {
    "outcome": "Outcome",
    "truth": "Truth",
    "view": "View",
    "density": "Density",
    "kind": "Type",
    "beyond": "Out of range",
}
"""Fields of :class:`~radiomics_mammo.reports.cases.records.CaseAttributes` that filter cases, with their labels."""


def attributes_of(found: pd.DataFrame, rows: Mapping[str, Mapping[str, object]], *, classes: Sequence[str],
            beyond: Collection[str] | None) -> dict[str, CaseAttributes]:  # fmt: skip
    """Give what every case is filtered by.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`radiomics_mammo.reports.cases.outcomes.outcomes` gives it.
    rows : mapping of str to mapping
        The case table's rows by case_id.
    classes : sequence of str
    beyond : collection of str, or None
        Cases with a value out of range; None where it is not known of any.
    """
    attributes = {}
    for name, y, outcome in zip(found.index, found["y"], found["outcome"], strict=True):
        row = rows[name]
        out = "" if beyond is None else "yes" if name in beyond else "no"
        attributes[name] = CaseAttributes(
            outcome=str(outcome),
            truth=classes[int(y)],
            view=fact(row, "view"),
            density=fact(row, "breast_density"),
            kind=fact(row, "abnormality_type"),
            beyond=out,
        )
    return attributes


def lines_of(
    found: pd.DataFrame,
    rows: Mapping[str, Mapping[str, object]],
    attributes: Mapping[str, CaseAttributes],
    anchors: Mapping[str, str],
) -> tuple[list[Line], str]:
    """Lay the list out in the order of the table, and say in a caption how much of the cohort it is.

    Of more than ``MOST_LINES`` cases those are listed whose probability is farthest on the wrong side.
    """
    names = list(found.index)
    caption = f"All {len(names)} cases"
    if len(names) > MOST_LINES:
        wrong = found["p"].where(found["y"] == 0, 1 - found["p"])
        kept = set(wrong.sort_values(ascending=False, kind="stable").index[:MOST_LINES]) | set(anchors)
        names = [name for name in names if name in kept]
        caption = f"{len(names)} of {len(found)} cases: those with a card, and those that the model has most wrong"
    p = {str(name): float(value) for name, value in found["p"].items()}
    lines = [
        Line(
            anchors.get(name, ""),
            name,
            str(rows[name]["patient_id"]),
            fact(rows[name], "laterality"),
            attributes[name],
            f"{p[name]:.2f}",
        )
        for name in names
    ]
    return lines, caption


def filters_of(attributes: Collection[CaseAttributes]) -> list[Filter]:
    """Offer the filters that take two values or more, and few enough to choose from."""
    found = []
    for name, label in FILTERS.items():
        values = {str(getattr(one, name)) for one in attributes}
        if 2 <= len(values) <= _MOST_OPTIONS:
            said = {value: OUTCOMES.get(value, value) if name == "outcome" else value for value in sorted(values)}
            found.append(Filter(name, label, [(value, word or "not given") for value, word in said.items()]))
    return found
