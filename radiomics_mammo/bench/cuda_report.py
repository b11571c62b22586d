"""What ``benchmark --engine cuda`` prints: tables of speed, of stages and of the verification."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from statistics import median

from rich.table import Table

from radiomics_mammo._device import Device
from radiomics_mammo.bench.cuda_speed import BATCHES, Bandwidth, Point, bandwidth, first_win, ideal_upload_us, scan
from radiomics_mammo.bench.peers import Contestant, Pyradiomics, Tables
from radiomics_mammo.bench.verify import RELATIVE, verify
from radiomics_mammo.bench.workload import SETTINGS, Size, regions
from radiomics_mammo.console import print_table, say
from radiomics_mammo.recipe import recipe_from
from radiomics_mammo.types import Sample

GB = 1e9


def report_speed(
    device: Device,
    *,
    sizes: Sequence[Size],
    batches: Sequence[int] = BATCHES,
    rounds: int = 5,
    copied: int = 256_000_000,
) -> None:
    """Print speed over batch sizes for every size and setting, and where the time goes at the largest batch.

    Parameters
    ----------
    device : Device
    sizes : sequence of Size
    batches : sequence of int
    rounds : int
    copied : int
        Bytes of the copies that bandwidth is measured with.
    """
    measured = bandwidth(device, n_bytes=copied)
    say(
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
            say(
                f"The GPU wins from batches of {win} on."
                if win is not None
                else "The cpu engine is as fast at every batch size."
            )
            print_table(_stage_table(points[-1], measured))


def _peers_us(size: Size, setting: Mapping[str, float], *, rounds: int) -> dict[str, float]:
    """Microseconds a region of the cpu engine and, where it is installed, of pyradiomics: one thread each."""
    contestants: dict[str, Contestant] = {"cpu": Tables()}
    if importlib.util.find_spec("radiomics") is not None:
        contestants["pyradiomics"] = Pyradiomics()
    samples = regions(size)
    taken = {}
    for name, contestant in contestants.items():
        some = samples if name == "cpu" else samples[: max(1, len(samples) // 8)]
        contestant.seconds(some[:1], setting=setting)
        taken[name] = median(1e6 * contestant.seconds(some, setting=setting) / len(some) for _ in range(rounds))
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


def _stage_table(point: Point, measured: Bandwidth) -> Table:
    table = Table(box=None, title=f"Stages, batch of {point.batch:,}", title_justify="left")
    for heading in ("stage", "us / region", "share"):
        table.add_column(heading, justify="right" if heading != "stage" else "left", no_wrap=True)
    whole = sum(point.stages_us.values())
    for name, each in point.stages_us.items():
        table.add_row(name, f"{each:,.2f}", f"{100 * each / whole:.0f} %")
    ideal = ideal_upload_us(point, measured)
    table.caption = f"{point.sent / 1e3:,.1f} kB sent a region: {ideal:,.2f} us at the measured bandwidth"
    table.caption_justify = "left"
    return table


def report_verification(device: Device, sets: Mapping[str, Sequence[Sample]]) -> bool:
    """Print, for every set of regions and every setting, what :func:`verify` found; gives whether all is well."""
    table = Table(box=None, title="Against the cpu engine", title_justify="left")
    for heading in ("regions", "setting", "n", "counts", f"features (within {RELATIVE:g})", "second run"):
        table.add_column(heading, no_wrap=heading != "counts")
    well = True
    for name, samples in sets.items():
        for setting, values in SETTINGS.items():
            verdict = verify(samples, recipe_from({"setting": dict(values)}), device)
            well = well and verdict.ok
            features = f"worst {verdict.worst:.1e} ({verdict.feature})" if not verdict.wrong else (
                "DIFFER: " + ", ".join(verdict.wrong[:3])
            )  # fmt: skip
            counts = "equal to the bit" if not verdict.counts else "DIFFER: " + ", ".join(verdict.counts)
            again = "same bits" if verdict.repeated else "DIFFERS"
            table.add_row(name, setting, f"{verdict.regions:,}", counts, features, again)
    print_table(table)
    return well
