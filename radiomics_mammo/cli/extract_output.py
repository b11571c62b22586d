"""What ``extract`` and ``embed`` say at their end: rows, seconds, files, the commonest failures."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.core.console import print_message
from radiomics_mammo.tables.failures import failures_path

if TYPE_CHECKING:
    from radiomics_mammo.extraction.run import Summary


def print_run_summary(summary: Summary, *, engine: str, out: Path) -> None:
    """Say how a run went.

    Parameters
    ----------
    summary : Summary
    engine : str
        The engine's name.
    out : pathlib.Path
        The table.
    """
    merged, seconds = summary.merged, summary.seconds
    if not summary.workers and summary.skipped == summary.cases and not seconds.write:
        print_message(
            f"Already complete: {merged.rows} rows, {len(merged.failures)} failures; "
            "--retry-failed tries those again, --overwrite makes all anew."
        )
    else:
        done = summary.cases - summary.skipped
        print_message(
            f"Done: {done} cases in {summary.elapsed_s:.1f} s ({summary.skipped} skipped: already there); "
            f"the table has {merged.rows} rows, {len(merged.failures)} failures."
        )
        share = f", summed over {summary.workers} workers" if summary.workers > 1 else ""
        print_message(
            f"  seconds   read {seconds.read:.1f}, prepare {seconds.prepare:.1f}, "
            f"extract {seconds.extract:.1f}, write {seconds.write:.1f}{share}"
        )
        if done > 1:
            print_message(f"  speed     {_speed(summary, done)}")
    print_message(f"  engine    {engine}, {summary.features} features" + (", PHANTOM images" if merged.phantom else ""))
    print_message(f"  table     {out}")
    print_message(f"  failures  {failures_path(out)}")
    kinds = Counter(failure.error for failure in merged.failures)
    for kind, number in kinds.most_common(3):
        example = next(failure for failure in merged.failures if failure.error == kind)
        where = f"{example.path}: " if example.path else ""
        print_message(f"  {number:5d} x {kind}, such as {example.case_id}: {where}{example.cause}. {example.remedy}")


def _speed(summary: Summary, done: int) -> str:
    workers = max(summary.workers, 1)
    many = f"{workers} processes were" if workers > 1 else "one process was"
    return f"{done / summary.elapsed_s:.3g} cases/s; {many} busy {100 * summary.busy:.0f}% of the time while measuring"
