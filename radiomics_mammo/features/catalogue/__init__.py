"""The catalogue of features: what each column of a table holds, generated from the code that computes it.

``python -m radiomics_mammo.features.catalogue --check FILE`` tells whether a file is what the code says, ``--write
FILE`` makes it so. The readable copy is ``features/catalogue.csv``.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from rich.console import Console

from radiomics_mammo.errors import RadiomicsMammoError
from radiomics_mammo.features.catalogue.derived import (
    aggregated,
    aggregation_of,
    lattice_rows,
    of_filtered_image,
    summary_of,
    summed_up,
)
from radiomics_mammo.features.catalogue.rows import COLUMNS, Row, family_rows, parenchymal_rows
from radiomics_mammo.features.parenchyma.lattice import BEHIND
from radiomics_mammo.imaging.filters import describe_image_type
from radiomics_mammo.tables.atomic import write_bytes
from radiomics_mammo.tables.feature_table import feature_parts, is_feature_name

__all__ = ["COLUMNS", "catalogue", "catalogue_text", "describe", "main", "meaning"]


def catalogue() -> list[Row]:
    """One row a feature, in the order of the table's columns: of any region, of a breast, of its lattice.

    Returns
    -------
    list of dict of str to str
        Keys are ``COLUMNS``; ``name`` is the table's column, ``undefined`` is empty where the value never is null.
    """
    return [*family_rows(), *parenchymal_rows(), *lattice_rows()]


def describe(column: str) -> Row | None:
    """What the catalogue says of a column, also of one that it does not list because it is made of a listed one.

    Those are features of filtered images, quantiles of the lattice that a recipe asks for
    (``latticeP25_glcm_Contrast``), and what ``aggregate`` makes of images (``original-mean_glcm_Contrast``).

    Parameters
    ----------
    column : str
        A column's full name.

    Returns
    -------
    dict of str to str, or None
        Keys are ``COLUMNS``; None for a column that is not ours.
    """
    if column in _rows() or not is_feature_name(column):
        return _rows().get(column)
    over_images = aggregation_of(column)
    if over_images is not None:
        of_image = describe(over_images[0])
        return None if of_image is None else aggregated(of_image, over_images[1])
    prefix, family, feature = feature_parts(column)
    base = _rows().get(f"original_{family}_{feature}")
    image_type = describe_image_type(prefix)
    if base is not None and image_type is not None:
        return None if family == "shape2D" else of_filtered_image(base, prefix, image_type)
    if base is None or summary_of(prefix) is None or f"{BEHIND}_{family}_{feature}" not in _rows():
        return None
    return summed_up(base, prefix)


def meaning(column: str) -> str:
    """What a column means on a mammogram, in a radiologist's words; empty for a column that is not ours.

    Parameters
    ----------
    column : str
        A column's full name, such as ``original_glcm_Contrast``.
    """
    row = describe(column)
    return "" if row is None else row["meaning"]


def catalogue_text() -> str:
    """The catalogue as CSV text with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(catalogue())
    return text.getvalue()


@cache
def _rows() -> dict[str, Row]:
    return {row["name"]: row for row in catalogue()}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the catalogue, or check a written one.

    Returns
    -------
    int
        0 when written or equal, 1 when the file differs or cannot be written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.features.catalogue", description="Write features/catalogue.csv, or check it."
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", type=Path, metavar="FILE", help="write the catalogue to this CSV file")
    action.add_argument("--check", type=Path, metavar="FILE", help="exit with 1 unless this file is up to date")
    arguments = parser.parse_args(argv)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if arguments.check:
        return _check(arguments.check, console)
    try:
        write_bytes(arguments.write, catalogue_text().encode())
    except RadiomicsMammoError as error:
        console.print(str(error), markup=False)
        return 1
    return 0


def _check(path: Path, console: Console) -> int:
    try:
        found = path.read_bytes()
    except OSError as error:
        console.print(f"{path}: cannot be read ({error.strerror}). Check the path.", markup=False)
        return 1
    if found == catalogue_text().encode():
        return 0
    again = f"python -m radiomics_mammo.features.catalogue --write {path}"
    console.print(f"{path}: differs from the code. Run: {again}", markup=False)
    return 1
