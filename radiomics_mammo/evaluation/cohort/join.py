"""Join of several tables of the same cases."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.column_roles import can_be_feature
from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts, format_list, parse_numbers, text
from radiomics_mammo.tables.feature_table import N_IDS, RESERVED, Table, read_table

# How a case was read: another rendition of the image may have other values, and the first table's are used.
_AS_READ = frozenset(RESERVED[N_IDS:]) - {"phantom"}
_SAME = 1e-9  # numbers that went through a CSV differ in the last digits


def read_joined(paths: Sequence[str | Path], *, used: Sequence[str] | None = None) -> Table:
    """Read feature tables and join them on ``case_id``.

    Parameters
    ----------
    paths : sequence of path
        The first is the base, and its cases and their order count. Further tables add feature columns,
        identity columns, or (a clinical CSV) identity columns only.
    used : sequence of str, optional
        Columns, or patterns of columns, that are used although they are no features (the label, the group, what
        --also-feature names); with it, ``remarks`` count the other numeric columns of further tables.

    Returns
    -------
    Table
        ``provenance`` is the base's, with ``joined``: name, sha256, features, recipe hash and engine of each
        further table. ``remarks`` count the cases that were left out.

    Raises
    ------
    InputError
        A table cannot be read or has no, empty or repeated ``case_id``; two have a feature in common, differ in
        an identity column, or share no case.
    """
    if not paths:
        raise InputError("no table was named", remedy="Name at least one feature table.")
    first, *others = [Path(path) for path in paths]
    table = read_table(first)
    if not others:
        return table
    table = Table(_keyed(table.frame, first), table.features, dict(table.provenance))
    for path in others:
        other = read_table(path, features_needed=False)
        further = Table(_keyed(other.frame, path), other.features, other.provenance)
        joined = _join(table, further, base=first, path=path)
        unused = [] if used is None else _not_used(further, table, used, path)
        table = replace(joined, remarks=(*joined.remarks, *unused))
    return table


def _keyed(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the table with ``case_id`` as text, or raise an error."""
    if "case_id" not in frame.columns:
        raise InputError(
            f"no column case_id to join on (columns: {format_list(list(frame.columns), most=12)})",
            path=path,
            remedy="Add one that holds the names of the cases as the first table has them.",
        )
    names = pd.Series(cell_texts(frame["case_id"]), index=frame.index)
    if (names == "").any():
        raise InputError(f"case_id is empty in {int((names == '').sum())} rows", path=path, remedy="Fill it in.")
    twice = names[names.duplicated()].unique().tolist()
    if twice:
        raise InputError(
            f"case_id is not unique: {format_list(twice)}",
            path=path,
            remedy="Tables are joined case by case: keep one row of each.",
        )
    return frame.assign(case_id=names)


def _join(table: Table, further: Table, *, base: Path, path: Path) -> Table:
    _refuse_same_features(table, further, base=base, path=path)
    position = pd.Index(further.frame["case_id"]).get_indexer(pd.Index(table.frame["case_id"]))
    matched = position >= 0
    if not matched.any():
        ids_base, ids_further = (format_list(each.frame["case_id"].tolist(), most=2) for each in (table, further))
        raise InputError(
            f"no case in common with {base} (here {ids_further}; there {ids_base})",
            path=path,
            remedy="Write case_id the same way in both.",
        )
    left = table.frame if matched.all() else table.frame.loc[matched].reset_index(drop=True)
    right = further.frame.iloc[position[matched]].reset_index(drop=True)
    shared = [name for name in right.columns if name in left.columns and name != "case_id"]
    _refuse_disagreement(left, right, shared, base=base, path=path)
    left = left.assign(**{name: left[name].where(left[name].notna(), right[name]) for name in _gaps(left, shared)})
    new = [name for name in right.columns if name not in left.columns]
    return Table(
        pd.concat([left, right[new]], axis=1),
        (*table.features, *further.features),
        _provenance(table, further, path),
        (*table.remarks, *_left_out(matched, len(further.frame), path), *_read_otherwise(left, right, shared, path)),
    )


