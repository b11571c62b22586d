"""Score new cases with the final, calibrated model of a comparison."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from radiomics_mammo.cli.arguments import add_arguments, settings_from
from radiomics_mammo.cli.command import command_parser, run_command
from radiomics_mammo.cli.predict_options import EPILOG, PredictOptions


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = command_parser("predict", description=__doc__, epilog=EPILOG)
    add_arguments(parser, PredictOptions)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    return run_command(lambda: _predict(settings_from(arguments, PredictOptions)))


def _predict(options: PredictOptions) -> int:
    from radiomics_mammo.cli.predict_run import predict_cases

    return predict_cases(options)


if __name__ == "__main__":
    sys.exit(main())
