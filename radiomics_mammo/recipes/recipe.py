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
from radiomics_mammo.recipes.feature_selection import (
    Chosen,
    check_classes,
    choose,
    family_features,
    parenchymal_features,
)
from radiomics_mammo.recipes.image_types import ImageType, filter_options, image_types_from, plain_lists
from radiomics_mammo.recipes.lattice import lattice_body, lattice_from
from radiomics_mammo.recipes.settings_rules import settings_from
from radiomics_mammo.recipes.validation import mapping_of

SHAPE = "shape2D"
"""The family that filters do not change: it is measured once."""
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
    """

    name: str = "pyradiomics-default"
    settings: Settings = field(default_factory=Settings)
    features: Chosen = field(default_factory=lambda: dict.fromkeys(family_features(), ()))
    parenchyma: Chosen = field(default_factory=dict)
    lattice: LatticeSettings | None = None
    image_types: tuple[ImageType, ...] = (ImageType(),)

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
    """Read a recipe by name, or from a YAML file (a pyradiomics parameter file is one).

    Raises
    ------
    RecipeError
        No such recipe, not YAML, or a key or value that is not valid; the message lists what is.

    Examples
    --------
    >>> from radiomics_mammo import load_recipe
    >>> recipe = load_recipe("lesion")
    >>> recipe.settings.distances
    (1,)
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml", ".json"):
        path = recipe_folder() / f"{name}.yaml"
        if not path.is_file():
            raise RecipeError(
                f"no recipe is called {str(name)!r}",
                remedy=f"Recipes: {', '.join(recipe_names())}; or give the path of a .yaml file.",
            )
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(
            f"the recipe cannot be read ({error.strerror})", path=path, remedy="Check the path."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"not valid YAML: {error}", path=path, remedy="Correct the file.") from error
    return recipe_from(body or {}, name=path.stem, path=path)


def recipe_from(body: object, *, name: str = "recipe", path: Path | None = None) -> Recipe:
    """Check a parameter file's content and build a :class:`Recipe`.

    Parameters
    ----------
    body : object
        The parsed YAML: a mapping with any of ``imageType``, ``featureClass``, ``setting``, ``lattice``.

    Raises
    ------
    RecipeError
        An unknown or unsupported key, or a value out of range.
    """
    sections = mapping_of(body, what="the recipe", path=path)
    for key in sections:
        if key == "voxelSetting" and not sections[key]:
            continue
        if key not in SECTIONS:
            extra = "; feature maps (voxel-based extraction) are not available" if key == "voxelSetting" else ""
            raise RecipeError(f"unknown section {key!r}{extra}", path=path, remedy=f"Sections: {', '.join(SECTIONS)}.")
    values = mapping_of(sections.get("setting"), what="setting", path=path)
    shared = {key: values.pop(key) for key in filter_options() if key in values}
    settings = settings_from(values, path=path)
    types = mapping_of(sections.get("imageType"), what="imageType", path=path)
    image_types = image_types_from(types, settings=settings, shared=shared, path=path)
    settings = next((each.settings for each in image_types if each.name == ORIGINAL), settings)
    features, parenchyma = _classes(sections.get("featureClass"), path)
    lattice = lattice_from(sections["lattice"], features=features, path=path) if "lattice" in sections else None
    if parenchyma or lattice is not None:
        _refuse_regridding(settings, path)
    recipe = Recipe(name, settings, features, parenchyma, lattice, image_types)
    if recipe.filtered and recipe.of_breast:
        raise RecipeError(
            "filtered images are measured on regions only, not on the lattice or the parenchyma of a breast",
            path=path, remedy="Use two recipes.",
        )  # fmt: skip
    return recipe


def _classes(value: object, path: Path | None) -> tuple[Chosen, Chosen]:
    """Return the features that every region has, and those of a whole breast."""
    families, breasts = family_features(), parenchymal_features()
    classes = mapping_of(value, what="featureClass", path=path)
    check_classes(classes, known=(*families, *breasts), path=path)
    chosen = classes or dict.fromkeys(families)
    return choose(chosen, known=families, path=path), choose(chosen, known=breasts, path=path)


def _refuse_regridding(settings: Settings, path: Path | None) -> None:
    """Raise where windows and breast would not share one grid and one scale."""
    if settings.resampledPixelSpacing is not None:
        raise RecipeError(
            "resampledPixelSpacing works on one region at a time, so that windows and breast would lie on other grids",
            path=path, remedy="Leave it out, and have the reader resample the breast: --pixel-mm.",
        )  # fmt: skip
    if settings.normalize:
        raise RecipeError(
            "normalize scales by the image that it is given, so that every window would get a scale of its own",
            path=path, remedy="Leave it out; binCount makes texture independent of scale.",
        )  # fmt: skip
    if settings.resegmentRange is not None:
        raise RecipeError(
            "resegmentRange selects pixels of a region, but parenchymal measures and windows use the whole breast",
            path=path, remedy="Leave it out; the reader separates the breast from background, muscle and implant.",
        )  # fmt: skip
