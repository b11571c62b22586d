"""The image types of a recipe: the original image and filtered ones, each with settings of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.imaging.filters import FILTERS, ORIGINAL
from radiomics_mammo.recipes.findings import Findings, Place, shown
from radiomics_mammo.recipes.settings_rules import FILTER_SETTINGS, RULES, settings_from
from radiomics_mammo.recipes.validation import mapping_of, plain_value

TYPES = "imageType"
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
    """Return the settings that belong to filters, each with the filter's name, whether it is available or not."""
    available = {each.name: name for name, known in FILTERS.items() for each in fields(known.options)}
    return {**FILTER_SETTINGS, **available}


def image_types_from(
    types: Mapping[str, Any], *, settings: Settings, shared: Mapping[str, Any], findings: Findings
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
    findings : Findings
        Gets image types that are not available (all in one), and settings that are not valid.
    """
    missing = [name for name in types if name != ORIGINAL and name not in FILTERS]
    if missing:
        first, *rest = missing
        lines = [f"{name} (line {line})" if (line := findings.line((TYPES, name))) else name for name in rest]
        findings.fault(
            f"image types that are not available: {', '.join([first, *lines])}",
            at=(TYPES, first), remedy=f"Remove them; there are {', '.join([ORIGINAL, *FILTERS])}.",
        )  # fmt: skip
    for key in shared:
        owner = filter_options()[key]
        if owner not in types:
            findings.note(f"{key} is not used: no imageType {owner} is named", at=("setting", key))
    parsed = [
        _image_type(name, entry, settings=settings, shared=shared, findings=findings)
        for name, entry in (types or {ORIGINAL: None}).items()
        if name not in missing
    ]
    if types and not any(parsed) and not missing:
        findings.fault("imageType gives no image", at=(TYPES,), remedy=f"Name {ORIGINAL}, or settings of the filter.")
    return tuple(each for each in parsed if each is not None)


def _image_type(
    name: str, entry: object, *, settings: Settings, shared: Mapping[str, Any], findings: Findings
) -> ImageType | None:
    at = (TYPES, name)
    body = mapping_of(entry, what=f"imageType {name}", findings=findings, at=at)
    of_filter = {key for key, owner in filter_options().items() if owner == name}
    overrides = {key: value for key, value in body.items() if key not in of_filter}
    for key in [key for key in overrides if key in {*RULES, *filter_options()} - set(PER_IMAGE_TYPE)]:
        del overrides[key]
        findings.note(f"{key} is not used: as in pyradiomics it has no effect for one image type", at=(*at, key))
    chosen = settings_from(overrides, base=settings, findings=findings, at=at)
    if name == ORIGINAL:
        return ImageType(name, chosen)
    options = {key: plain_value(body.get(key, shared.get(key))) for key in of_filter if key in body or key in shared}
    needed = [each.name for each in fields(FILTERS[name].options) if each.default == ()]
    lacking = [key for key in needed if key not in options]
    if lacking:
        findings.note(f"imageType {name} gives no image, as in pyradiomics: it has no {lacking[0]}", at=at)
        return None
    return ImageType(name, chosen, _filter_options(name, options, findings=findings, at=at))


def _filter_options(name: str, options: Mapping[str, Any], *, findings: Findings, at: Place) -> Any:
    nested = [key for key, v in options.items() if isinstance(v, tuple) and any(isinstance(x, list | dict) for x in v)]
    for key in nested:
        findings.fault(f"imageType {name}: {key} is {shown(options[key])}", at=(*at, key), remedy="Write plain values.")
    try:
        return None if nested else FILTERS[name].options(**options)
    except ValueError as error:
        findings.fault(
            f"imageType {name}: {str(error)[:300]}", at=(*at, *list(options)[:1]), remedy="Correct the value."
        )
        return None
