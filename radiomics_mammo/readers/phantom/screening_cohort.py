"""The simulated screening cohort: patients, breasts, images and outcomes, without pixels.

The proportions of sites, machines and missing cells are about those of the RSNA Screening Mammography collection
(train.csv of the 2022 challenge); the prevalence is the caller's, and higher.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.phantom.lesion_cohort import (
    ALL_VIEWS,
    SCREENING,
    SIDES,
    VIEWS,
    Breast,
    Patient,
    plan_patient,
    stream,
)

MOST_PREVALENT = 0.25  # of breasts: the plan holds few more with a malignant mass
FIRST_SITE = 0.54
BENIGN_FRACTION = 0.25
FIRST_PATIENT = 900_000  # above the numbers of the real collection
NEEDS_ASSESSMENT, NEGATIVE, NORMAL = 0, 1, 2
"""RSNA's BIRADS column: the breast was called back; rated as negative; rated as normal."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A mammography machine and how its files are.

    Attributes
    ----------
    bits : int
        BitsStored.
    photometric : str
        ``MONOCHROME1`` or ``MONOCHROME2``.
    voi : str
        VOI LUT function: ``LINEAR``, ``LINEAR_EXACT``, ``SIGMOID``, ``SEVERAL`` (linear windows to choose from), or
        empty for none.
    """

    number: int
    site: int
    proportion: float
    bits: int
    photometric: str
    voi: str


MACHINES = (
    Machine(49, 1, 0.40, 12, "MONOCHROME2", "SEVERAL"),
    Machine(93, 1, 0.16, 12, "MONOCHROME2", "LINEAR"),
    Machine(216, 1, 0.14, 12, "MONOCHROME2", "SIGMOID"),
    Machine(170, 1, 0.10, 14, "MONOCHROME1", "SIGMOID"),
    Machine(210, 1, 0.10, 14, "MONOCHROME2", "LINEAR_EXACT"),
    Machine(190, 1, 0.06, 10, "MONOCHROME2", ""),
    Machine(197, 1, 0.04, 16, "MONOCHROME2", "LINEAR"),
    Machine(48, 2, 0.36, 12, "MONOCHROME1", "LINEAR"),
    Machine(21, 2, 0.33, 12, "MONOCHROME1", "SIGMOID"),
    Machine(29, 2, 0.31, 10, "MONOCHROME2", "LINEAR"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one breast; ``birads`` is None where the site does not say."""

    cancer: bool
    biopsy: bool
    invasive: bool
    birads: int | None
    difficult: bool


@dataclass(frozen=True, slots=True)
class Woman:
    """One screened patient.

    Attributes
    ----------
    implant : bool
        In both breasts.
    outcomes : dict of str to Outcome
        By side.
    """

    patient: Patient
    machine: Machine
    age: int | None
    implant: bool
    outcomes: dict[str, Outcome]

    @property
    def patient_id(self) -> int:
        """Return a number, as RSNA's are."""
        return FIRST_PATIENT + self.patient.number

    @property
    def density(self) -> str | None:
        """Return the BI-RADS density A to D; None for site 2."""
        return "ABCD"[self.patient.density - 1] if self.machine.site == 1 else None


@dataclass(frozen=True, slots=True)
class View:
    """One image of a patient; ``again`` is 1 where the view was taken a second time."""

    woman: Woman
    number: int
    side: str
    view: str
    again: int

    @property
    def image_id(self) -> int:
        """Return a number, as RSNA's are."""
        return self.woman.patient_id * 10_000 + self.number


def plan_screening(patients: int, *, seed: int, prevalence: float) -> list[Woman]:
    """Draw patients, with cancer in a share of ``prevalence`` (0 to 0.25) of breasts."""
    if not 0 < prevalence <= MOST_PREVALENT:
        raise InputError(
            f"a prevalence of {prevalence} cannot be simulated",
            remedy=f"Give a proportion of breasts above 0 and at most {MOST_PREVALENT}.",
        )
    women: list[Woman] = []
    cancers = 0
    for number in range(1, patients + 1):
        planned = plan_patient(number, seed=seed)
        rng = stream(seed, number, SCREENING)
        breasts = []
        for index, side in enumerate(SIDES):
            wanted = cancers < prevalence * (2 * number - 1 + index) + 0.5
            breast = _thinned(planned, side, cancer=wanted, rng=rng)
            cancers += _has_cancer(breast)
            breasts.append(breast)
        women.append(_woman(replace(planned, breasts=tuple(breasts)), seed=seed, rng=rng))
    return women


def views_of(woman: Woman) -> Iterator[View]:
    """List the images: CC and MLO of each breast, for some patients another view or a repeat."""
    number = woman.patient.number
    taken = [(side, view, 0) for side in SIDES for view in VIEWS]
    if number % 7 == 3:
        further = ALL_VIEWS[len(VIEWS) :]
        taken.append((SIDES[number % 2], further[number // 7 % len(further)], 0))
    if number % 5 == 2:
        taken.append((SIDES[number // 5 % 2], VIEWS[number // 10 % 2], 1))
    return (View(woman, place, *view) for place, view in enumerate(taken, start=1))


def _thinned(planned: Patient, side: str, *, cancer: bool, rng: np.random.Generator) -> Breast:
    """Return a breast with its planned masses where they are kept; most have none."""
    keep = rng.random() < BENIGN_FRACTION
    for breast in planned.breasts:
        if breast.side == side and (cancer if _has_cancer(breast) else keep):
            return breast
    return Breast(side, ())


def _has_cancer(breast: Breast) -> bool:
    return any(mass.malignant for mass in breast.masses)


def _woman(patient: Patient, *, seed: int, rng: np.random.Generator) -> Woman:
    number = patient.number
    # Sequences keep the shares in small collections too; another irrational than the plan's, so that site and
    # cancer stay apart.
    site = 1 if (number * 2**0.5 + seed * 0.271) % 1.0 < FIRST_SITE else 2
    there = [machine for machine in MACHINES if machine.site == site]
    machine = there[int(rng.choice(len(there), p=[each.proportion for each in there]))]
    sick = any(_has_cancer(breast) for breast in patient.breasts)
    age = int(np.clip(round(rng.normal(63.0 if sick else 58.0, 10.0)), 33, 89))
    return Woman(
        patient=patient,
        machine=machine,
        age=None if number % 37 == 19 else age,
        implant=number % 23 == 11,
        outcomes={breast.side: _outcome(breast, site=site, rng=rng) for breast in patient.breasts},
    )


def _outcome(breast: Breast, *, site: int, rng: np.random.Generator) -> Outcome:
    chance = rng.random(4)
    cancer = _has_cancer(breast)
    called_back = cancer or bool(chance[0] < (0.6 if breast.masses else 0.05))
    biopsy = cancer or (called_back and bool(chance[1] < 0.3))
    seen = NEEDS_ASSESSMENT if called_back else NORMAL if chance[2] < 0.15 else NEGATIVE
    return Outcome(
        cancer=cancer,
        biopsy=biopsy,
        invasive=cancer and bool(chance[3] < 0.7),
        birads=seen if site == 1 and (called_back or chance[3] < 0.85) else None,
        difficult=called_back and not cancer,
    )
