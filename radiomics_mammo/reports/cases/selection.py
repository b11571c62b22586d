"""Cases that a page shows in full, and the images that it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from radiomics_mammo.reports.cases.facts import fact
from radiomics_mammo.reports.cases.outcomes import outcomes
from radiomics_mammo.reports.cases.records import WantedPictures
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

MAX_FALSE_NEGATIVES = 400
"""False negatives with a card; a page of thousands could not be opened."""
MAX_FALSE_POSITIVES = 24
N_TYPICAL = 8
MAX_THUMBNAILS = 400
"""Neighbours whose images are read, the nearest of each case first."""
_ERRORS = (("false-negatives", "FN", MAX_FALSE_NEGATIVES), ("false-positives", "FP", MAX_FALSE_POSITIVES))
_LESION = ("abnormality_type", "abnormality_id")
"""Columns that identify the lesions of a breast."""


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Cases of one kind that get a card: slug, heading, text, ids in order."""

    slug: str
    title: str
    text: str
    case_ids: tuple[str, ...]


def select_cases(
    predictions: pd.DataFrame, neighbours: pd.DataFrame | None, *, classes: Sequence[str], similarity: str = ""
) -> list[CaseGroup]:
    """Select false negatives, confident false positives, and typical cases.

    Without a table of neighbours no typical cases are selected.
    """
    groups = []
    for slug, outcome, most in _ERRORS:
        subset = predictions[predictions["outcome"] == outcome]
        names = subset.sort_values("p", kind="stable", ascending=outcome == "FN").index
        text = sentence("cases.selected", n=len(names), shown=len(names[:most]), lowest=outcome == "FN")
        groups.append(CaseGroup(slug, _title(outcome, classes), text, tuple(names[:most])))
    if neighbours is None:
        return groups
    for slug, outcome in (("typical-1", "TP"), ("typical-0", "TN")):
        typical = _typical(predictions, neighbours, outcome)
        text = sentence("cases.typical", similarity=similarity) if typical else sentence("cases.empty")
        groups.append(CaseGroup(slug, _title(outcome, classes), text, typical))
    return groups


def _title(outcome: str, classes: Sequence[str]) -> str:
    return sentence("cases.group_title", kind=outcome, positive=classes[1], negative=classes[0])


def wanted_pictures(run: Run, results: Results) -> WantedPictures:
    """Return the cases whose images the page shows; none for units of several rows."""
    if not run.info.best or run.info.unit != "lesion":
        return WantedPictures()
    groups = select_cases(outcomes(run), results.neighbours, classes=run.info.classes)
    cards = [name for group in groups for name in group.case_ids]
    return pictures_for(run, results, cards)


def pictures_for(run: Run, results: Results, cards: Sequence[str]) -> WantedPictures:
    """Return the other views and the neighbours that the cards of some cases show."""
    drawn = dict.fromkeys(cards)
    others = other_views(run.cases)
    views = dict.fromkeys(view for name in cards for view in others.get(name, ())[:1] if view not in drawn)
    near: list[str] = []
    if results.neighbours is not None:
        table = results.neighbours[results.neighbours["case_id"].astype(str).isin(drawn)]
        near = table.sort_values("rank", kind="stable")["neighbour"].astype(str).tolist()
    thumbnails = [name for name in dict.fromkeys(near) if name not in drawn]
    return WantedPictures(tuple(drawn), tuple(views), tuple(thumbnails[:MAX_THUMBNAILS]))


def other_views(cases: pd.DataFrame) -> Mapping[str, tuple[str, ...]]:
    """Return each case's other views of the breast, those of the same lesion first."""
    if not {"laterality", "view"} <= set(cases.columns):
        return {}
    columns = ("patient_id", "laterality", "view", *_LESION)
    rows = [{name: fact(row, name) for name in columns} for row in cases.to_dict("records")]  # type: ignore[arg-type]
    names = cases["case_id"].astype(str).tolist()
    breasts: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(rows):
        if row["laterality"] and row["view"]:
            breasts.setdefault((row["patient_id"], row["laterality"]), []).append(i)
    others_of = {}
    for members in breasts.values():
        for i in members:
            others = [j for j in members if rows[j]["view"] != rows[i]["view"]]
            others.sort(key=lambda j: not is_same_lesion(rows[i], rows[j]))
            others_of[names[i]] = tuple(names[j] for j in others)
    return others_of


def is_same_lesion(each: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Return whether two cases of a breast have the same number and type."""
    return bool(fact(each, _LESION[-1])) and all(fact(each, name) == fact(other, name) for name in _LESION)


def _typical(predictions: pd.DataFrame, neighbours: pd.DataFrame, outcome: str) -> tuple[str, ...]:
    near = neighbours.assign(case_id=neighbours["case_id"].astype(str)).groupby("case_id", sort=False)
    table = near.agg(distance=("distance", "mean"), share=("neighbour_y", "mean"))
    rows = predictions[predictions["outcome"] == outcome].join(table, how="inner")
    same_class = rows[(rows["share"] - rows["y"]).abs() < 0.5]
    return tuple(same_class.sort_values("distance", kind="stable").index[:N_TYPICAL])
