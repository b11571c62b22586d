"""What the phantom knows of its breasts, as masks; breasts made of simple shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiomics_mammo.imaging.breast.prepare import PreparedBreast
from radiomics_mammo.readers.phantom.breast import FIELD_MM, draw_anatomy
from radiomics_mammo.readers.phantom.lesion_cohort import SIDES, TISSUE, VIEWS, plan_patient, stream
from radiomics_mammo.readers.phantom.reader import PhantomReader


@dataclass(frozen=True)
class Truth:
    """A phantom's picture as it is stored, with breast, muscle and nipple."""

    image: np.ndarray
    breast: np.ndarray
    muscle: np.ndarray
    nipple: tuple[float, float]
    pixel_mm: float
    side: str
    density: int

    @property
    def spacing(self) -> tuple[float, float]:
        return (self.pixel_mm, self.pixel_mm)


def phantom(number: int, view: str, *, size: int = 512, seed: int = 7) -> Truth:
    """One patient's first breast."""
    patient = plan_patient(number, seed=seed)
    side = patient.breasts[0].side
    image, _ = PhantomReader(number, seed, size).picture(patient, side=side, view=view)
    own = stream(seed, number, SIDES.index(side), VIEWS.index(view), TISSUE)
    anatomy = draw_anatomy(view, scale=patient.scale, rng=own)
    pixel = FIELD_MM[0] / size
    y, x = ((np.arange(length) + 0.5) * pixel for length in image.shape)
    breast = x < np.interp(y, anatomy.y, anatomy.skin)[:, None]
    muscle = (x < anatomy.pectoral_edge(y)[:, None]) & breast
    nipple = (anatomy.nipple[0] / pixel - 0.5, anatomy.nipple[1] / pixel - 0.5)
    if side == "RIGHT":
        breast, muscle = breast[:, ::-1], muscle[:, ::-1]
        nipple = (nipple[0], image.shape[1] - 1 - nipple[1])
    return Truth(image, breast, muscle, nipple, pixel, side, patient.density)


def in_image(found: PreparedBreast, mask: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """Put a mask of a breast that was not resampled back where it was."""
    whole = np.zeros(shape, dtype=bool)
    if mask is not None:
        top, bottom, left, right = found.box
        whole[top:bottom, left:right] = mask[:, ::-1] if found.flipped else mask
    return whole


def tissue(found: PreparedBreast, shape: tuple[int, int]) -> np.ndarray:
    """Everything that was taken for the patient: breast, muscle and implant."""
    return (
        in_image(found, found.mask, shape)
        | in_image(found, found.marks.pectoral, shape)
        | in_image(found, found.marks.implant, shape)
    )


def nipple_in_image(found: PreparedBreast) -> tuple[float, float]:
    """The nipple's (row, column) in the image as it is stored."""
    assert found.marks.nipple is not None
    row, column = found.marks.nipple
    top, _, left, right = found.box
    return (top + row, right - 1 - column if found.flipped else left + column)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def half_disk(shape: tuple[int, int] = (300, 200), radius: float = 110) -> np.ndarray:
    """A breast with its chest wall at the left."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - shape[0] // 2) ** 2 + columns**2 < radius**2


def ellipse(shape: tuple[int, int], centre: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2 < 1
