"""Comparison of the recipes and engines of two tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from radiomics_mammo.evaluation.cohort.parse_cells import format_list

_DEFINITION_OF = {"cpu": "radiomics_mammo", "cuda": "radiomics_mammo"}


class _Maker(NamedTuple):
    recipe: str
    engine: str
    settings: str
    table: str


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
            maker, other = makers[first], others[first]
            table = f" of {other.table}" if other.table else ""
            where = f", for {len(differing)} features{table} such as {first}" if first else ""
            settings = _settings_that_differ(maker.settings, other.settings) if what == "recipe" else ""
            record.append(settings + f"{what} {maker[field][:16]} against {other[field][:16]}{where}")
    return "; ".join(record)


def _makers(provenance: Mapping[str, Any]) -> dict[str, _Maker]:
    """Return recipe and engine of each feature; ``''`` stands for the table."""
    whole = _maker(provenance)
    makers_by_feature = dict.fromkeys(["", *provenance.get("features", ())], whole)
    for part in provenance.get("joined", ()):
        makers_by_feature |= dict.fromkeys(part["features"], _maker(part))
    return makers_by_feature


def _maker(record: Mapping[str, Any]) -> _Maker:
    recipe, settings, table = (str(record.get(name) or "") for name in ("recipe_hash", "recipe_text", "name"))
    return _Maker(recipe, engine_definition(str(record.get("engine") or "")), settings, table)


def _settings_that_differ(left: str, right: str) -> str:
    """Return the entries in which two recipes differ, each with both values."""
    import yaml

    first, second = (dict(_entries(yaml.safe_load(text))) for text in (left, right))
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)] if left and right else []
    absent = "not set"
    texts = [f"{name} {first.get(name, absent)} against {second.get(name, absent)}" for name in names]
    return f"{format_list(texts)}; " if texts else ""


def _entries(part: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings of a recipe, such as ``setting.binWidth``, with their values."""
    if isinstance(part, Mapping) and part:
        for key, value in part.items():
            yield from _entries(value, f"{name}.{key}" if name else str(key))
    else:
        yield name, part
