"""Check that feature values are right on this machine, and measure how fast they are computed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from radiomics_mammo.cli.arguments import above, add_arguments, option, settings_from
from radiomics_mammo.cli.command import command_parser, run_command

EPILOG = """\
All features of a few simulated regions are compared with values that pyradiomics computed and that are stored with
this package. The regions are the same on every machine. Rows per second are those of one process, compilation of
kernels not counted.

exit codes: 0 all values agree, 1 some differ, 2 the engine cannot run on this machine
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """Options of the command."""

    engine: Literal["auto", "cpu", "cuda", "pyradiomics"] | None = option(
        None, help="engine to check (default: every engine that can run on this machine)"
    )
    seconds: float = option(1.0, help="time for which the speed of each engine is measured", check=above(0))


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = command_parser("verify", description=__doc__, epilog=EPILOG)
    add_arguments(parser, VerifyOptions)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    return run_command(lambda: _verify(settings_from(arguments, VerifyOptions)))


def _verify(options: VerifyOptions) -> int:
    from radiomics_mammo.cli.verification import available_engines, print_verifications, verify_engine

    engines = [options.engine] if options.engine else available_engines()
    results = [verify_engine(engine, seconds=options.seconds) for engine in engines]
    print_verifications(results)
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
