"""Output of ``benchmarks --engine cuda``: tables of speed, of stages and of the verification."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from statistics import median

from rich.table import Table

from benchmarks.cuda_speed import BATCHES, Point, bandwidth, first_win, ideal_upload_us, scan
from benchmarks.implementations import Implementation, Pyradiomics, Tables
from benchmarks.verify import Verdict, verify
from benchmarks.workload import SETTINGS, Size, regions
from radiomics_mammo.compute.device import Device
from radiomics_mammo.core.console import print_message, print_table
from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.agreement import TOLERANCE
from radiomics_mammo.recipes.recipe import recipe_from

GB = 1e9
COPIED = 256_000_000
"""Bytes of the copies that bandwidth is measured with."""


def report_speed(
    device: Device,
    *,
    sizes: Sequence[Size],
    batches: Sequence[int] = BATCHES,
    rounds: int = 5,
) -> None:
    """Print speed over batch sizes for every size and setting, and where the time goes at the largest batch.

    Parameters
    ----------
    device : Device
    sizes : sequence of Size
    batches : sequence of int
    rounds : int
    """
    measured = bandwidth(device, n_bytes=COPIED)
    print_message(
        f"{device.name}: copies {measured.up / GB:.1f} GB/s up, {measured.down / GB:.1f} down, "
        f"{measured.device / GB:.0f} on the device"
    )
    for size in sizes:
        for setting, values in SETTINGS.items():
            peers = _peers_us(size, values, rounds=rounds)
            recipe = recipe_from({"setting": dict(values)})
            points = list(scan(size, recipe, device, batches=batches, rounds=rounds))
            print_table(_speed_table(f"{size.name} ({size.pixels:,} px), {setting}", points, peers))
            win = first_win(points, peers["cpu"])
            print_message(
                f"The GPU wins from batches of {win} on."
                if win is not None
                else "The cpu engine is as fast at every batch size."
            )
            print_table(_stage_table(points[-1]))
            ideal = ideal_upload_us(points[-1], measured)
            print_message(f"{points[-1].sent / 1e3:,.1f} kB sent a region: {ideal:,.2f} us at the measured bandwidth.")


def _peers_us(size: Size, setting: Mapping[str, float], *, rounds: int) -> dict[str, float]:
    """Microseconds a region of the cpu engine and, where it is installed, of pyradiomics: one thread each."""
    implementations: dict[str, Implementation] = {"cpu": Tables()}
    if importlib.util.find_spec("radiomics") is not None:
        implementations["pyradiomics"] = Pyradiomics()
    samples = regions(size)
    taken = {}
    for name, implementation in implementations.items():
        some = samples if name == "cpu" else samples[: max(1, len(samples) // 8)]
        implementation.seconds(some[:1], setting=setting)
        taken[name] = median(1e6 * implementation.seconds(some, setting=setting) / len(some) for _ in range(rounds))
    return taken


def _speed_table(title: str, points: Sequence[Point], peers: Mapping[str, float]) -> Table:
    table = Table(box=None, title=title, title_justify="left")
    for heading in ("batch", "us / region\ndevice", "regions / s\ndevice", "us / region\nwith host"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, each in peers.items():
        table.add_column(f"x {name}\n({each:,.0f} us)\ndevice", justify="right", no_wrap=True)
        table.add_column(f"x {name}\nwith host", justify="right", no_wrap=True)
    for point in points:
        row = [f"{point.batch:,}", f"{point.device_us:,.1f}", f"{1e6 / point.device_us:,.0f}", f"{point.whole_us:,.1f}"]
        for each in peers.values():
            row += [f"{each / point.device_us:,.1f}", f"{each / point.whole_us:,.1f}"]
        table.add_row(*row)
    return table


def _stage_table(point: Point) -> Table:
    table = Table(box=None, title=f"Stages, batch of {point.batch:,}", title_justify="left")
    for heading in ("stage", "us / region", "share"):
        table.add_column(heading, justify="right" if heading != "stage" else "left", no_wrap=True)
    whole = sum(each for name, each in point.stages_us.items() if ": " not in name)
    for name, each in sorted(point.stages_us.items(), key=lambda stage: _order(stage[0], list(point.stages_us))):
        label = "  " + name.partition(": ")[2] if ": " in name else name  # a part of the stage above it
        table.add_row(label, f"{each:,.2f}", f"{100 * each / whole:.0f} %" if whole else "")
    return table


def _order(name: str, names: list[str]) -> tuple[int, int]:
    """Stages as they came, their parts behind them."""
    stage = name.partition(": ")[0]
    return (names.index(stage) if stage in names else len(names), names.index(name) if ": " in name else -1)


def report_verification(device: Device, sets: Mapping[str, Sequence[Sample]]) -> bool:
    """Print, for every set of regions and every setting, what :func:`verify` found; gives whether all is well."""
    print_message(f"Against the cpu engine (features within {TOLERANCE:g}):")
    well = True
    for name, samples in sets.items():
        for setting, values in SETTINGS.items():
            verdict = verify(samples, recipe_from({"setting": dict(values)}), device)
            well = well and verdict.ok
            print_message(f"  {name}, {setting}, {verdict.regions:,} regions: {_in_words(verdict)}")
    return well


def _in_words(verdict: Verdict) -> str:
    counts = "counts equal to the bit" if not verdict.counts else f"counts DIFFER: {', '.join(verdict.counts)}"
    agreement = verdict.agreement
    features = f"features differ by {agreement.largest:.1e} at most ({agreement.feature or 'none'})"
    if agreement.differing:
        features = f"features DIFFER: {', '.join(agreement.differing)}"
    return f"{counts}; {features}; second run {'has the same bits' if verdict.repeated else 'DIFFERS'}"
