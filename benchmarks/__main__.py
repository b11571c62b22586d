"""Compare this package's speed with its peers' on this machine.

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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from radiomics_mammo.compute.device import Device

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
PARTS = ("speed", "startup", "workers", "memory")
WHOLE = "breasts"
"""A part that is run only when it is named."""
DESCRIPTION = """\
Measures, one thread each and taking turns in the same run, milliseconds a region and the ratio to pyradiomics (and to
pictologics, where another interpreter has it), for small (5,000 mask pixels), medium (60,000) and large (800,000)
regions; then start-up, the gain of a second worker, and peak memory. With --engine cuda: time a region over batch
sizes, stage by stage, beside the cpu engine and pyradiomics; with --verify also whether the numbers are right.
"""
EPILOG = """\
The regions are simulated. Ratios hold from one machine to another; milliseconds do not.
pictologics needs Python 3.12: python3.12 -m venv PEER; PEER/bin/pip install pictologics;
then --pictologics PEER/bin/python.
"""


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--engine", choices=("cpu", "cuda"), default="cpu", help="what is measured (default: cpu)")
    parser.add_argument(
        "--only", choices=(*PARTS, WHOLE), nargs="+", default=PARTS, help="parts to run (default: all but breasts)"
    )
    parser.add_argument("--sizes", choices=("small", "medium", "large"), nargs="+", help="sizes (default: all)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of the race (default: 5)")
    parser.add_argument("--pictologics", metavar="PYTHON", help="an interpreter that has pictologics")
    parser.add_argument("--rows", type=int, default=3_000, metavar="N", help="rows of the workers' race")
    gpu = parser.add_argument_group("with --engine cuda")
    gpu.add_argument(
        "--verify", action="store_true", help="compare with the cpu engine: counts to the bit, features, a second run"
    )
    gpu.add_argument(
        "--manifest",
        action="append",
        default=[],
        metavar="CASES.csv",
        help="verify these images, too (may be repeated)",
    )
    gpu.add_argument("--batches", type=int, nargs="+", metavar="N", help="batch sizes (default: 1 to 4,096)")
    gpu.add_argument("--no-speed", action="store_true", help="only verify")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; gives the exit code."""
    arguments = build_parser().parse_args(argv)
    for name in THREADS:  # before NumPy is imported: its libraries read them once
        os.environ[name] = "1"
    from radiomics_mammo.core.console import run_command

    return run_command(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.core.console import print_message

    print_message(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; simulated regions"
    )
    if arguments.engine == "cuda" and WHOLE not in arguments.only:
        return _cuda(arguments)
    parts: dict[str, Callable[[argparse.Namespace], None]] = {
        "speed": _speed,
        "startup": _startup,
        "workers": _workers,
        "memory": _memory,
        WHOLE: _breasts,
    }
    for name in arguments.only:
        parts[name](arguments)
    return 0


def open_gpu() -> Device:
    """The GPU, or an error that says what is missing."""
    from radiomics_mammo.engines.registry import choose_engine

    choose_engine("cuda")
    from radiomics_mammo.compute.cupy_device import CudaDevice

    return CudaDevice()


def _cuda(arguments: argparse.Namespace) -> int:
    from benchmarks.cuda_report import report_speed, report_verification
    from benchmarks.cuda_speed import BATCHES
    from benchmarks.workload import SIZES, regions
    from radiomics_mammo.readers import open_reader

    device = open_gpu()
    sizes = [size for size in SIZES if not arguments.sizes or size.name in arguments.sizes]
    well = True
    if arguments.verify:
        sets = {f"simulated, {size.name}": regions(size) for size in sizes}
        for path in arguments.manifest:
            reader = open_reader({"reader": "manifest", "path": path})
            sets[path] = [sample for case in reader.cases() for sample in reader.load(case)]
        well = report_verification(device, sets)
    if not arguments.no_speed:
        report_speed(device, sizes=sizes, batches=arguments.batches or BATCHES, rounds=arguments.rounds)
    return 0 if well else 1


def _speed(arguments: argparse.Namespace) -> None:
    from rich.table import Table

    from benchmarks.peers import Contestant, OneByOne, Pictologics, Pyradiomics, Tables
    from benchmarks.speed import race
    from benchmarks.workload import SETTINGS, SIZES
    from radiomics_mammo.core.console import print_message, print_table, progress

    sizes = [size for size in SIZES if not arguments.sizes or size.name in arguments.sizes]
    contestants: dict[str, Contestant] = {"tables": Tables(), "execute": OneByOne(), "pyradiomics": Pyradiomics()}
    peer = Pictologics(arguments.pictologics) if arguments.pictologics else None
    if peer is not None:
        contestants["pictologics"] = peer
    try:
        with progress(len(sizes) * len(SETTINGS), what="Racing") as advance:
            cells = race(
                contestants,
                sizes,
                rounds=arguments.rounds,
                reference="tables",
                on_done=lambda name: advance(1, note=name),
            )
    finally:
        if peer is not None:
            peer.close()
    table = Table(box=None)
    table.add_column("regions", no_wrap=True)
    for name in contestants:
        table.add_column(f"{name}\nms", justify="right", no_wrap=True)
    for name in list(contestants)[2:]:
        table.add_column(f"{name}\n/ tables", justify="right", no_wrap=True)
    table.add_column("/ execute", justify="right", no_wrap=True)
    for cell in cells:
        row = [f"{cell.size}, {cell.setting}", *(f"{cell.milliseconds[name]:.2f}" for name in contestants)]
        row += [f"{cell.ratios[name]:.1f}x" for name in list(contestants)[2:]]
        table.add_row(*row, f"{cell.ratios['pyradiomics'] / cell.ratios['execute']:.1f}x")
    print_message(
        "Milliseconds a region; how many times longer the others took than tables (extract), pyradiomics than execute"
    )
    print_table(table)


def _startup(arguments: argparse.Namespace) -> None:
    from benchmarks.startup import startup
    from radiomics_mammo.core.console import print_message

    del arguments
    taken = startup()
    print_message(f"From the command to a finished table of one row: {taken.cold:.1f} s cold, {taken.warm:.1f} s warm")


def _workers(arguments: argparse.Namespace) -> None:
    from benchmarks.startup import worker_gain
    from radiomics_mammo.core.console import print_message

    gain = worker_gain(rows=arguments.rows)
    print_message(
        f"Two workers finish {arguments.rows:,} medium regions {gain:.2f} times as fast as one, start-up included"
    )


def _memory(arguments: argparse.Namespace) -> None:
    from benchmarks.startup import peak_memory
    from radiomics_mammo.core.console import print_message

    del arguments
    print_message(f"Peak memory of a process that measures 800,000 pixels at 160 levels: {peak_memory():.0f} MB")


def _breasts(arguments: argparse.Namespace) -> None:
    import tempfile
    from pathlib import Path

    from benchmarks.breasts import CORES, ENCODINGS, SIZES, breast_costs, hours
    from benchmarks.breasts_report import report_costs
    from radiomics_mammo.core.console import print_message, progress
    from radiomics_mammo.engines.registry import choose_engine, open_engine
    from radiomics_mammo.recipes.recipe import load_recipe

    engine = open_engine(choose_engine(arguments.engine)[0], load_recipe("breast"))
    engine.warm_up()
    total = len(SIZES) * len(ENCODINGS)
    with tempfile.TemporaryDirectory() as folder, progress(total, what="trees") as advance:
        costs = breast_costs(engine, Path(folder), on_done=lambda name: advance(1, note=name))
    report_costs(costs)
    for cores in CORES:
        print_message(f"RSNA's 54,706 images on {cores} such cores: about {hours(costs, cores=cores):.1f} hours")


if __name__ == "__main__":
    sys.exit(main())
