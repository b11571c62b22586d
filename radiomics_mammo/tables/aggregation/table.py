"""Aggregate a table of images to one of breasts or of patients."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.aggregation import metadata_rules
from radiomics_mammo.tables.aggregation.feature_rules import RULES, STATED, USUAL, applies, named
from radiomics_mammo.tables.aggregation.grouping import BREAST, LEVELS, SIDES, Floats, Nest
from radiomics_mammo.tables.aggregation.keys import nest_of, unit_names
from radiomics_mammo.tables.aggregation.metadata_rules import identity_of_units
from radiomics_mammo.tables.feature_table import Table, embedder_of

COLUMNS_AT_ONCE = 64
"""Bounds the memory of intermediate arrays."""


def aggregate_table(table: Table, *, level: str, rules: Sequence[str] | None = None) -> Table:
    """Aggregate a table of images to one row for each breast or patient.

    Parameters
    ----------
    table : Table
        One row an image, with ``patient_id``, ``laterality`` and ``view``; features may be none.
    level : {'breast', 'patient'}
    rules : sequence of str, optional
        Names of :data:`~radiomics_mammo.tables.aggregation.feature_rules.RULES`; the features of each come after the
        other's. By default those of :data:`~radiomics_mammo.tables.aggregation.feature_rules.USUAL`.

    Returns
    -------
    Table
        ``case_id`` is the unit's name (see :func:`~radiomics_mammo.tables.aggregation.keys.unit_names`). Units stand in
        the order in which they first come. ``provenance`` says ``aggregated``: level and rules. ``remarks`` count the
        units whose images disagree in a column.

    Raises
    ------
    InputError
        Unknown level or rule, no row, a missing or empty key, an infinite feature, or text where a rule needs numbers.
    """
    rules = _checked(level, rules)
    if table.frame.empty:
        raise InputError("the table holds no rows", remedy="Extract the images first, or check what was selected.")
    nest = nest_of(table.frame)
    known = set(table.features)
    others = table.frame[[name for name in table.frame.columns if name not in known]]
    described, remarks = identity_of_units(others, nest.unit_of_rows(level), level=level)
    described.insert(0, "case_id", unit_names(table.frame, nest, level))
    if level == BREAST:
        described["laterality"] = [SIDES[side] for side in nest.breast_side]
    blocks, features = [described], []
    for rule in rules:
        names = [name for name in table.features if applies(rule, name)]
        columns = [named(name, rule) for name in names]
        blocks.append(pd.DataFrame(_reduced(table, names, rule, nest, level), columns=columns, copy=False))
        features += columns
    return Table(
        pd.concat(blocks, axis=1),
        tuple(features),
        _provenance(table.provenance, features, level, rules),
        (*table.remarks, *remarks),
    )


def _checked(level: str, rules: Sequence[str] | None) -> Sequence[str]:
    if level not in LEVELS:
        raise InputError(f"--to {level!r} is unknown", remedy=f"Choose one of {', '.join(LEVELS)}.")
    if rules is None:
        return USUAL[level]
    valid = [rule for rule in RULES if level == BREAST or rule != "difference"]
    if not rules or not set(rules) <= set(valid) or len(set(rules)) < len(rules):
        raise InputError(
            f"--rules {','.join(rules)!r} cannot be followed", remedy=f"Name each once, of {', '.join(valid)}."
        )
    return rules


def _reduced(table: Table, names: Sequence[str], rule: str, nest: Nest, level: str) -> Floats:
    values = np.empty((nest.units(level).starts.size, len(names)), order="F")
    for start in range(0, len(names), COLUMNS_AT_ONCE):
        block = list(names[start : start + COLUMNS_AT_ONCE])
        inputs = table.frame[block].to_numpy(np.float64)
        if np.isinf(inputs).any():
            bad = block[int(np.flatnonzero(np.isinf(inputs).any(axis=0))[0])]
            raise InputError(f"{bad} is infinite in a row", remedy="Leave the cell empty where a feature is undefined.")
        values[:, start : start + len(block)] = RULES[rule](inputs, nest, level)
    return values


def _provenance(images: Mapping[str, Any], features: Sequence[str], level: str, rules: Sequence[str]) -> dict[str, Any]:
    aggregated = {"to": level, "rules": {rule: STATED[rule] for rule in rules}, "columns": dict(metadata_rules.STATED)}
    unchanged = {key: value for key, value in images.items() if key not in ("joined", "identity", "embedding")}
    parts = [
        *images.get("joined", ()),
        *([{"embedding": images["embedding"]}] if images.get("embedding") else []),
    ]
    joined = [
        {**part, **_renamed(part, level, rules), **network} for part in parts for network in _networks(part, rules)
    ]
    more = {"joined": joined} if joined else {}
    return {
        **unchanged,
        **_renamed(images, level, rules),
        **more,
        "features": list(features),
        "aggregated": aggregated,
    }


def _networks(part: Mapping[str, Any], rules: Sequence[str]) -> list[dict[str, Any]]:
    """Return a network's column prefix under each rule: compare treats each as an embedder of its own."""
    network = part.get("embedding")
    if not network:
        return [{}]
    columns = [(rule, f"{network['prefix']}_E0000") for rule in rules]
    return [
        {"embedding": {**network, "prefix": embedder_of(named(name, rule))}}
        for rule, name in columns
        if applies(rule, name)
    ]


def _renamed(part: Mapping[str, Any], level: str, rules: Sequence[str]) -> dict[str, Any]:
    """Return a part's new feature names, and a new hash of its recipe: a mean is another definition."""
    names = list(part.get("features", ()))
    renamed: dict[str, Any] = {
        "features": [named(name, rule) for rule in rules for name in names if applies(rule, name)]
    }
    if part.get("recipe_hash"):
        renamed["recipe_hash"] = hashlib.sha256(f"{part['recipe_hash']} to {level}".encode()).hexdigest()
    return renamed
