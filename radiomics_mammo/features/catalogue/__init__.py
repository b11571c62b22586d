"""The catalogue of features: what each column of a table holds, generated from the code that computes it.

``python -m radiomics_mammo.features.catalogue --write FILE`` writes it, ``--check FILE`` compares. The copy to read is
``features/catalogue.csv``.
"""

from __future__ import annotations

import csv
import io
from functools import cache

from radiomics_mammo.features.catalogue.derived import (
    aggregated,
    aggregation_of,
    lattice_rows,
    of_filtered_image,
    summary_of,
    summed_up,
)
from radiomics_mammo.features.catalogue.rows import COLUMNS, Row, family_rows, parenchymal_rows
from radiomics_mammo.features.parenchyma.lattice import RETROAREOLAR
from radiomics_mammo.imaging.filters import describe_image_type
from radiomics_mammo.tables.feature_table import feature_parts, is_feature_name

__all__ = ["COLUMNS", "catalogue", "catalogue_text", "describe", "meaning"]


def catalogue() -> list[Row]:
    """List one row a feature, in the order of the table's columns."""
    return [*family_rows(), *parenchymal_rows(), *lattice_rows()]


def describe(column: str) -> Row | None:
    """Return the row of a column, listed or derived; None for another column.

    Derived are features of filtered images, other quantiles of the lattice (``latticeP25_glcm_Contrast``) and the
    columns of ``aggregate`` (``original-mean_glcm_Contrast``).
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
    if base is None or summary_of(prefix) is None or f"{RETROAREOLAR}_{family}_{feature}" not in _rows():
        return None
    return summed_up(base, prefix)


def meaning(column: str) -> str:
    """Return the meaning of a column on a mammogram; empty if it is not listed."""
    row = describe(column)
    return "" if row is None else row["meaning"]


def catalogue_text() -> str:
    """Format the catalogue as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(catalogue())
    return text.getvalue()


@cache
def _rows() -> dict[str, Row]:
    return {row["name"]: row for row in [*catalogue(), *family_rows(optional=True)]}
