"""Output of the benchmark of whole mammograms."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from benchmarks.breasts import COLLECTION_GB, ENCODINGS, REAL_SHARE, Cost
from radiomics_mammo.core.console import print_message, print_table


def report_costs(costs: Sequence[Cost]) -> None:
    """Print seconds an image, and images a second and core with and without decoding."""
    table = Table(box=None)
    table.add_column("image", no_wrap=True)
    for name in ("load, raw", *(f"decode, {encoding}" for encoding in ENCODINGS[1:]), "measure"):
        table.add_column(f"{name}\ns", justify="right")
    table.add_column("images/s a core\nall", justify="right")
    table.add_column("\ndecoded", justify="right")
    for cost in costs:
        row = [f"{cost.rows} x {cost.columns}", f"{cost.load['raw']:.2f}"]
        row += [f"{cost.decode(encoding):.2f}" for encoding in ENCODINGS[1:]]
        row += [f"{cost.measure:.2f}", f"{1 / cost.total(REAL_SHARE):.2f}", f"{1 / cost.total({'raw': 1.0}):.2f}"]
        table.add_row(*row)
    shares = " and ".join(f"{100 * share:.0f}% {encoding}" for encoding, share in REAL_SHARE.items())
    print_message(f"Median seconds of one core for an image (load: read and prepare the breast); all: {shares}")
    print_table(table)
    print_message(
        f"Files come from memory here: what a disk or network takes to read RSNA's {COLLECTION_GB} GB is not in it"
    )
