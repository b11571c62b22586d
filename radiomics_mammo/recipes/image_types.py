"""The image types of a recipe: the original image and filtered ones, each with settings of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import RecipeError
from radiomics_mammo.imaging.filters import FILTERS, ORIGINAL
from radiomics_mammo.recipes.settings_rules import settings_from
from radiomics_mammo.recipes.validation import mapping_of

PER_IMAGE_TYPE = (
    "binWidth", "binCount", "distances", "weightingNorm", "symmetricalGLCM", "gldm_a", "voxelArrayShift",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImageType:
    """One entry of ``imageType``.

    Attributes
    ----------
    name : str
        ``Original`` or a key of ``FILTERS``.
    settings : Settings
        Those of the recipe, with what the entry sets for itself.
    options : object
        The filter's settings; None for the original image.
    """

    name: str = ORIGINAL
    settings: Settings = field(default_factory=Settings)
    options: Any = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The beginnings of its columns."""
        return ("original",) if self.name == ORIGINAL else FILTERS[self.name].image_types(self.options)

    def body(self, settings: Settings) -> dict[str, Any]:
        """Return the entry written out: the filter's settings, and those that differ from the recipe's settings."""
        different = {k: v for k in PER_IMAGE_TYPE if (v := getattr(self.settings, k)) != getattr(settings, k)}
        return plain_lists({**({} if self.options is None else asdict(self.options)), **different})


def plain_lists(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with lists for tuples, as YAML and pyradiomics have them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}


def filter_options() -> dict[str, str]:
    """Return the settings that belong to filters, each with the filter's name."""
    return {each.name: name for name, known in FILTERS.items() for each in fields(known.options)}


def image_types_from(
    types: Mapping[str, Any], *, settings: Settings, shared: Mapping[str, Any], path: Path | None
) -> tuple[ImageType, ...]:
    """Check ``imageType`` and return its entries in their order; the original image alone where there is none.

    Parameters
    ----------
    types : mapping
        Name to settings of that image type alone.
    settings : Settings
        Those of all image types.
    shared : mapping
        Settings of filters that stand in ``setting``: they hold for a filter that does not set them itself.
    path : pathlib.Path or None
        The recipe, for messages.

    Raises
    ------
    RecipeError
        Image types that are not available (all are named), or a setting that is not valid.
    """
    missing = [name for name in types if name != ORIGINAL and name not in FILTERS]
    if missing:
        raise RecipeError(
            f"image types that are not available: {', '.join(missing)}",
            path=path,
            remedy=f"Remove them; there are {', '.join([ORIGINAL, *FILTERS])}.",
        )
    unused = [key for key in shared if filter_options()[key] not in types]
    if unused:
        raise RecipeError(
            f"settings of filters that the recipe does not name: {', '.join(unused)}",
            path=path,
            remedy=f"Remove them, or add imageType {filter_options()[unused[0]]}.",
        )
    entries = types or {ORIGINAL: None}
    return tuple(
        _image_type(name, entry, settings=settings, shared=shared, path=path) for name, entry in entries.items()
    )


def _image_type(
    name: str, entry: object, *, settings: Settings, shared: Mapping[str, Any], path: Path | None
) -> ImageType:
    body = mapping_of(entry, what=f"imageType {name}", path=path)
    of_filter = {key for key, owner in filter_options().items() if owner == name}
    overrides = {key: value for key, value in body.items() if key not in of_filter}
    for key in overrides:
        if key not in PER_IMAGE_TYPE:
            raise RecipeError(
                f"setting {key!r} cannot be set for one image type",
                path=path, remedy=f"These can: {', '.join([*sorted(of_filter), *PER_IMAGE_TYPE])}.",
            )  # fmt: skip
    chosen = settings_from(overrides, base=settings, path=path)
    if name == ORIGINAL:
        return ImageType(name, chosen)
    options = {key: body.get(key, shared.get(key)) for key in sorted(of_filter) if key in body or key in shared}
    try:
        parsed = FILTERS[name].options(**{k: tuple(v) if isinstance(v, list) else v for k, v in options.items()})
    except ValueError as error:
        raise RecipeError(f"imageType {name}: {error}", path=path, remedy="Correct it.") from error
    return ImageType(name, chosen, parsed)
