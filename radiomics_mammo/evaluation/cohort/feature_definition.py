"""Whether two tables hold the same features: made by one recipe, by engines that compute one definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_DEFINITION_OF = {"cpu": "radiomics_mammo", "cuda": "radiomics_mammo"}


class _Maker(NamedTuple):
    recipe: str
    engine: str


def engine_definition(engine: str) -> str:
    """Name what an engine computes: ``cpu`` and ``cuda`` compute one thing, ``pyradiomics`` another.

    Returns
    -------
    str
        Empty where the engine is not known.
    """
    return _DEFINITION_OF.get(engine, engine)


def same_definition(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Compare how the features that two tables share were made.

    Parameters
    ----------
    one, other : mapping
        Provenances, as in :attr:`radiomics_mammo.tables.feature_table.Table.provenance`, of plain or of joined tables.
        What one of them does not say (another tool's table) is not held against it.

    Returns
    -------
    str
        What differs; empty where nothing does.
    """
    makers, others = _makers(one), _makers(other)
    # Feature by feature first: joined tables may stand in another order.
    shared = [name for name in makers if name and name in others] or [""]
    said = []
    for what, field in (("recipe", 0), ("engine", 1)):
        differing = [
            name
            for name in shared
            if makers[name][field] and others[name][field] and makers[name][field] != others[name][field]
        ]
        if differing:
            first = differing[0]
            where = f", for {len(differing)} features such as {first}" if first else ""
            said.append(f"{what} {makers[first][field][:16]} against {others[first][field][:16]}{where}")
    return "; ".join(said)


def _makers(provenance: Mapping[str, Any]) -> dict[str, _Maker]:
    """Say for each feature which recipe and engine made it; ``""`` stands for the table as a whole."""
    whole = _maker(provenance)
    found = dict.fromkeys(["", *provenance.get("features", ())], whole)
    for part in provenance.get("joined", ()):
        found |= dict.fromkeys(part["features"], _maker(part))
    return found


def _maker(said: Mapping[str, Any]) -> _Maker:
    return _Maker(str(said.get("recipe_hash") or ""), engine_definition(str(said.get("engine") or "")))
