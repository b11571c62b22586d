"""Nearest training cases of a case, and its values outside the range of the training cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from radiomics_mammo.evaluation.case_analysis.nearest_cases import MOST_UNITS
from radiomics_mammo.evaluation.explanation.waterfall import number, plain_name
from radiomics_mammo.reports.cases.picture_store import PictureStore
from radiomics_mammo.reports.cases.records import Neighbour
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.runs.run_folder import Run


def nearest_cases_of(
    table: pd.DataFrame | None, case_ids: Sequence[str], *, classes: Sequence[str], store: PictureStore
) -> Mapping[str, list[Neighbour]]:
    """Return the nearest training cases of some cases, by case_id, the nearest first."""
    nearest: dict[str, list[Neighbour]] = {name: [] for name in case_ids}
    if table is None:
        return nearest
    rows = table[table["case_id"].astype(str).isin(nearest)].sort_values("rank", kind="stable")
    for row in rows.to_dict("records"):
        name, distance = str(row["neighbour"]), f"{float(row['distance']):.2f}"
        neighbour = Neighbour(name, classes[int(row["neighbour_y"])], distance, store.thumbnail(name))
        nearest[str(row["case_id"])].append(neighbour)
    return nearest


def similarity_text(run: Run) -> str:
    """Return what similarity is based on; empty for all features and cases."""
    info = run.info
    # A table of embeddings alone counts them as its features.
    embeddings = bool(info.embeddings) and info.features not in (0, sum(int(each["dims"]) for each in info.embeddings))
    return sentence("cases.similarity", embeddings=embeddings, units=info.units, unit=info.unit, searched=MOST_UNITS)


def out_of_range_text(table: pd.DataFrame | None) -> Mapping[str, list[str]]:
    """Return each case's values outside the training range, the farthest first."""
    by_case: dict[str, list[str]] = {}
    for row in [] if table is None else table.to_dict("records"):
        value, low, high = (float(row[name]) for name in ("value", "low", "high"))
        text = sentence(
            "cases.out_of_range",
            feature=plain_name(str(row["feature"])),
            value=number(value),
            below=value < low,
            end=number(low if value < low else high),
        )
        by_case.setdefault(str(row["case_id"]), []).append(text)
    return by_case
