"""Compare models on feature tables by nested cross-validation grouped by patient, and write a run folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from radiomics_mammo.cli.arguments import add_arguments, settings_from
from radiomics_mammo.cli.command import command_parser, run_command
from radiomics_mammo.cli.compare_options import EPILOG, CompareOutput, RunConfig


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = command_parser("compare", description=__doc__, epilog=EPILOG)
    add_arguments(parser, RunConfig, CompareOutput)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    return run_command(lambda: _compare(arguments))


def _compare(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.cli.compare_output import print_files, print_results
    from radiomics_mammo.cli.compare_run import run_comparison

    output = settings_from(arguments, CompareOutput)
    run = run_comparison(settings_from(arguments, RunConfig), out=output.out, overwrite=output.overwrite)
    print_results(run.info, run.study)
    print_files(run.info, out=output.out, seconds=run.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
