"""Selection of features in a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from radiomics_mammo.recipes.findings import Findings, Place, shown
from radiomics_mammo.recipes.validation import mapping_of, plain_value

Chosen: TypeAlias = Mapping[str, tuple[str, ...]]
"""Class to feature names; all of a class's where the tuple is empty."""
VOLUMETRIC = "shape"
REDUNDANT = {
    ("glcm", "Dissimilarity"): "it equals DifferenceAverage",
    ("glcm", "Homogeneity1"): "it equals Id",
    ("glcm", "Homogeneity2"): "it equals Idm",
    ("glcm", "SumVariance"): "it equals ClusterTendency",
    ("gldm", "GrayLevelNonUniformityNormalized"): "it equals Uniformity of firstorder",
    ("gldm", "DependencePercentage"): "it is always 1",
}
"""Features that pyradiomics names and does not compute any more."""


def family_features() -> dict[str, tuple[str, ...]]:
    """Return the names of the features that every region has, by class, in the table's order."""
    from radiomics_mammo.features import FAMILIES

    return {name: tuple(f.name for f in family.features) for name, family in FAMILIES.items()}


def parenchymal_features() -> dict[str, tuple[str, ...]]:
    """Return the names of the features of a whole breast, by class, in the table's order."""
    from radiomics_mammo.features.parenchyma import PARENCHYMA

    return {name: tuple(m.name for m in family.measures) for name, family in PARENCHYMA.items()}


def optional_features() -> dict[str, tuple[str, ...]]:
    """Return the names of the features that are measured only where a recipe names them, by class."""
    from radiomics_mammo.features import FAMILIES

    return {name: tuple(f.name for f in family.optional) for name, family in FAMILIES.items()}


def choose(
    classes: Mapping[str, Any], *, known: Mapping[str, tuple[str, ...]], findings: Findings, at: Place
) -> Chosen:
    """Return the selected features of the selected classes, in the order of the known ones.

    Parameters
    ----------
    classes : mapping of str to list of str or None
        From the recipe; unknown classes are ignored.
    known : mapping of str to tuple of str
    findings : Findings
        Gets features that are no list, and features that the class does not have.
    at : Place
        Where the classes stand.
    """
    chosen: dict[str, tuple[str, ...]] = {}
    for name, names in known.items():  # one order for all recipes
        if name not in classes:
            continue
        place = (*at, name)
        every = (*names, *optional_features().get(name, ()))
        wanted = plain_value(classes[name])
        wanted = () if wanted is None or wanted == {} else wanted
        if not isinstance(wanted, tuple) or not all(isinstance(each, str) for each in wanted):
            findings.fault(
                f"features of {name} are {shown(wanted)}, not a list of names",
                at=place, remedy=f"Write [] for all of them, or any of {', '.join(every)}.",
            )  # fmt: skip
            continue
        measured = [each for each in wanted if _is_measured(each, name, every, findings, place)]
        if measured or not wanted:
            chosen[name] = () if set(measured) == set(names) else tuple(f for f in every if f in measured)
    return chosen


def _is_measured(feature: str, name: str, known: tuple[str, ...], findings: Findings, at: Place) -> bool:
    if (name, feature) in REDUNDANT:
        findings.note(f"{name} {feature} is left out, as in pyradiomics: {REDUNDANT[name, feature]}", at=at)
    elif feature not in known:
        findings.unknown(f"feature of {name}", feature, known, at=at)
    return feature in known


def choose_classes(value: object, findings: Findings) -> tuple[Chosen, Chosen]:
    """Read ``featureClass``: the features that every region has, and those that only a whole breast has.

    Parameters
    ----------
    value : object
        The section; nothing means all features of a region.
    findings : Findings
        Gets unknown classes and features; a class of three dimensions is noted.
    """
    at = ("featureClass",)
    families, breasts = family_features(), parenchymal_features()
    classes = mapping_of(value, what="featureClass", findings=findings, at=at) or dict.fromkeys(families)
    for name in classes:
        if name == VOLUMETRIC:
            findings.note(
                "the class shape is left out, as in pyradiomics on an image of one plane: it is 3-D; shape2D has the "
                "shape in the plane", at=(*at, name),
            )  # fmt: skip
        elif name not in families and name not in breasts:
            findings.unknown("feature class", name, (*families, *breasts), at=(*at, name))
    if set(classes) == {VOLUMETRIC}:
        findings.fault("it names no features but those of 3-D shape", at=(*at, VOLUMETRIC), remedy="Name shape2D.")
    regional = choose(classes, known=families, findings=findings, at=at)
    return regional, choose(classes, known=breasts, findings=findings, at=at)


def union(first: Chosen, second: Chosen) -> Chosen:
    """Return every feature of either selection."""
    both: dict[str, tuple[str, ...]] = {}
    for name, names in family_features().items():
        if name in first or name in second:
            wanted = {f for chosen in (first, second) if name in chosen for f in chosen[name] or names}
            every = (*names, *optional_features()[name])
            both[name] = () if wanted == set(names) else tuple(f for f in every if f in wanted)
    return both
