"""Which cases a page shows in full, and whose pictures it wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from radiomics_mammo.reports.cases.facts import fact
from radiomics_mammo.reports.cases.outcomes import outcomes
from radiomics_mammo.reports.cases.records import Wanted
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

MOST_MISSED = 400
"""False negatives with a card; a page of thousands could not be opened."""
ALARMS = 24
TYPICAL = 8
THUMBNAILS = 400
"""Neighbours whose pictures are read, the nearest of each case first."""
_LESION = ("abnormality_type", "abnormality_id")
"""Columns that tell the lesions of a breast apart."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Cases of one kind that get a card: slug and heading of the group, what they are, their ids in order."""

    slug: str
    title: str
    text: str
    case_ids: tuple[str, ...]


def choose(
    found: pd.DataFrame, neighbours: pd.DataFrame | None, *, classes: Sequence[str], alike: str = ""
) -> list[Chosen]:
    """Choose the false negatives, the most confident false positives, and the most typical of each class.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`radiomics_mammo.reports.cases.outcomes.outcomes` gives it.
    neighbours : pandas.DataFrame or None
        The run's table; without it nothing is called typical.
    classes : sequence of str
        What 0 and 1 are called.
    alike : str
        What likeness to neighbours is by, said of the typical.
    """
    negative, positive = classes
    missed = found[found["outcome"] == "FN"].sort_values("p", kind="stable").index
    alarms = found[found["outcome"] == "FP"].sort_values("p", kind="stable", ascending=False).index
    groups = [
        Chosen(
            "missed",
            f"False negatives: {positive}, called {negative}",
            _of(len(missed), MOST_MISSED, "the lowest probability first"),
            tuple(missed[:MOST_MISSED]),
        ),
        Chosen(
            "alarms",
            f"False positives: {negative}, called {positive}",
            _of(len(alarms), ALARMS, "the highest probability first"),
            tuple(alarms[:ALARMS]),
        ),
    ]
    if neighbours is None:
        return groups
    for slug, outcome, title in (("typical-1", "TP", positive), ("typical-0", "TN", negative)):
        typical = _typical(found, neighbours, outcome)
        text = f"{_TYPICAL} {alike}".rstrip() if typical else _NONE
        groups.append(Chosen(slug, f"Typical: {title}, and called so", text, typical))
    return groups


_TYPICAL = (
    "Those among the cases called rightly that lie nearest, on average, to their neighbours among the training cases, "
    "where most of these are of the same class."
)
_NONE = "There are none."


def wanted_pictures(run: Run, results: Results) -> Wanted:
    """Name the cases that the page draws; nobody where a prediction is about several rows of the table."""
    if not run.info.best or run.info.unit != "lesion":
        return Wanted()
    found = outcomes(run)
    groups = choose(found, results.neighbours, classes=run.info.classes)
    cards = [name for group in groups for name in group.case_ids]
    return wanted_for(run, results, cards)


def wanted_for(run: Run, results: Results, cards: Sequence[str]) -> Wanted:
    """Name the other views and the neighbours that the cards of some cases show beside them."""
    drawn = dict.fromkeys(cards)
    others = other_views(run.cases)
    views = dict.fromkeys(view for name in cards for view in others.get(name, ())[:1] if view not in drawn)
    near: list[str] = []
    if results.neighbours is not None:
        table = results.neighbours[results.neighbours["case_id"].astype(str).isin(drawn)]
        near = table.sort_values("rank", kind="stable")["neighbour"].astype(str).tolist()
    thumbnails = [name for name in dict.fromkeys(near) if name not in drawn]
    return Wanted(tuple(drawn), tuple(views), tuple(thumbnails[:THUMBNAILS]))


def other_views(cases: pd.DataFrame) -> Mapping[str, tuple[str, ...]]:
    """Give, for each case, the cases of the same breast in another view: the same lesion's first, as far as is told."""
    if not {"laterality", "view"} <= set(cases.columns):
        return {}
    columns = ("patient_id", "laterality", "view", *_LESION)
    rows = [{name: fact(row, name) for name in columns} for row in cases.to_dict("records")]  # type: ignore[arg-type]
    names = cases["case_id"].astype(str).tolist()
    breasts: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(rows):
        if row["laterality"] and row["view"]:
            breasts.setdefault((row["patient_id"], row["laterality"]), []).append(i)
    found = {}
    for members in breasts.values():
        for i in members:
            others = [j for j in members if rows[j]["view"] != rows[i]["view"]]
            others.sort(key=lambda j: not same_lesion(rows[i], rows[j]))
            found[names[i]] = tuple(names[j] for j in others)
    return found


def same_lesion(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether the table tells that two cases of a breast are one lesion: the same number, of the same type."""
    return bool(fact(one, _LESION[-1])) and all(fact(one, name) == fact(other, name) for name in _LESION)


def _typical(found: pd.DataFrame, neighbours: pd.DataFrame, outcome: str) -> tuple[str, ...]:
    near = neighbours.assign(case_id=neighbours["case_id"].astype(str)).groupby("case_id", sort=False)
    table = near.agg(distance=("distance", "mean"), share=("neighbour_y", "mean"))
    own = found[found["outcome"] == outcome].join(table, how="inner")
    alike = own[(own["share"] - own["y"]).abs() < 0.5]
    return tuple(alike.sort_values("distance", kind="stable").index[:TYPICAL])


def _of(count: int, most: int, order: str) -> str:
    if not count:
        return _NONE
    return f"All {count}, {order}." if count <= most else f"{most} of {count}, {order}."
