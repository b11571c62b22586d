"""Compare the speed of this package with other libraries on this machine.

python -m benchmarks
python -m benchmarks --pictologics PATH/TO/PYTHON --only speed
python -m benchmarks --engine cuda --verify --manifest cases.csv
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from radiomics_mammo.cli.arguments import add_arguments, settings_from
from radiomics_mammo.core.console import print_message, print_table, progress, run_command
from radiomics_mammo.core.option import at_least, option

if TYPE_CHECKING:
    from radiomics_mammo.compute.device import Device

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
PARTS = ("speed", "startup", "workers", "memory")
BREASTS = "breasts"
"""Part that runs only when it is named."""
DESCRIPTION = """\
Measure the run time for each region of this package and of pyradiomics (and of pictologics, where another interpreter
has it), one thread each and taking turns in one run, for small (5,000 mask pixels), medium (60,000) and large
(800,000) regions; then start-up time, speed-up by a second worker, and peak memory. With --engine cuda: run time by
batch size and stage, beside the cpu engine and pyradiomics; with --verify the numbers are compared, too.
"""
EPILOG = """\
The regions are simulated. Ratios are comparable between machines; milliseconds are not.
pictologics needs Python 3.12: python3.12 -m venv PEER; PEER/bin/pip install pictologics;
then --pictologics PEER/bin/python.
"""
_CUDA = "With --engine cuda"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkOptions:
    """Options of the benchmark."""

    engine: Literal["cpu", "cuda"] = option("cpu", help="engine to measure")
    only: tuple[str, ...] = option(PARTS, choices=(*PARTS, BREASTS), help="parts to run (default: all but breasts)")
    sizes: tuple[Literal["small", "medium", "large"], ...] = option((), help="sizes of regions (default: all)")
    rounds: int = option(5, metavar="N", help="rounds of the comparison", check=at_least(1))
    pictologics: str | None = option(None, metavar="PYTHON", help="interpreter that has pictologics")
    rows: int = option(3_000, metavar="N", help="rows of the table for the speed-up by workers", check=at_least(1))
    verify: bool = option(False, group=_CUDA, help="compare with the cpu engine: counts, features, a second run")
    manifest: tuple[str, ...] = option(
        (), group=_CUDA, metavar="CASES.csv", repeat=True, help="verify these images, too (may be repeated)"
    )
    batches: tuple[int, ...] = option((), group=_CUDA, metavar="N", help="batch sizes (default: 1 to 4,096)")
    speed: bool = option(True, group=_CUDA, flag="--no-speed", help="only verify")


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser, BenchmarkOptions)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and return the exit code."""
    arguments = build_parser().parse_args(argv)
    for name in THREADS:  # before NumPy is imported: its libraries read them once
        os.environ[name] = "1"
    return run_command(lambda: _run(settings_from(arguments, BenchmarkOptions)))


def _run(options: BenchmarkOptions) -> int:
    print_message(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; simulated regions"
    )
    if options.engine == "cuda" and BREASTS not in options.only:
        return _cuda(options)
    parts: dict[str, Callable[[BenchmarkOptions], None]] = {
        "speed": _speed,
        "startup": _startup,
        "workers": _workers,
        "memory": _memory,
        BREASTS: _breasts,
    }
    for name in options.only:
        parts[name](options)
    return 0


def open_gpu() -> Device:
    """Open the GPU, or raise EngineError with what is missing."""
    from radiomics_mammo.engines.registry import choose_engine

    choose_engine("cuda")
    from radiomics_mammo.compute.cupy_device import CudaDevice

    return CudaDevice()


