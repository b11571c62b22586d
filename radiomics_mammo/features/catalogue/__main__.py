"""``python -m radiomics_mammo.features.catalogue``: write the catalogue, or check a written one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from radiomics_mammo.errors import RadiomicsMammoError
from radiomics_mammo.features.catalogue import catalogue_text
from radiomics_mammo.tables.atomic import write_bytes


def main(argv: Sequence[str] | None = None) -> int:
    """Write the catalogue, or check a written one; 1 where it differs, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.features.catalogue", description="Write features/catalogue.csv, or check it."
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", type=Path, metavar="FILE", help="write the catalogue to this CSV file")
    action.add_argument("--check", type=Path, metavar="FILE", help="exit with 1 unless this file is up to date")
    arguments = parser.parse_args(argv)
    message = _check(arguments.check) if arguments.check else _write(arguments.write)
    if message:
        sys.stderr.write(f"{message}\n")
    return int(bool(message))


def _write(path: Path) -> str:
    try:
        write_bytes(path, catalogue_text().encode())
    except RadiomicsMammoError as error:
        return str(error)
    return ""


def _check(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror}). Check the path."
    if content == catalogue_text().encode():
        return ""
    return f"{path}: differs from the code. Run: python -m radiomics_mammo.features.catalogue --write {path}"


if __name__ == "__main__":
    sys.exit(main())
