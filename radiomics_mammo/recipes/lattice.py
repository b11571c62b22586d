"""The section ``lattice`` of a recipe: windows across a whole breast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from radiomics_mammo.features.parenchyma.lattice import LEAST_SIDE, SHAPE, LatticeSettings
from radiomics_mammo.features.parenchyma.window_statistics import quantile_prefix
from radiomics_mammo.recipes.feature_selection import Chosen, choose, family_features
from radiomics_mammo.recipes.findings import Findings
from radiomics_mammo.recipes.validation import FLAG, POSITIVE, Rule, checked, is_number, mapping_of

_AT = ("lattice",)


def _are_quantiles(value: object) -> bool:
    if not isinstance(value, tuple) or not all(is_number(v, 0.001) and v <= 0.999 for v in value):
        return False
    return len({quantile_prefix(v) for v in value}) == len(value)


def _is_count_or_proportion(value: Any) -> bool:
    return is_number(value, 0, strict=True, whole=True) or (is_number(value, 0, strict=True) and value < 1)


LATTICE_RULES: dict[str, Rule] = {
    "windowMm": POSITIVE,
    "windowPx": (
        lambda v: is_number(v, LEAST_SIDE, whole=True),
        f"a whole number, {LEAST_SIDE} or more",
    ),
    "step": (lambda v: is_number(v, 0.05) and v <= 10, "a number from 0.05 to 10"),
    "coverage": (lambda v: is_number(v, 0, strict=True) and v <= 1, "a number above 0, 1 at most"),
    "quantiles": (_are_quantiles, "a list of numbers from 0.001 to 0.999 that differ in their first six digits"),
    "outlyingWindows": (
        _is_count_or_proportion,
        "a number of windows above 0, or a proportion of them between 0 and 1",
    ),
    "retroareolar": FLAG,
}


def lattice_from(value: object, *, features: Chosen, findings: Findings) -> LatticeSettings:
    """Check the section and return its settings.

    Parameters
    ----------
    value : object
        The parsed YAML: a mapping, or nothing for the defaults.
    features : mapping of str to tuple of str
        The recipe's features: also those of windows, without shape, where the section names none.
    findings : Findings
        Gets unknown keys, values out of range, and a lattice without features.
    """
    given = mapping_of(value, what="lattice", findings=findings, at=_AT)
    rules: dict[str, Rule] = {**LATTICE_RULES, "featureClass": (lambda _: True, "checked below")}
    new = checked(given, rules, what="lattice setting", findings=findings, at=_AT)
    classes = new.pop("featureClass", None)
    return _canonical(LatticeSettings(**new, featureClass=_window_features(classes, features, findings)))


def lattice_body(settings: LatticeSettings) -> dict[str, Any]:
    """Return the section written out in full."""
    body = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(settings).items()}
    return {**body, "featureClass": {k: list(v) for k, v in settings.featureClass.items()}}


def _window_features(value: object, features: Chosen, findings: Findings) -> Chosen:
    at = (*_AT, "featureClass")
    classes: Mapping[str, Any] = mapping_of(value, what="lattice featureClass", findings=findings, at=at)
    known = {name: names for name, names in family_features().items() if name != SHAPE}
    for name in classes:
        if name == SHAPE:
            findings.fault(
                f"the lattice cannot have {SHAPE}: all windows are squares",
                at=(*at, name), remedy=f"Leave it out; classes of a lattice: {', '.join(known)}.",
            )  # fmt: skip
        elif name not in known:
            findings.unknown("feature class", name, known, at=(*at, name))
    chosen = choose(classes or features, known=known, findings=findings, at=at)
    if not chosen:
        findings.fault(
            "the lattice has no features: the recipe names no texture and no intensity class",
            at=at, remedy=f"Name some under lattice, featureClass: {', '.join(known)}.",
        )  # fmt: skip
    return chosen


def _canonical(settings: LatticeSettings) -> LatticeSettings:
    return replace(
        settings,
        windowMm=float(settings.windowMm),
        step=float(settings.step),
        coverage=float(settings.coverage),
        quantiles=tuple(sorted(float(q) for q in settings.quantiles)),
    )
