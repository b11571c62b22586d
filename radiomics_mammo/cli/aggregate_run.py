"""One run of ``aggregate``."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from radiomics_mammo.core.console import print_message
from radiomics_mammo.errors import OutputError
from radiomics_mammo.tables.aggregation import metadata_rules
from radiomics_mammo.tables.aggregation.feature_rules import STATED
from radiomics_mammo.tables.atomic import make_folder
from radiomics_mammo.tables.csv_file import check_table_name
from radiomics_mammo.tables.failures import failures_path, read_failures
from radiomics_mammo.tables.feature_table import Table, read_table, write_table


def rules_text() -> str:
    """Return the rules for ``--help``."""
    lines = ["rules of the features (original_glcm_Contrast becomes original-mean_glcm_Contrast, and so on):"]
    for name, rule in STATED.items():
        lines += textwrap.wrap(f"{name}: {rule}", 110, initial_indent="  ", subsequent_indent="      ")
    lines.append("\nrules of the other columns:")
    for name, rule in metadata_rules.STATED.items():
        lines += textwrap.wrap(f"{name}: {rule}", 110, initial_indent="  ", subsequent_indent="      ")
    return "\n".join(lines)


def aggregate_tables(
    tables: Sequence[Path], out: Path, *, level: str, rules: Sequence[str] | None, overwrite: bool
) -> int:
    """Read tables of images, write the aggregated table, and print its content."""
    from radiomics_mammo.evaluation.cohort.join import read_joined
    from radiomics_mammo.tables.aggregation.table import aggregate_table
    from radiomics_mammo.tables.usual_names import with_usual_names

    _check_out(out, tables, overwrite=overwrite)
    images = read_table(tables[0], features_needed=False) if len(tables) == 1 else read_joined(tables)
    frame, renamed = with_usual_names(images.frame, ("laterality", "view"))
    images = replace(images, frame=frame, remarks=(*images.remarks, *renamed))
    result = aggregate_table(images, level=level, rules=rules)
    aggregated = result.provenance["aggregated"]
    provenance = {**result.provenance, "aggregated": {**aggregated, "sources": _sources(tables)}}
    make_folder(out.parent)
    write_table(result.frame, out, provenance=provenance)
    if _is_simulated(result, provenance):
        print_message("PHANTOM: simulated images, no clinical performance.")
    for remark in (*result.remarks, *_failures(tables)):
        print_message(f"note: {remark}")
    units = {"breast": "breasts", "patient": "patients"}[level]
    print_message(
        f"{len(images.frame)} rows, {len(result.frame)} {units}, {len(result.features)} features "
        f"({', '.join(aggregated['rules'])} of {len(images.features)}): {out}"
    )
    return 0


def _check_out(out: Path, tables: Sequence[Path], *, overwrite: bool) -> None:
    check_table_name(out)
    if not out.exists():
        return
    if any(table.exists() and out.samefile(table) for table in tables):
        raise OutputError("this is one of the tables to read", path=out, remedy="Name another --out.")
    if not overwrite:
        raise OutputError("this file exists", path=out, remedy="Replace it with --overwrite, or name another --out.")


def _failures(paths: Sequence[Path]) -> list[str]:
    """State how many images extract could not measure: a unit without any other image has no row."""
    remarks = []
    for path in map(failures_path, paths):
        failures = read_failures(path) if path.is_file() else []
        if failures:
            count = f"{len(failures)} image{'s' if len(failures) > 1 else ''}"
            remarks.append(
                f"{count} failed ({path.name}); units without another image have no row (first: {failures[0].case_id})"
            )
    return remarks


def _sources(paths: Sequence[Path]) -> list[dict[str, str]]:
    sources = []
    for path in paths:
        with path.open("rb") as handle:
            sources.append({"name": path.name, "sha256": hashlib.file_digest(handle, "sha256").hexdigest()})
    return sources


def _is_simulated(table: Table, provenance: Mapping[str, Any]) -> bool:
    column = table.frame.get("phantom")
    return bool(provenance.get("phantom")) or (column is not None and bool(column.fillna(False).any()))
