"""Stamps of a table's files beside it: what need not be read again to know that it is the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from radiomics_mammo.tables.atomic import write_bytes


def stamps_path(table: Path) -> Path:
    """Return the path of a table's stamps: ``cases.parquet.stamps.json`` for ``cases.parquet``."""
    return table.with_name(table.name + ".stamps.json")


def read_stamps(table: Path) -> dict[str, str]:
    """Read the fingerprints by their stamps; none where the file is lost or damaged: files are then read again."""
    try:
        record = json.loads(stamps_path(table).read_bytes())
        return {str(stamp): str(fingerprint) for stamp, fingerprint in record.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def write_stamps(table: Path, stamps: Mapping[str, str]) -> None:
    """Write the fingerprints by their stamps, where they are others than those on disk and there are files at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    of_files = {stamp: fingerprint for stamp, fingerprint in stamps.items() if stamp != fingerprint}
    if of_files != read_stamps(table):
        write_bytes(stamps_path(table), json.dumps(of_files).encode(), note="The feature table is written.")
