"""Milliseconds a region, everybody in turn in the same run, one thread each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.peers import Contestant
from benchmarks.workload import SETTINGS, Size, regions


@dataclass(frozen=True, slots=True)
class Cell:
    """One size at one setting.

    Attributes
    ----------
    size, setting : str
    milliseconds : mapping of str to float
        Median over the rounds, a region, by contestant.
    ratios : mapping of str to float
        Median over the rounds of a peer's time over that of this package's tables.
    """

    size: str
    setting: str
    milliseconds: Mapping[str, float]
    ratios: Mapping[str, float]


def race(
    contestants: Mapping[str, Contestant],
    sizes: Sequence[Size],
    *,
    rounds: int,
    reference: str,
    on_done: Callable[[str], None],
) -> list[Cell]:
    """Let the contestants take turns over every size and setting.

    A slow one measures fewer regions a round, so that the whole takes minutes.

    Parameters
    ----------
    contestants : mapping of str to Contestant
    sizes : sequence of Size
    rounds : int
    reference : str
        The contestant whose time divides the others'.
    on_done : callable
        Told the name of each cell when it is done.
    """
    cells = []
    for size in sizes:
        samples = regions(size)
        for setting, values in SETTINGS.items():
            times: dict[str, list[float]] = {name: [] for name in contestants}
            for number in range(rounds + 1):
                for name, contestant in contestants.items():
                    taken = samples if name != "pyradiomics" else samples[: max(1, len(samples) // 8)]
                    seconds = contestant.seconds(taken, setting=values)
                    if number:  # the first round only warms caches
                        times[name].append(1e3 * seconds / len(taken))
            ratios = {
                name: median(t / own for t, own in zip(times[name], times[reference], strict=True)) for name in times
            }
            cells.append(Cell(size.name, setting, {name: median(t) for name, t in times.items()}, ratios))
            on_done(f"{size.name}, {setting}")
    return cells
