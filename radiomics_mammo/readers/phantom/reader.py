"""Simulated mammograms with masses: the data that is always at hand.

They show what a feature sees and let every command run; they are no evidence about real lesions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.cbis_ddsm.descriptions import MASS_COLUMNS
from radiomics_mammo.readers.phantom import PhantomArguments
from radiomics_mammo.readers.phantom.breast import BACKGROUND, CANVAS_MM, FIELD_MM, draw_anatomy, draw_scene
from radiomics_mammo.readers.phantom.lesion import draw_mass, draw_outline, place
from radiomics_mammo.readers.phantom.lesion_cohort import (
    ALL_VIEWS,
    OUTLINE,
    PROJECTION,
    SIDES,
    TISSUE,
    VIEWS,
    Breast,
    Mass,
    Patient,
    plan_patient,
    stream,
)

GRAIN = 9.0
BITS_STORED = 12
Pixel = TypeVar("Pixel", bound=np.generic)


@dataclass(frozen=True, slots=True)
class PhantomView:
    """Which picture a case is in, and which of its masses it is."""

    patient: int
    side: str
    view: str
    mass: int


@dataclass(frozen=True)
class PhantomReader(PhantomArguments):
    """Simulated mammograms, drawn when they are loaded.

    The same seed gives the same pixels, whatever was made before and in whichever process.

    Parameters
    ----------
    patients : int
        Number of patients. More patients leave the earlier ones as they were.
    rows : int
        Rows of an image, 128 to 4096; the columns are four fifths of it. The field is always 210 x 168 mm,
        so 700 rows are pixels of 0.3 mm, in which masses are 20 to 120 pixels across.
    """

    columns: ClassVar[tuple[tuple[str, type], ...]] = MASS_COLUMNS

    @property
    def spacing(self) -> tuple[float, float]:
        """Return the pixel size in millimetres (row, column)."""
        pixel = round(FIELD_MM[0] / self.rows, 6)  # as a DICOM decimal string holds it
        return (pixel, pixel)

    def cases(self) -> Sequence[Case]:
        """List every mass in every view, patient by patient."""
        return [
            _case(patient, breast, view, mass)
            for number in range(1, self.patients + 1)
            for patient in (plan_patient(number, seed=self.seed),)
            for breast in patient.breasts
            for view in VIEWS
            for mass in breast.masses
        ]

    def load(self, case: Case) -> Sequence[Sample]:
        """Draw the image of one case.

        Raises
        ------
        InputError
            The case is not one of this reader's.
        """
        source = case.source
        if not isinstance(source, PhantomView) or source.patient > self.patients:
            raise InputError(f"{case.case_id} is not a case of this phantom", remedy="Use the cases that it lists.")
        patient = plan_patient(source.patient, seed=self.seed)
        image, masks = self.picture(patient, side=source.side, view=source.view)
        return [
            Sample(
                case_id=case.case_id,
                patient_id=case.patient_id,
                image=image,
                mask=masks[source.mass],
                spacing=self.spacing,
                columns=dict(case.columns),
                phantom=True,
            )
        ]

    def picture(
        self, patient: Patient, *, side: str, view: str
    ) -> tuple[NDArray[np.uint16], dict[int, NDArray[np.bool_]]]:
        """Draw one mammogram, and the masks of its masses by their numbers.

        The image is uint16 of 12 bits, the chest wall at the left edge for a left breast and at the right for a right
        one.
        """
        breast = next(b for b in patient.breasts if b.side == side)
        where = (patient.number, SIDES.index(side), ALL_VIEWS.index(view))
        rng = stream(self.seed, *where, TISSUE)
        anatomy = draw_anatomy(view, scale=patient.scale, rng=rng)
        shape = (self.rows, round(self.rows * FIELD_MM[1] / FIELD_MM[0]))
        canvas = (self.rows, round(self.rows * CANVAS_MM / FIELD_MM[0]))
        scene = draw_scene(anatomy, density=patient.density, shape=canvas, rng=rng)
        masks = {}
        taken: list[tuple[float, float, float]] = []
        for mass in breast.masses:
            outline = draw_outline(
                mass,
                shape_stream=stream(self.seed, *where[:2], mass.number, OUTLINE),
                view=stream(self.seed, *where, mass.number, PROJECTION),
            )
            centre = place(anatomy, scene.depth_grid, mass, view=view, taken=taken)
            taken.append((*centre, mass.radius_mm))
            mask = np.zeros(shape, dtype=np.bool_)
            mask[:, : canvas[1]] = draw_mass(scene, mass, outline, centre=centre, pixel_mm=self.spacing[0])
            masks[mass.number] = _hang(mask, side)
        light = rng.standard_normal(shape, dtype=np.float32) * np.float32(GRAIN) + np.float32(BACKGROUND)
        light[:, : canvas[1]] += scene.image
        return _hang(np.clip(np.rint(light), 0, 2**BITS_STORED - 1).astype(np.uint16), side), masks


def _hang(picture: NDArray[Pixel], side: str) -> NDArray[Pixel]:
    """Return the image with the chest wall of a right breast at the right edge."""
    return picture if side == "LEFT" else np.ascontiguousarray(picture[:, ::-1])


def view_name(patient: Patient, side: str, view: str) -> str:
    """Return the image's name as in CBIS-DDSM: ``Mass-Training_PHANTOM_00001_LEFT_CC``."""
    split = "Training" if patient.split == "train" else "Test"
    return f"Mass-{split}_{patient.patient_id}_{side}_{view}"


def _case(patient: Patient, breast: Breast, view: str, mass: Mass) -> Case:
    return Case(
        case_id=f"{view_name(patient, breast.side, view)}_{mass.number}",
        patient_id=patient.patient_id,
        columns={
            "abnormality_type": "mass",
            "split": patient.split,
            "laterality": breast.side,
            "view": view,
            "abnormality_id": mass.number,
            "pathology": mass.pathology,
            "malignant": int(mass.malignant),
            "breast_density": patient.density,
            "mass_shape": mass.shape,
            "mass_margins": mass.margin,
        },
        source=PhantomView(patient.number, breast.side, view, mass.number),
    )