def _refuse_same_features(table: Table, further: Table, *, base: Path, path: Path) -> None:
    ids_base, ids_further = set(table.features), set(further.features)
    both = [
        name
        for name in further.frame.columns
        if name in ids_base or (name in ids_further and name in table.frame.columns)
    ]
    if not both:
        return
    recipes = [str(each.provenance.get("recipe_hash") or "")[:12] for each in (table, further)]
    recipe_note = f", made with another recipe ({recipes[1]}, there {recipes[0]})" if len({*recipes} - {""}) > 1 else ""
    raise InputError(
        f"{len(both)} feature columns are in {base} as well{recipe_note}: {format_list(both)}",
        path=path,
        remedy="Name one table for each set of features, or take these columns out of one of them.",
    )


def embeddings_in(provenance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the embeddings in a table's provenance, one entry an embedder."""
    parts = [provenance, *provenance.get("joined", ())]
    return [dict(each) for part in parts if (each := part.get("embedding"))]


def _gaps(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in _AS_READ and frame[name].isna().any()]


def _differing(first: pd.Series, other: pd.Series) -> NDArray[np.bool_]:
    """Find the rows whose cells contradict each other; a null contradicts nothing."""
    known = np.asarray(first.notna() & other.notna())
    a, b = parse_numbers(first), parse_numbers(other)
    if a is not None and b is not None:
        return np.asarray(known & ~np.isclose(a, b, rtol=_SAME, atol=0.0, equal_nan=True))  # empty text is no number
    unequal = [text(x) != text(y) for x, y in zip(first.tolist(), other.tolist(), strict=True)]
    return known & np.array(unequal, dtype=np.bool_)


def _refuse_disagreement(
    left: pd.DataFrame, right: pd.DataFrame, shared: Sequence[str], *, base: Path, path: Path
) -> None:
    for name in [name for name in shared if name not in _AS_READ]:
        bad = np.flatnonzero(_differing(left[name], right[name]))
        if bad.size:
            cases, ours, theirs = (each.iloc[bad].map(text) for each in (left["case_id"], right[name], left[name]))
            examples = [f"{c} ({h!r}, there {t!r})" for c, h, t in zip(cases, ours, theirs, strict=True)]
            raise InputError(
                f"column {name!r} contradicts {base} in {bad.size} cases: {format_list(examples)}",
                path=path,
                remedy="Find out which is right; correct the other or take its column out.",
            )


def _provenance(table: Table, further: Table, path: Path) -> dict[str, Any]:
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    part = {
        "name": path.name,
        "sha256": digest,
        "features": list(further.features),
        "recipe_hash": str(further.provenance.get("recipe_hash") or ""),
        "engine": str(further.provenance.get("engine") or ""),
        "embedding": further.provenance.get("embedding"),
        "recipe_name": str(further.provenance.get("recipe_name") or ""),
        "recipe_text": str(further.provenance.get("recipe_text") or ""),
        "reader": further.provenance.get("reader"),
        "collection": further.provenance.get("collection"),
    }
    provenance = {**table.provenance, "joined": [*table.provenance.get("joined", ()), part]}
    if further.provenance.get("phantom"):
        provenance["phantom"] = True  # simulated in part is not real
    return provenance


def _left_out(matched: NDArray[np.bool_], n_further: int, path: Path) -> list[str]:
    missing, more = int((~matched).sum()), n_further - int(matched.sum())
    return [
        *([f"{missing} of {matched.size} cases are not in {path.name} and were left out."] if missing else []),
        *([f"{more} cases are in {path.name} only and were not used."] if more else []),
    ]


def _not_used(further: Table, table: Table, used: Sequence[str], path: Path) -> list[str]:
    """Return a remark on numeric columns that are not used as features."""
    no_feature = {*table.frame.columns, *further.features}
    unused = [
        name
        for name in further.frame.columns
        if name not in no_feature
        and can_be_feature(name)
        and not any(name == each or fnmatchcase(name, each) for each in used)
        and parse_numbers(further.frame[name]) is not None
    ]
    if not unused:
        return []
    return [
        f"{len(unused)} numeric columns of {path.name} are not used as features ({format_list(unused)}): let them "
        f"in by "
        f"name or "
        f"pattern, for example --also-feature {unused[0]!r}."
    ]


def _read_otherwise(left: pd.DataFrame, right: pd.DataFrame, shared: Sequence[str], path: Path) -> list[str]:
    names = [name for name in shared if name in _AS_READ and _differing(left[name], right[name]).any()]
    return [
        f"{path.name} read the cases differently ({', '.join(names)}); the values of the first table are used."
    ] * bool(names)
