"""Write the report of a run as one self-contained HTML page, the page of one case, or a comparison of two runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from radiomics_mammo.cli.arguments import add_arguments, settings_from
from radiomics_mammo.cli.command import command_parser, run_command
from radiomics_mammo.cli.report_options import EPILOG, ReportOptions


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = command_parser("report", description=__doc__, epilog=EPILOG)
    add_arguments(parser, ReportOptions)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    return run_command(lambda: _report(settings_from(arguments, ReportOptions)))


def _report(options: ReportOptions) -> int:
    from radiomics_mammo.cli.report_run import write_case_page, write_comparison_page, write_report

    options.check_output()
    if options.other is not None:
        return write_comparison_page(options.run, options.other, out=options.out)
    if options.case is not None:
        return write_case_page(options.run, options.case, out=options.out)
    return write_report(options.run, out=options.out, parts=options.parts)


if __name__ == "__main__":
    sys.exit(main())
