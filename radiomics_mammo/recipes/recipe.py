"""Recipes: which features, with which settings; our own YAML and pyradiomics' parameter files are one format."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import RecipeError
from radiomics_mammo.features import columns_of
from radiomics_mammo.features.parenchyma.lattice import LatticeSettings
from radiomics_mammo.imaging.filters import ORIGINAL
from radiomics_mammo.recipes.feature_selection import Chosen, choose_classes, family_features
from radiomics_mammo.recipes.findings import Findings
from radiomics_mammo.recipes.image_types import TYPES, ImageType, filter_options, image_types_from, plain_lists
from radiomics_mammo.recipes.lattice import lattice_body, lattice_from
from radiomics_mammo.recipes.parameter_file import read_parameter_file
from radiomics_mammo.recipes.settings_rules import (
    NO_FEATURE_MAPS,
    RULES,
    VOXEL_SETTINGS,
    WITHOUT_EFFECT,
    settings_from,
)
from radiomics_mammo.recipes.validation import mapping_of

SHAPE = "shape2D"
"""The family that filters do not change: it is measured once."""
VOXEL = "voxelSetting"
SECTIONS = ("imageType", "featureClass", "setting", "lattice")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The features, image types and settings of an extraction.

    Attributes
    ----------
    name : str
        The recipe's file name without its ending.
    settings : Settings
        Those of the original image.
    features : mapping of str to tuple of str
        Family to feature names; all of a family's where the tuple is empty.
    parenchyma : mapping of str to tuple of str
        The same of the features that only a whole breast has.
    lattice : LatticeSettings or None
        Windows across the breast; None for none.
    image_types : tuple of ImageType
        What is measured, in the order of the columns.
    notes : tuple of str
        What the file asks for and an image of one plane cannot have; no part of the recipe's identity.
    """

    name: str = "pyradiomics-default"
    settings: Settings = field(default_factory=Settings)
    features: Chosen = field(default_factory=lambda: dict.fromkeys(family_features(), ()))
    parenchyma: Chosen = field(default_factory=dict)
    lattice: LatticeSettings | None = None
    image_types: tuple[ImageType, ...] = (ImageType(),)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def text(self) -> str:
        """The recipe written out in full, in one fixed order: equal recipes have equal texts."""
        body: dict[str, Any] = {
            "imageType": {each.name: each.body(self.settings) for each in self.image_types},
            "featureClass": {k: list(v) for k, v in [*self.features.items(), *self.parenchyma.items()]},
            "setting": plain_lists(asdict(self.settings)),
        }
        if self.lattice is not None:  # recipes without one keep the hash that tables of earlier versions have
            body["lattice"] = lattice_body(self.lattice)
        return str(yaml.safe_dump(body, sort_keys=False))

    @property
    def of_breast(self) -> bool:
        """Whether it has parenchymal features or a lattice."""
        return bool(self.parenchyma) or self.lattice is not None

    @property
    def filtered(self) -> bool:
        """Whether it has other image types than the original one."""
        return [each.name for each in self.image_types] != [ORIGINAL]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of a region: shape, then every other family of each image type."""
        textures = {name: chosen for name, chosen in self.features.items() if name != SHAPE}
        shape = {name: chosen for name, chosen in self.features.items() if name == SHAPE}
        prefixes = [prefix for each in self.image_types for prefix in each.prefixes]
        return (*columns_of(shape), *(c for prefix in prefixes for c in columns_of(textures, image_type=prefix)))

    @property
    def hash(self) -> str:
        """SHA-256 of :attr:`text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def recipe_folder() -> Path:
    """Return the folder of the recipes: in the installed package, or beside it in a checkout."""
    inside = Path(__file__).parents[1] / "_features"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "features"


def recipe_names() -> list[str]:
    """List the names that ``load_recipe`` knows."""
    return sorted(p.stem for p in recipe_folder().glob("*.yaml"))


def load_recipe(name: str | Path) -> Recipe:
    """Read a recipe by name, or from a YAML or JSON file (a pyradiomics parameter file is one).

    Raises
    ------
    RecipeError
        No such recipe, not YAML, or keys or values that are not valid; the message lists all of them.

    Examples
    --------
    >>> from radiomics_mammo import load_recipe
    >>> recipe = load_recipe("lesion")
    >>> recipe.settings.distances
    (1,)
    """
    path = Path(name)
    if path.suffix.lower() not in (".yaml", ".yml", ".json") and not (len(path.parts) > 1 and path.is_file()):
        path = recipe_folder() / f"{name}.yaml"
        if not path.is_file():
            raise RecipeError(
                f"no recipe is called {str(name)!r}",
                remedy=f"Recipes: {', '.join(recipe_names())}; or give the path of a .yaml file.",
            )
    body, findings = read_parameter_file(path)
    return recipe_from({} if body is None else body, name=path.stem, findings=findings)


def recipe_from(body: object, *, name: str = "recipe", findings: Findings | None = None) -> Recipe:
    """Check a parameter file's content and build a :class:`Recipe`.

    Parameters
    ----------
    body : object
        The parsed YAML: a mapping with any of ``imageType``, ``featureClass``, ``setting``, ``lattice``; or, without
        a file, a mapping of settings alone, as pyradiomics takes them by keyword.
    name : str
    findings : Findings, optional
        The faults, notes and lines of the file so far.

    Raises
    ------
    RecipeError
        Unknown or unsupported keys, or values out of range; the message lists all of them.
    """
    from_file = findings is not None
    findings = findings or Findings()
    sections = _sections(body, findings, from_file=from_file)
    values = mapping_of(sections.get("setting"), what="setting", findings=findings, at=("setting",))
    shared = {key: values.pop(key) for key in filter_options() if key in values}
    settings = settings_from(values, findings=findings)
    types = mapping_of(sections.get(TYPES), what=TYPES, findings=findings, at=(TYPES,))
    image_types = image_types_from(types, settings=settings, shared=shared, findings=findings)
    settings = next((each.settings for each in image_types if each.name == ORIGINAL), settings)
    features, parenchyma = choose_classes(sections.get("featureClass"), findings)
    has_lattice = "lattice" in sections
    lattice = lattice_from(sections["lattice"], features=features, findings=findings) if has_lattice else None
    if parenchyma or has_lattice:
        _refuse_regridding(settings, findings)
        if [each.name for each in image_types] != [ORIGINAL]:
            findings.fault(
                "filtered images are measured on regions only, not on the lattice or the parenchyma of a breast",
                at=(TYPES,), remedy="Use two recipes.",
            )  # fmt: skip
    findings.check()
    return Recipe(name, settings, features, parenchyma, lattice, image_types, tuple(dict.fromkeys(findings.notes)))


def _sections(body: object, findings: Findings, *, from_file: bool) -> dict[str, Any]:
    sections = mapping_of(body, what="the recipe", findings=findings)
    settings = {*RULES, *WITHOUT_EFFECT, *filter_options()}
    if not from_file and sections and settings.issuperset(sections):
        return {"setting": sections}
    voxel = mapping_of(sections.pop(VOXEL, None), what=VOXEL, findings=findings, at=(VOXEL,))
    if voxel:
        findings.note(f"{VOXEL} is not used: {NO_FEATURE_MAPS}", at=(VOXEL,))
    for key in voxel:
        if key not in VOXEL_SETTINGS:
            findings.unknown(VOXEL, key, VOXEL_SETTINGS, at=(VOXEL, key))
    for key in sections:
        if key in settings:
            findings.fault(f"{key} stands outside of the section setting", at=(key,), remedy="Indent it under setting.")
        elif key not in SECTIONS:
            findings.unknown("section", key, SECTIONS, at=(key,))
    return sections


def _refuse_regridding(settings: Settings, findings: Findings) -> None:
    """Add a fault where windows and breast would not share one grid and one scale."""
    if settings.resampledPixelSpacing is not None:
        findings.fault(
            "resampledPixelSpacing works on one region at a time, so that windows and breast would lie on other grids",
            at=("setting", "resampledPixelSpacing"),
            remedy="Leave it out, and have the reader resample the breast: --pixel-mm.",
        )
    if settings.normalize:
        findings.fault(
            "normalize scales by the image that it is given, so that every window would get a scale of its own",
            at=("setting", "normalize"), remedy="Leave it out; binCount makes texture independent of scale.",
        )  # fmt: skip
    if settings.resegmentRange is not None:
        findings.fault(
            "resegmentRange selects pixels of a region, but parenchymal measures and windows use the whole breast",
            at=("setting", "resegmentRange"),
            remedy="Leave it out; the reader separates the breast from background, muscle and implant.",
        )
