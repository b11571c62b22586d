"""Run time for each region; the implementations take turns in one run, one thread each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.implementations import Implementation
from benchmarks.workload import SETTINGS, Size, regions


@dataclass(frozen=True, slots=True)
class SpeedResult:
    """Run times of one size at one setting.

    Attributes
    ----------
    size, setting : str
    milliseconds : mapping of str to float
        Median over the rounds for each region, by implementation.
    ratios : mapping of str to float
        Median over the rounds of the ratio to the reference.
    """

    size: str
    setting: str
    milliseconds: Mapping[str, float]
    ratios: Mapping[str, float]


def compare_speed(
    implementations: Mapping[str, Implementation],
    sizes: Sequence[Size],
    *,
    rounds: int,
    reference: str,
    on_done: Callable[[str], None],
) -> list[SpeedResult]:
    """Measure every size and setting; the implementations take turns.

    A slow one measures fewer regions in each round, so that the benchmark takes minutes.

    Parameters
    ----------
    contestants : mapping of str to Contestant
    sizes : sequence of Size
    rounds : int
    reference : str
        Implementation that the ratios refer to.
    on_done : callable
        Called with the name of each result.
    """
    results = []
    for size in sizes:
        samples = regions(size)
        for setting, values in SETTINGS.items():
            times: dict[str, list[float]] = {name: [] for name in implementations}
            for number in range(rounds + 1):
                for name, implementation in implementations.items():
                    taken = samples if name != "pyradiomics" else samples[: max(1, len(samples) // 8)]
                    seconds = implementation.seconds(taken, setting=values)
                    if number:  # the first round only warms caches
                        times[name].append(1e3 * seconds / len(taken))
            ratios = {
                name: median(t / own for t, own in zip(times[name], times[reference], strict=True)) for name in times
            }
            results.append(SpeedResult(size.name, setting, {name: median(t) for name, t in times.items()}, ratios))
            on_done(f"{size.name}, {setting}")
    return results
