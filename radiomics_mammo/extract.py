"""Compute radiomic features of mammograms and write them as a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from radiomics_mammo.cli.arguments import settings_from
from radiomics_mammo.cli.command import command_parser, run_command, survive_crashes
from radiomics_mammo.cli.extract_options import EPILOG, ExtractOptions, FileOptions, OverviewOptions
from radiomics_mammo.cli.reader_options import TableOptions, add_readers, chosen_reader


# Heavy imports are inside the functions: workers import this module again, and --help should be fast.
def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = command_parser("extract", description=__doc__, epilog=EPILOG)
    settings = (ExtractOptions, OverviewOptions, TableOptions)
    add_readers(parser, lambda spec: (*settings, FileOptions) if spec.writers else settings)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    return run_command(lambda: _extract(arguments))


def _extract(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.cli.extract_run import extract_features, print_overview, write_files

    chosen = chosen_reader(arguments)
    options, overview = settings_from(arguments, ExtractOptions), settings_from(arguments, OverviewOptions)
    files = settings_from(arguments, FileOptions)
    if files.write_tree is not None:
        return write_files(chosen, files, overview=overview)
    if overview.summary is not None or overview.preview is not None:
        return print_overview(chosen, options, overview)
    return extract_features(chosen, options)


if __name__ == "__main__":
    sys.exit(survive_crashes(main))
