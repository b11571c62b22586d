"""A recipe's section ``lattice``: windows across a whole breast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from radiomics_mammo.errors import RecipeError
from radiomics_mammo.features.parenchyma.lattice import LEAST_SIDE, SHAPE, LatticeSettings
from radiomics_mammo.features.parenchyma.window_statistics import quantile_prefix
from radiomics_mammo.recipes.feature_selection import Chosen, check_classes, choose, family_features
from radiomics_mammo.recipes.validation import FLAG, POSITIVE, Rule, is_number, mapping_of


def _shares(value: object) -> bool:
    if not isinstance(value, tuple) or not all(is_number(v, 0.001) and v <= 0.999 for v in value):
        return False
    return len({quantile_prefix(v) for v in value}) == len(value)


def _count_or_share(value: Any) -> bool:
    return is_number(value, 0, strict=True, whole=True) or (is_number(value, 0, strict=True) and value < 1)


LATTICE_RULES: dict[str, Rule] = {
    "windowMm": POSITIVE,
    "windowPx": (
        lambda v: is_number(v, LEAST_SIDE, whole=True),
        f"a whole number, {LEAST_SIDE} or more",
    ),
    "step": (lambda v: is_number(v, 0.05) and v <= 10, "a number from 0.05 to 10"),
    "coverage": (lambda v: is_number(v, 0, strict=True) and v <= 1, "a number above 0, 1 at most"),
    "quantiles": (_shares, "a list of numbers from 0.001 to 0.999 that differ in their first six digits"),
    "outlyingWindows": (_count_or_share, "a whole number of windows above 0, or a share of them between 0 and 1"),
    "retroareolar": FLAG,
}


def lattice_from(value: object, *, features: Chosen, path: Path | None = None) -> LatticeSettings:
    """Check the section and make settings of it.

    Parameters
    ----------
    value : object
        What YAML gave: a mapping, or nothing for the defaults.
    features : mapping of str to tuple of str
        The recipe's own features; windows are measured by these, without shape, where the section names none.
    path : pathlib.Path, optional
        The recipe, for messages.

    Raises
    ------
    RecipeError
        An unknown key, a value out of range, or no features.
    """
    given = mapping_of(value, what="lattice", path=path)
    known = [f.name for f in fields(LatticeSettings)]
    clean: dict[str, Any] = {}
    for key, item in given.items():
        if key not in known:
            raise RecipeError(f"unknown lattice setting {key!r}", path=path, remedy=f"Settings: {', '.join(known)}.")
        if key == "featureClass":
            continue
        entry = tuple(item) if isinstance(item, list) else item
        if not LATTICE_RULES[key][0](entry):
            raise RecipeError(
                f"lattice {key} is {item!r}, but must be {LATTICE_RULES[key][1]}", path=path, remedy="Correct it."
            )
        clean[key] = entry
    clean["featureClass"] = _window_features(given.get("featureClass"), features, path)
    return _one_spelling(replace(LatticeSettings(), **clean))


def lattice_body(settings: LatticeSettings) -> dict[str, Any]:
    """The section written out in full."""
    body = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(settings).items()}
    return {**body, "featureClass": {k: list(v) for k, v in settings.featureClass.items()}}


def _window_features(value: object, features: Chosen, path: Path | None) -> Chosen:
    classes: Mapping[str, Any] = mapping_of(value, what="lattice featureClass", path=path)
    known = {name: names for name, names in family_features().items() if name != SHAPE}
    if SHAPE in classes:
        raise RecipeError(
            f"the lattice cannot have {SHAPE}: windows are squares, and their shape says nothing",
            path=path, remedy=f"Leave it out; classes of a lattice: {', '.join(known)}.",
        )  # fmt: skip
    check_classes(classes, known=tuple(known), path=path)
    chosen = choose(classes or features, known=known, path=path)
    if not chosen:
        raise RecipeError(
            "the lattice has no features: the recipe names no texture and no intensity class",
            path=path, remedy=f"Name some under lattice, featureClass: {', '.join(known)}.",
        )  # fmt: skip
    return chosen


def _one_spelling(settings: LatticeSettings) -> LatticeSettings:
    return replace(
        settings,
        windowMm=float(settings.windowMm),
        step=float(settings.step),
        coverage=float(settings.coverage),
        quantiles=tuple(sorted(float(q) for q in settings.quantiles)),
    )
