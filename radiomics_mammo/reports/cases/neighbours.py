"""What surrounds a case: its nearest training cases and its values out of range, as a page tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from radiomics_mammo.evaluation.case_analysis.nearest_cases import MOST_UNITS
from radiomics_mammo.evaluation.explanation.waterfall import number, plain_name
from radiomics_mammo.reports.cases.picture_store import Store
from radiomics_mammo.reports.cases.records import Neighbour
from radiomics_mammo.runs.run_folder import Run


def neighbours_of(
    table: pd.DataFrame | None, case_ids: Sequence[str], *, classes: Sequence[str], store: Store
) -> Mapping[str, list[Neighbour]]:
    """Give the nearest training cases of some cases, by case_id, the nearest first."""
    found: dict[str, list[Neighbour]] = {name: [] for name in case_ids}
    if table is None:
        return found
    for row in table[table["case_id"].astype(str).isin(found)].sort_values("rank", kind="stable").to_dict("records"):
        name = str(row["neighbour"])
        truth, distance = classes[int(row["neighbour_y"])], f"{float(row['distance']):.2f}"
        found[str(row["case_id"])].append(Neighbour(name, truth, distance, store.thumbnail(name)))
    return found


def likeness(run: Run) -> str:
    """Say what neighbours are looked for by and among; empty where that is all features and all training cases."""
    info = run.info
    said = []
    # A table of embeddings alone counts them as its features.
    if info.embeddings and info.features not in (0, sum(int(one["dims"]) for one in info.embeddings)):
        said.append("Likeness is by radiomic features; outputs of networks are left out.")
    if info.units > MOST_UNITS:
        said.append(
            f"Of the {info.units:,} {info.unit}s only {MOST_UNITS:,} are looked through: of the rarer class up to half "
            "of that, and evenly spaced ones of the commoner."
        )
    return " ".join(said)


def beyond_of(table: pd.DataFrame | None) -> Mapping[str, list[str]]:
    """Say, by case_id, which values lie outside what the fold's models were trained on, the farthest first."""
    found: dict[str, list[str]] = {}
    if table is None:
        return found
    for row in table.to_dict("records"):
        value, low, high = (float(row[name]) for name in ("value", "low", "high"))
        side, end = ("below", low) if value < low else ("above", high)
        said = f"{plain_name(str(row['feature']))} is {number(value)}, {side} all training cases ({number(end)})"
        found.setdefault(str(row["case_id"]), []).append(said)
    return found
