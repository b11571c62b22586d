"""Run extract, embed, compare and report on simulated mammograms, each as its own command.

Mammograms with masses are simulated and written as a download of CBIS-DDSM. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.cli.arguments import add_arguments, at_least, option, settings_from
from radiomics_mammo.cli.command import command_parser, run_command

EPILOG = "Simulated images show that the software works; their results say nothing about real lesions."


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Options of the command."""

    out: Path = option(Path("demo"), metavar="FOLDER", help="folder for all results")
    patients: int = option(
        40,
        metavar="N",
        help="patients to simulate; each has one to several masses, each in two views",
        check=at_least(1),
    )
    seed: int = option(2026, metavar="S", help="seed of the simulation", check=at_least(0))


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = command_parser("demo", description=__doc__, epilog=EPILOG)
    add_arguments(parser, DemoOptions)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, or that of the step that failed."""
    arguments = build_parser().parse_args(argv)
    return run_command(lambda: _demo(settings_from(arguments, DemoOptions)))


def _demo(options: DemoOptions) -> int:
    from radiomics_mammo.cli.demo_run import run_demo

    return run_demo(options.out, patients=options.patients, seed=options.seed)


if __name__ == "__main__":
    sys.exit(main())
