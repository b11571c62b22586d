"""Write the table of ``extract`` or ``embed``, and print a summary of the run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from radiomics_mammo.cli.reader_options import TableOptions
from radiomics_mammo.core.console import print_message
from radiomics_mammo.extraction.error_log import log_path
from radiomics_mammo.extraction.run import Options, Setup, Summary, extract_table
from radiomics_mammo.readers import regions_of
from radiomics_mammo.readers.base import Reader
from radiomics_mammo.readers.spacing_required import SpacingRequired
from radiomics_mammo.tables.failures import failures_path


def write_rows(
    reader: Reader, setup: Setup, *, table: TableOptions, out: Path, workers: int, timeline: Path | None = None
) -> int:
    """Compute the rows and write the table; return 0 where it has rows, else 1."""
    options = Options(
        out,
        workers,
        table.limit,
        overwrite=table.overwrite,
        retry_failed=table.retry_failed,
        timeline=timeline,
        only_present=table.only_present,
    )
    regions = regions_of(reader)
    if table.require_spacing:
        reader = SpacingRequired(reader)
    summary = extract_table(reader, setup=setup, options=options)
    print_run_summary(summary, engine=setup.engine, out=out, regions=regions)
    return 0 if summary.merged.rows else 1


def print_run_summary(summary: Summary, *, engine: str, out: Path, regions: str = "") -> None:
    """Print rows, seconds, kinds of regions, files and the most frequent failures."""
    merged, seconds = summary.merged, summary.seconds
    if not summary.workers and summary.skipped == summary.cases and not seconds.write:
        print_message(
            f"Already complete: {merged.rows} rows, {len(merged.failures)} failures; "
            "--retry-failed repeats the failed cases, --overwrite repeats all."
        )
    else:
        done = summary.cases - summary.skipped
        print_message(
            f"Done: {done} cases in {summary.elapsed_s:.1f} s ({summary.skipped} skipped: already there); "
            f"the table has {merged.rows} rows, {len(merged.failures)} failures."
        )
        total = f", summed over {summary.workers} workers" if summary.workers > 1 else ""
        print_message(
            f"  seconds   read {seconds.read:.1f}, prepare {seconds.prepare:.1f}, "
            f"extract {seconds.extract:.1f}, write {seconds.write:.1f}{total}"
        )
        if done > 1:
            workers = max(summary.workers, 1)
            processes = f"{workers} processes were" if workers > 1 else "one process was"
            print_message(
                f"  speed     {done / summary.elapsed_s:.3g} cases/s; {processes} busy "
                f"{100 * summary.busy:.0f}% of the time while measuring"
            )
    print_message(f"  engine    {engine}, {summary.features} features" + (", PHANTOM images" if merged.phantom else ""))
    if regions:
        print_message(f"  regions   {regions}")
    if 0 < merged.in_pixels < merged.rows:
        print_message(
            f"  spacing   unknown in {merged.in_pixels} of {merged.rows} rows: their sizes are in pixels, and those of "
            "the others in millimetres; --require-spacing makes failures of them"
        )
    for note, number in Counter(merged.notes).most_common(5):
        print_message(f"  note      {number} x {note}")
    print_message(f"  table     {out}")
    print_message(f"  failures  {failures_path(out)}")
    if log_path(out).exists():
        print_message(f"  log       {log_path(out)}: tracebacks of unexpected errors")
    kinds = Counter(failure.error for failure in merged.failures)
    for kind, number in kinds.most_common(3):
        example = next(failure for failure in merged.failures if failure.error == kind)
        where = f"{example.path}: " if example.path else ""
        print_message(f"  {number:5d} x {kind}, such as {example.case_id}: {where}{example.cause}. {example.remedy}")
