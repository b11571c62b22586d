"""Selection of features in a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from radiomics_mammo.errors import RecipeError

Chosen: TypeAlias = Mapping[str, tuple[str, ...]]
"""Class to feature names; all of a class's where the tuple is empty."""


def family_features() -> dict[str, tuple[str, ...]]:
    """Return the names of the features that every region has, by class, in the table's order."""
    from radiomics_mammo.features import FAMILIES

    return {name: tuple(f.name for f in family.features) for name, family in FAMILIES.items()}


def parenchymal_features() -> dict[str, tuple[str, ...]]:
    """Return the names of the features of a whole breast, by class, in the table's order."""
    from radiomics_mammo.features.parenchyma import PARENCHYMA

    return {name: tuple(m.name for m in family.measures) for name, family in PARENCHYMA.items()}


def check_classes(classes: Mapping[str, Any], *, known: Sequence[str], path: Path | None) -> None:
    """Check that all classes are known.

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
    """Return the selected features of the selected classes, in the order of the known ones.

    Parameters
    ----------
    classes : mapping of str to list of str or None
        From the recipe; unknown classes are ignored.
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


def union(first: Chosen, second: Chosen) -> Chosen:
    """Return every feature of either selection."""
    both: dict[str, tuple[str, ...]] = {}
    for name, names in family_features().items():
        if name in first or name in second:
            wanted = {f for chosen in (first, second) if name in chosen for f in chosen[name] or names}
            both[name] = () if wanted == set(names) else tuple(f for f in names if f in wanted)
    return both
