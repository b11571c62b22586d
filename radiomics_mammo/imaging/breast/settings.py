"""The settings of breast preparation."""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_mammo.core.option import between, check_options, option

_GROUP = "Breast preparation"


@dataclass(frozen=True, kw_only=True)
class BreastSettings:
    """How a whole breast is prepared.

    Attributes
    ----------
    pixel_mm : float or None
        Common pixel size to resample the image to, where its own is known; None leaves it as it is.
    pectoral : {'remove', 'keep'}
        Whether the pectoral muscle of oblique views is part of the region.
    implants : {'measure', 'skip'}
        Whether breasts flagged as having an implant are measured, without the implant, or fail with a message.
    band_mm : float
        Width of the band under the skin where the breast thins out; 0 is no band.

    Raises
    ------
    InputError
        A setting is unknown or out of range.
    """

    pixel_mm: float | None = option(
        None,
        help="resample images whose pixel size is known to this one, 0.01 to 5 mm (default: leave them as they are)",
        metavar="MM",
        check=between(0.01, 5),
        group=_GROUP,
    )
    pectoral: str = option(
        "remove",
        help="leave the pectoral muscle of oblique views out, or measure it too",
        choices=("remove", "keep"),
        group=_GROUP,
    )
    implants: str = option(
        "measure",
        help="measure breasts flagged as having an implant, without the implant where it is found, or list them among "
        "the failures",
        choices=("measure", "skip"),
        group=_GROUP,
    )
    band_mm: float = option(
        5.0,
        help="width of the band under the skin that the lattice leaves out, 0 to 50 mm",
        metavar="MM",
        check=between(0, 50),
        group=_GROUP,
    )

    def __post_init__(self) -> None:
        check_options(self)
