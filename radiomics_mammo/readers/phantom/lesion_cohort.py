"""Who has what in the simulated collection: patients, breasts and masses, drawn without a single pixel.

The margins and shapes are drawn with the frequencies that the masses of the CBIS-DDSM train split have in
each pathology (Lee et al., Sci Data 2017; 4:170177), so the classes overlap as theirs do.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np

SIDES = ("LEFT", "RIGHT")
VIEWS = ("CC", "MLO")
ALL_VIEWS = (*VIEWS, "AT", "LM", "ML", "LMO")
"""The place of a view in it is part of what a seed means. The further ones are drawn as MLO is."""

# Odds of each descriptor, counted in the description table of the mass train split and rounded.
MARGIN_ODDS: dict[str, tuple[float, float]] = {  # benign, malignant
    "CIRCUMSCRIBED": (0.45, 0.07),
    "OBSCURED": (0.28, 0.07),
    "ILL_DEFINED": (0.17, 0.31),
    "MICROLOBULATED": (0.07, 0.12),
    "SPICULATED": (0.03, 0.43),
}
SHAPE_ODDS: dict[str, tuple[float, float]] = {
    "ROUND": (0.14, 0.08),
    "OVAL": (0.40, 0.17),
    "LOBULATED": (0.34, 0.19),
    "IRREGULAR": (0.12, 0.56),
}
DENSITY_ODDS = (0.15, 0.37, 0.32, 0.16)
PREVALENCE = 0.42
TEST_EVERY = 5  # one patient in five is in the test split, whatever the number of patients
GOLDEN = 0.6180339887498949

# What the last key of a random stream is for; the numbers are part of what a seed means.
PLAN, TISSUE, OUTLINE, PROJECTION, SCREENING = range(5)


@dataclass(frozen=True, slots=True)
class Mass:
    """One mass, as both views of its breast show it.

    Attributes
    ----------
    pathology : str
        As CBIS-DDSM writes it.
    shape, margin : str
        Keys of ``SHAPE_ODDS`` and ``MARGIN_ODDS``.
    contrast : float
        Brightness over the tissue around it, about 0.2 to 1.
    roughness : float
        How uneven its inside is, 0 to about 0.6.
    depth, across, up : float
        Distance behind the nipple (both views), sideways (CC) and along the chest wall (MLO), as fractions of
        the breast's extent.
    """

    number: int
    malignant: bool
    pathology: str
    shape: str
    margin: str
    radius_mm: float
    contrast: float
    roughness: float
    depth: float
    across: float
    up: float


@dataclass(frozen=True, slots=True)
class Breast:
    """One imaged breast and its masses."""

    side: str
    masses: tuple[Mass, ...]


@dataclass(frozen=True, slots=True)
class Patient:
    """One simulated patient.

    Attributes
    ----------
    density : int
        BI-RADS grade, 1 (fatty) to 4 (extremely dense).
    """

    number: int
    density: int
    scale: float
    breasts: tuple[Breast, ...]

    @property
    def patient_id(self) -> str:
        """Return the name, ``PHANTOM_00001`` and so on."""
        return f"PHANTOM_{self.number:05d}"

    @property
    def split(self) -> str:
        """Return ``train`` or ``test``, a property of the patient."""
        return "test" if self.number % TEST_EVERY == 0 else "train"


def stream(seed: int, *key: int) -> np.random.Generator:
    """Return the random stream of one key, independent of all others."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def plan_patient(number: int, *, seed: int) -> Patient:
    """Draw the patient with this number, from 1."""
    rng = stream(seed, number, PLAN)
    density = 1 + int(rng.choice(4, p=DENSITY_ODDS))
    scale = float(np.clip(rng.normal(0.98, 0.08), 0.8, 1.12))
    both = rng.random() < 0.3
    first = int(rng.integers(2))
    sides = sorted({first, 1 - first} if both else {first})
    # A golden-ratio sequence keeps the prevalence right in small collections too.
    leading = (number * GOLDEN + seed * 0.137) % 1.0 < PREVALENCE
    breasts = []
    for side in sides:
        count = 1 + int(rng.choice(3, p=(0.74, 0.2, 0.06)))
        masses = []
        for index in range(count):
            malignant = leading if side == first and index == 0 else bool(rng.random() < PREVALENCE)
            masses.append(_plan_mass(index + 1, malignant, rng))
        breasts.append(Breast(SIDES[side], tuple(masses)))
    return Patient(number, density, scale, tuple(breasts))


def _plan_mass(number: int, malignant: bool, rng: np.random.Generator) -> Mass:
    column = int(malignant)
    margin = _draw(MARGIN_ODDS, column, rng)
    shape = _draw(SHAPE_ODDS, column, rng)
    benign = "BENIGN_WITHOUT_CALLBACK" if rng.random() < 0.12 else "BENIGN"
    diameter = (14.5 if malignant else 12.5) * exp(rng.normal(0.0, 0.38))
    return Mass(
        number=number,
        malignant=malignant,
        pathology="MALIGNANT" if malignant else benign,
        shape=shape,
        margin=margin,
        radius_mm=float(np.clip(diameter, 6.5, 34.0)) / 2,
        contrast=float(np.clip(rng.normal(0.60 if malignant else 0.52, 0.14), 0.25, 1.0)),
        roughness=float(np.clip(rng.normal(0.30 if malignant else 0.22, 0.10), 0.02, 0.6)),
        depth=float(rng.uniform(0.2, 0.75)),
        across=float(np.clip(rng.normal(0.0, 0.3), -0.6, 0.6)),
        up=float(np.clip(rng.normal(-0.15, 0.3), -0.7, 0.5)),
    )


def _draw(odds: dict[str, tuple[float, float]], column: int, rng: np.random.Generator) -> str:
    weights = np.array([pair[column] for pair in odds.values()])
    return list(odds)[int(rng.choice(len(odds), p=weights / weights.sum()))]
