"""How often nominal 95% intervals of an AUROC hold the truth on simulated patients with several units each.

``python -m tools.interval_coverage [sets]`` prints every design's shares; the tests run a small one.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from radiomics_mammo.evaluation.metrics.auroc_variance import auroc_interval, delong, obuchowski
from radiomics_mammo.evaluation.metrics.bootstrap import draw_patients, interval
from radiomics_mammo.evaluation.metrics.metrics import auroc
from radiomics_mammo.evaluation.metrics.threshold_counts import curve


@dataclass(frozen=True)
class Design:
    """Patients with 1 to 4 units; ``both_classes``: a sick patient's other units may be negative."""

    patients: int
    correlation: float
    auroc: float
    both_classes: bool
    sick: float = 0.45


DESIGNS = tuple(
    Design(patients, correlation, true, both)
    for patients, correlation in ((100, 0.3), (100, 0.8), (200, 0.5), (400, 0.8))
    for true in (0.65, 0.85)
    for both in (True, False)
)


def draw_data(design: Design, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, scores and patients: a normal score shifted by the class, part of its noise common to the patient."""
    sizes = rng.integers(1, 5, size=design.patients)
    group = np.repeat(np.arange(design.patients), sizes)
    sick = rng.random(design.patients) < design.sick
    y = sick[group]
    if design.both_classes:
        y = y & (rng.random(group.size) < 0.7)
    shared = np.sqrt(design.correlation) * rng.normal(size=design.patients)[group]
    noise = shared + np.sqrt(1.0 - design.correlation) * rng.normal(size=group.size)
    return y.astype(np.int8), noise + np.sqrt(2.0) * norm.ppf(design.auroc) * y, group


def coverage(design: Design, *, sets: int, seed: int, draws: int = 0) -> dict[str, float]:
    """Share of sets whose interval holds the true AUROC, by method; the bootstrap's only if given draws."""
    rng = np.random.default_rng(seed)
    held: dict[str, list[bool]] = {"obuchowski": [], "delong": [], **({"bootstrap": []} if draws else {})}
    for number in range(sets):
        y, score, group = draw_data(design, rng)
        p = score[None, None]
        for name, found in (("obuchowski", obuchowski(y, p, group)), ("delong", delong(y, p))):
            low, high = auroc_interval(float(found.value[0]), float(found.covariance[0, 0]))
            held[name].append(low <= design.auroc <= high)
        if draws:
            counts = draw_patients(design.patients, draws=draws, seed=number)
            low, high = interval(auroc(curve(y, score, counts[:, group])))
            held["bootstrap"].append(low <= design.auroc <= high)
    return {name: float(np.mean(inside)) for name, inside in held.items()}


def main(sets: int) -> None:
    sys.stdout.write("patients  correlation  AUROC  both classes   obuchowski  bootstrap  delong\n")
    for number, design in enumerate(DESIGNS):
        held = coverage(design, sets=sets, seed=number, draws=500)
        sys.stdout.write(
            f"{design.patients:6d}  {design.correlation:11.1f}  {design.auroc:5.2f}  {design.both_classes!s:>12}   "
            f"{held['obuchowski']:10.3f}  {held['bootstrap']:9.3f}  {held['delong']:6.3f}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
