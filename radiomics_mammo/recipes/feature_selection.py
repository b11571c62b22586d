"""Which features of which classes a recipe asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from radiomics_mammo.errors import RecipeError

Chosen: TypeAlias = Mapping[str, tuple[str, ...]]
"""Class to feature names; all of a class's where the tuple is empty."""


def family_features() -> dict[str, tuple[str, ...]]:
    """Names of the features that every region has, by class, in the table's order."""
    from radiomics_mammo.features import FAMILIES

    return {name: tuple(f.name for f in family.features) for name, family in FAMILIES.items()}


def parenchymal_features() -> dict[str, tuple[str, ...]]:
    """Names of the features of a whole breast, by class, in the table's order."""
    from radiomics_mammo.features.parenchyma import PARENCHYMA

    return {name: tuple(m.name for m in family.measures) for name, family in PARENCHYMA.items()}


def check_classes(classes: Mapping[str, Any], *, known: Sequence[str], path: Path | None) -> None:
    """Let only known classes pass.

    Raises
    ------
    RecipeError
        A class is not among the known ones, which the message lists.
    """
    if "shape" in classes:
        raise RecipeError(
            "feature class 'shape' is 3-D, and a mammogram is not", path=path, remedy="Name shape2D instead."
        )
    for name in classes:
        if name not in known:
            raise RecipeError(f"unknown feature class {name!r}", path=path, remedy=f"Classes: {', '.join(known)}.")


def choose(classes: Mapping[str, Any], *, known: Mapping[str, tuple[str, ...]], path: Path | None) -> Chosen:
    """Pick the named features of the known classes that are named, in the order of the known ones.

    Parameters
    ----------
    classes : mapping of str to list of str or None
        As the recipe has them; classes that are not known are passed over.
    known : mapping of str to tuple of str
    path : pathlib.Path or None
        The recipe, for messages.

    Raises
    ------
    RecipeError
        Features that are no list, or a feature that the class does not have.
    """
    chosen: dict[str, tuple[str, ...]] = {}
    for name, names in known.items():  # one order for all recipes
        if name not in classes:
            continue
        wanted = classes[name] or []
        if not isinstance(wanted, (list, tuple)):
            raise RecipeError(
                f"features of {name} are {wanted!r}, not a list",
                path=path, remedy=f"Write [] for all of them, or any of {', '.join(names)}.",
            )  # fmt: skip
        for feature in wanted:
            if feature not in names:
                raise RecipeError(
                    f"{name} has no feature {feature!r}",
                    path=path,
                    remedy=f"Its features: {', '.join(names)}.",
                )
        chosen[name] = () if set(wanted) == set(names) else tuple(f for f in names if f in wanted)
    return chosen


def union(one: Chosen, other: Chosen) -> Chosen:
    """Every feature that either asks for."""
    known = family_features()
    both: dict[str, tuple[str, ...]] = {}
    for name, names in known.items():
        if name in one or name in other:
            asked = {f for chosen in (one, other) if name in chosen for f in chosen[name] or names}
            both[name] = () if asked == set(names) else tuple(f for f in names if f in asked)
    return both