def _cuda(options: BenchmarkOptions) -> int:
    from benchmarks.cuda_report import report_speed, report_verification
    from benchmarks.cuda_speed import BATCHES
    from benchmarks.workload import SIZES, regions
    from radiomics_mammo.readers import open_reader

    device = open_gpu()
    sizes = [size for size in SIZES if not options.sizes or size.name in options.sizes]
    agrees = True
    if options.verify:
        sets = {f"simulated, {size.name}": regions(size) for size in sizes}
        for path in options.manifest:
            reader = open_reader({"reader": "manifest", "path": path})
            sets[path] = [sample for case in reader.cases() for sample in reader.load(case)]
        agrees = report_verification(device, sets)
    if options.speed:
        report_speed(device, sizes=sizes, batches=options.batches or BATCHES, rounds=options.rounds)
    return 0 if agrees else 1


def _speed(options: BenchmarkOptions) -> None:
    from rich.table import Table

    from benchmarks.implementations import Implementation, OneByOne, Pictologics, Pyradiomics, Tables
    from benchmarks.speed import compare_speed
    from benchmarks.workload import SETTINGS, SIZES

    sizes = [size for size in SIZES if not options.sizes or size.name in options.sizes]
    implementations: dict[str, Implementation] = {
        "tables": Tables(),
        "execute": OneByOne(),
        "pyradiomics": Pyradiomics(),
    }
    peer = Pictologics(options.pictologics) if options.pictologics else None
    if peer is not None:
        implementations["pictologics"] = peer
    try:
        with progress(len(sizes) * len(SETTINGS), what="measurements") as advance:
            results = compare_speed(
                implementations,
                sizes,
                rounds=options.rounds,
                reference="tables",
                on_done=lambda name: advance(1, note=name),
            )
    finally:
        if peer is not None:
            peer.close()
    table = Table(box=None)
    table.add_column("regions", no_wrap=True)
    for name in implementations:
        table.add_column(f"{name}\nms", justify="right", no_wrap=True)
    for name in list(implementations)[2:]:
        table.add_column(f"{name}\n/ tables", justify="right", no_wrap=True)
    table.add_column("/ execute", justify="right", no_wrap=True)
    for result in results:
        row = [f"{result.size}, {result.setting}", *(f"{result.milliseconds[name]:.2f}" for name in implementations)]
        row += [f"{result.ratios[name]:.1f}x" for name in list(implementations)[2:]]
        table.add_row(*row, f"{result.ratios['pyradiomics'] / result.ratios['execute']:.1f}x")
    print_message(
        "Milliseconds for each region; ratios of the others to tables (extract), and of pyradiomics to execute"
    )
    print_table(table)


def _startup(options: BenchmarkOptions) -> None:
    from benchmarks.startup import startup

    del options
    seconds = startup()
    print_message(
        f"From the command to a finished table of one row: {seconds.cold:.1f} s cold, {seconds.warm:.1f} s warm"
    )


def _workers(options: BenchmarkOptions) -> None:
    from benchmarks.startup import worker_gain

    gain = worker_gain(rows=options.rows)
    print_message(f"Speed-up by a second worker on {options.rows:,} medium regions, start-up included: {gain:.2f}")


def _memory(options: BenchmarkOptions) -> None:
    from benchmarks.startup import peak_memory

    del options
    print_message(f"Peak memory of a process that measures 800,000 pixels at 160 levels: {peak_memory():.0f} MB")


def _breasts(options: BenchmarkOptions) -> None:
    import tempfile
    from pathlib import Path

    from benchmarks.breasts import CORES, ENCODINGS, SIZES, breast_costs, hours
    from benchmarks.breasts_report import report_costs
    from radiomics_mammo.engines.registry import choose_engine, open_engine
    from radiomics_mammo.recipes.recipe import load_recipe

    engine = open_engine(choose_engine(options.engine)[0], load_recipe("breast"))
    engine.warm_up()
    total = len(SIZES) * len(ENCODINGS)
    with tempfile.TemporaryDirectory() as folder, progress(total, what="encodings") as advance:
        costs = breast_costs(engine, Path(folder), on_done=lambda name: advance(1, note=name))
    report_costs(costs)
    for cores in CORES:
        print_message(f"RSNA's 54,706 images on {cores} cores: about {hours(costs, cores=cores):.1f} hours")


if __name__ == "__main__":
    sys.exit(main())
