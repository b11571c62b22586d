"""Comparison of the recipes and engines of two tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_DEFINITION_OF = {"cpu": "radiomics_mammo", "cuda": "radiomics_mammo"}


class _Maker(NamedTuple):
    recipe: str
    engine: str


def engine_definition(engine: str) -> str:
    """Return the definition that an engine computes.

    Returns
    -------
    str
        Empty where the engine is not known.
    """
    return _DEFINITION_OF.get(engine, engine)


def same_definition(left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """Return how the definitions of common features differ; empty if they agree.

    Parameters
    ----------
    left, right : mapping
        Provenances, as in :attr:`radiomics_mammo.tables.feature_table.Table.provenance`, of plain or of joined tables.
        What one of them does not record (another tool's table) is not compared.

    Returns
    -------
    str
        What differs; empty where nothing does.
    """
    makers, others = _makers(left), _makers(right)
    # Feature by feature first: joined tables may stand in another order.
    shared = [name for name in makers if name and name in others] or [""]
    record = []
    for what, field in (("recipe", 0), ("engine", 1)):
        differing = [
            name
            for name in shared
            if makers[name][field] and others[name][field] and makers[name][field] != others[name][field]
        ]
        if differing:
            first = differing[0]
            where = f", for {len(differing)} features such as {first}" if first else ""
            record.append(f"{what} {makers[first][field][:16]} against {others[first][field][:16]}{where}")
    return "; ".join(record)


def _makers(provenance: Mapping[str, Any]) -> dict[str, _Maker]:
    """Return recipe and engine of each feature; ``''`` stands for the table."""
    whole = _maker(provenance)
    makers_by_feature = dict.fromkeys(["", *provenance.get("features", ())], whole)
    for part in provenance.get("joined", ()):
        makers_by_feature |= dict.fromkeys(part["features"], _maker(part))
    return makers_by_feature


def _maker(record: Mapping[str, Any]) -> _Maker:
    return _Maker(str(record.get("recipe_hash") or ""), engine_definition(str(record.get("engine") or "")))
