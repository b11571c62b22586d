"""Command: a table of images becomes one of breasts (RSNA's unit of prediction) or of women."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radiomics_mammo.tables.feature_table import Table

DESCRIPTION = (
    "Make one row of each breast or woman out of a table with one row an image, so that compare predicts what a "
    "screening programme asks. The same tables and options give the same file."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        The command line without the program's name.

    Returns
    -------
    int
        0; 2 after an error, which is said in one line.
    """
    arguments = _parser().parse_args(argv)
    from radiomics_mammo.core.console import run_command

    return run_command(lambda: _aggregate(arguments))


def _parser() -> argparse.ArgumentParser:
    from radiomics_mammo.tables.aggregation.feature_rules import USUAL
    from radiomics_mammo.tables.aggregation.grouping import LEVELS

    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.aggregate",
        description=DESCRIPTION,
        epilog=rules_in_words(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tables",
        type=Path,
        nargs="+",
        metavar="TABLE",
        help="table of images, Parquet or CSV, with patient_id, laterality and view; further ones (embeddings, "
        "clinical) are joined on case_id. A single clinical table needs no features",
    )
    parser.add_argument("--to", choices=LEVELS, required=True, help="what a row of the new table is")
    parser.add_argument(
        "--rules",
        metavar="RULE,…",
        help="of the features, see below (default: "
        + "; ".join(f"{','.join(rules)} for a {level}" for level, rules in USUAL.items())
        + ")",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="OUT.parquet", help="the table to write")
    parser.add_argument("--overwrite", action="store_true", help="replace a table that is there already")
    return parser


def rules_in_words() -> str:
    """State the rules as ``--help`` shows them."""
    import textwrap

    from radiomics_mammo.tables.aggregation import metadata_rules
    from radiomics_mammo.tables.aggregation.feature_rules import STATED

    lines = ["rules of the features (original_glcm_Contrast becomes original-mean_glcm_Contrast, and so on):"]
    for name, said in STATED.items():
        lines += textwrap.wrap(f"{name}: {said}", 110, initial_indent="  ", subsequent_indent="      ")
    lines.append("\nrules of the other columns:")
    for name, said in metadata_rules.STATED.items():
        lines += textwrap.wrap(f"{name}: {said}", 110, initial_indent="  ", subsequent_indent="      ")
    return "\n".join(lines)


def _aggregate(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.core.console import print_message
    from radiomics_mammo.extraction.checkpoint import make_folder
    from radiomics_mammo.tables.aggregation.table import aggregate_table
    from radiomics_mammo.tables.feature_table import write_table

    out: Path = arguments.out
    _refuse_out(out, arguments.tables, overwrite=arguments.overwrite)
    table = _read(arguments.tables)
    rules = None if arguments.rules is None else [rule.strip() for rule in arguments.rules.split(",")]
    made = aggregate_table(table, level=arguments.to, rules=rules)
    stated = made.provenance["aggregated"]
    said = {**made.provenance, "aggregated": {**stated, "sources": _sources(arguments.tables)}}
    make_folder(out.parent)
    write_table(made.frame, out, provenance=said)
    if _simulated(made, said):
        print_message("phantom: simulated images, no clinical performance")
    for remark in (*made.remarks, *_failed(arguments.tables)):
        print_message(f"note: {remark}")
    units = {"breast": "breasts", "woman": "women"}[arguments.to]
    print_message(
        f"{len(table.frame)} rows, {len(made.frame)} {units}, {len(made.features)} features "
        f"({', '.join(stated['rules'])} of {len(table.features)}): {out}"
    )
    return 0


def _refuse_out(out: Path, tables: Sequence[Path], *, overwrite: bool) -> None:
    from radiomics_mammo.errors import InputError, OutputError

    if out.suffix != ".parquet":
        raise InputError("tables are written as Parquet", path=out, remedy="Let --out end in .parquet.")
    if not out.exists():
        return
    if any(table.exists() and out.samefile(table) for table in tables):
        raise OutputError("is a table that is read", path=out, remedy="Name another --out.")
    if not overwrite:
        raise OutputError("is there already", path=out, remedy="Give --overwrite to replace it, or another --out.")


def _read(paths: Sequence[Path]) -> Table:
    from radiomics_mammo.evaluation.cohort.join import read_joined
    from radiomics_mammo.tables.feature_table import read_table

    return read_table(paths[0], features_needed=False) if len(paths) == 1 else read_joined(paths)


def _failed(paths: Sequence[Path]) -> list[str]:
    """Say what extract could not measure: a breast or woman none of whose images was measured has no row."""
    from radiomics_mammo.tables.failures import failures_path, read_failures

    remarks = []
    for path in map(failures_path, paths):
        failures = read_failures(path) if path.is_file() else []
        if failures:
            count = f"{len(failures)} image{'s' if len(failures) > 1 else ''}"
            remarks.append(
                f"{count} failed ({path.name}); who has no other image has no row (first: {failures[0].case_id})"
            )
    return remarks


def _sources(paths: Sequence[Path]) -> list[dict[str, str]]:
    found = []
    for path in paths:
        with path.open("rb") as handle:
            found.append({"name": path.name, "sha256": hashlib.file_digest(handle, "sha256").hexdigest()})
    return found


def _simulated(made: Table, said: Mapping[str, Any]) -> bool:
    column = made.frame.get("phantom")
    return bool(said.get("phantom")) or (column is not None and bool(column.fillna(False).any()))


if __name__ == "__main__":
    sys.exit(main())
