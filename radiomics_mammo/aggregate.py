"""Aggregate a table of images to one row for each breast or patient, for compare."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from radiomics_mammo.cli.arguments import add_arguments, option, settings_from
from radiomics_mammo.cli.command import command_parser, run_command


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateOptions:
    """Options of the command."""

    tables: tuple[Path, ...] = option(
        positional=True,
        metavar="TABLE",
        help="table of images (Parquet or CSV) with patient_id, laterality, view; more tables are joined on case_id",
    )
    to: Literal["breast", "patient"] = option(help="what one row of the new table is")
    rules: str | None = option(
        None,
        metavar="RULE,...",
        help="see below (default: mean,max,difference for breasts; mean,max,asymmetry for patients)",
    )
    out: Path = option(metavar="OUT.parquet", help="table to write; .csv writes CSV with its metadata beside it")
    overwrite: bool = option(False, help="replace an existing table")


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    from radiomics_mammo.cli.aggregate_run import rules_text

    parser = command_parser("aggregate", description=__doc__, epilog=rules_text())
    add_arguments(parser, AggregateOptions)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    return run_command(lambda: _aggregate(settings_from(arguments, AggregateOptions)))


def _aggregate(options: AggregateOptions) -> int:
    from radiomics_mammo.cli.aggregate_run import aggregate_tables

    rules = None if options.rules is None else [rule.strip() for rule in options.rules.split(",")]
    return aggregate_tables(options.tables, options.out, level=options.to, rules=rules, overwrite=options.overwrite)


if __name__ == "__main__":
    sys.exit(main())
