"""The feature table: its column names, its schema, its provenance, reading and writing it.

One row a case, in Parquet: identity columns first, then the features in float64, undefined ones null. The
file's metadata holds the provenance as JSON under ``radiomics_mammo``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from radiomics_mammo.core.column_names import is_identifier
from radiomics_mammo.core.input_table import read_frame
from radiomics_mammo.core.records import Sample, Scalar
from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.arrow import ARROW_TYPES
from radiomics_mammo.tables.csv_file import metadata_path, read_csv_metadata, unescaped_frame
from radiomics_mammo.tables.table_file import read_arrow, read_metadata, table_file
from radiomics_mammo.tables.usual_names import with_usual_names

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 2
PROVENANCE_KEY = b"radiomics_mammo"


@dataclass(frozen=True, slots=True)
class IdentityColumn:
    """A column before the features: its name, its type, and its value for a sample."""

    name: str
    kind: type
    value: Callable[[Sample], Scalar]


IDENTITY_COLUMNS = (
    IdentityColumn("case_id", str, lambda sample: sample.case_id),
    IdentityColumn("patient_id", str, lambda sample: sample.patient_id),
    IdentityColumn("notes", str, lambda sample: "; ".join(sample.notes)),
    IdentityColumn("phantom", bool, lambda sample: bool(sample.phantom)),
    IdentityColumn("spacing_row_mm", float, lambda sample: sample.spacing[0] if sample.spacing else None),
    IdentityColumn("spacing_column_mm", float, lambda sample: sample.spacing[1] if sample.spacing else None),
    IdentityColumn("spacing_unit", str, lambda sample: "mm" if sample.spacing else "pixel"),
    IdentityColumn("presentation_intent_type", str, lambda sample: sample.presentation_intent_type or None),
    IdentityColumn("image_rows", int, lambda sample: sample.image.shape[0]),
    IdentityColumn("image_columns", int, lambda sample: sample.image.shape[1]),
    IdentityColumn("mask_pixels", int, lambda sample: int(np.count_nonzero(sample.mask))),
    IdentityColumn("image_path", str, lambda sample: sample.image_path),
    IdentityColumn("mask_path", str, lambda sample: sample.mask_path),
)
"""Every table has them; the reader's own columns stand behind the two ids."""
N_IDS = 2
RESERVED = tuple(column.name for column in IDENTITY_COLUMNS)

_FEATURE = re.compile(r"(?P<filter>[a-z][A-Za-z0-9.-]*)_(?P<family>[a-z][A-Za-z0-9]*)_(?P<feature>\d*[A-Z]\w*)")
_EMBEDDED = re.compile(r"emb[A-Z]")
# First words of columns that look like features and are not: pyradiomics' diagnostics, and what other
# tools make of identity columns (``mass_shape_ROUND``).
_NOT_FILTERS = frozenset({"diagnostics", "mass", "calc", "breast", "abnormality", "image", "mask", "patient"})


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A feature table in memory.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a case; identity columns, then features (float64, undefined is NaN).
    features : tuple of str
        The feature columns, in table order.
    provenance : dict
        How the table was computed, as ``extract`` wrote it; empty for tables of other tools.
    remarks : tuple of str
        Notes on columns and rows that were left out where tables were joined.
    """

    frame: pd.DataFrame
    features: tuple[str, ...]
    provenance: dict[str, Any]
    remarks: tuple[str, ...] = ()


def plain(name: str) -> str:
    """Return a column's name in lower case, ``_`` for spaces."""
    return "_".join(name.lower().split())


def is_feature_name(name: str) -> bool:
    """Return whether a column is named ``<filter>_<family>_<Feature>``, as pyradiomics and embed do."""
    return _parts(name) is not None


def is_embedding(name: str) -> bool:
    """Return whether a column holds a network's output: ``crop_embEfficientnetLite0_E0001``."""
    match = _FEATURE.fullmatch(name)
    return match is not None and _EMBEDDED.match(match["family"]) is not None


def embedder_of(name: str) -> str:
    """Return the prefix of an embedder's columns, such as ``crop_embEfficientnetLite0``."""
    return name.rpartition("_")[0]


def feature_parts(name: str) -> tuple[str, str, str]:
    """Parse ``original_glcm_Contrast`` into ``("original", "glcm", "Contrast")``.

    Raises
    ------
    ValueError
        The name is not a feature's.
    """
    match = _parts(name)
    if match is None:
        raise ValueError(f"{name!r} is not a feature name such as original_glcm_Contrast")
    return match["filter"], match["family"], match["feature"]


def _parts(name: str) -> re.Match[str] | None:
    match = _FEATURE.fullmatch(name)
    if match is None or (match["filter"] in _NOT_FILTERS and not _EMBEDDED.match(match["family"])):
        return None
    return match


def identity_columns(columns: Sequence[tuple[str, type]]) -> tuple[tuple[str, type], ...]:
    """Return names and Python types of all columns before the features, given the reader's own.

    Raises
    ------
    InputError
        A reader's column has a reserved name, a feature's name, an unknown type, or comes twice.
    """
    seen: set[str] = set()
    for name, kind in columns:
        if name in RESERVED or name in seen or is_feature_name(name):
            raise InputError(
                f"the column {name!r} would stand twice in the feature table",
                remedy=f"Rename it; reserved are {', '.join(RESERVED)} and feature names.",
            )
        if kind not in ARROW_TYPES:
            raise InputError(f"the column {name!r} has the type {kind.__name__}", remedy="Use str, int, float or bool.")
        seen.add(name)
    always = [(column.name, column.kind) for column in IDENTITY_COLUMNS]
    return (*always[:N_IDS], *columns, *always[N_IDS:])


def identity_values(sample: Sample, reader_values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the identity columns of a sample's row, the reader's own among them."""
    always = [(column.name, column.value(sample)) for column in IDENTITY_COLUMNS]
    return {**dict(always[:N_IDS]), **reader_values, **dict(always[N_IDS:])}


def write_table(frame: pd.DataFrame, path: str | Path, *, provenance: Mapping[str, Any]) -> None:
    """Write a data frame as a feature table that :func:`read_table` reads back, atomically.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a case; NaN in a feature column is written as null.
    path : str or pathlib.Path
        A Parquet file, or a CSV file where it ends in ``.csv``.
    provenance : mapping
        As in :attr:`Table.provenance`; ``features`` is filled in from the column names where it is absent.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    features = tuple(provenance.get("features") or filter(is_feature_name, map(str, frame.columns)))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    record = encode({**provenance, "features": list(features)})
    with table_file(
        path, schema=table.schema, features=features, metadata={PROVENANCE_KEY: record}, n_bytes=table.nbytes
    ) as write:
        write(table.replace_schema_metadata({PROVENANCE_KEY: record}))


def read_table(path: str | Path, *, features_needed: bool = True) -> Table:
    """Read a feature table: ours, or any table with columns named as pyradiomics names them.

    Parameters
    ----------
    path : str or pathlib.Path
        Parquet, Feather, CSV, TSV or Excel.
    features_needed : bool
        Refuse a table without feature columns; a clinical table has none.

    Returns
    -------
    Table
        Feature columns are float64 whatever the file had.

    Raises
    ------
    InputError
        The file is missing, unreadable, has no feature columns, or text in one of them.

    Examples
    --------
    >>> from radiomics_mammo import read_table
    >>> table = read_table("features/tables/cbis.parquet")
    >>> table.features
    ('original_shape2D_Area', 'original_glcm_Contrast')
    >>> table.frame["patient_id"].nunique()
    2
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise InputError(
            "there is no such table" if not path.exists() else "this is not a file",
            path=path,
            remedy="Make one with python -m radiomics_mammo.extract, or check the path.",
        )
    frame, provenance, remarks = _read(path)
    frame.columns = pd.Index([str(name) for name in frame.columns])
    repeated = sorted(set(frame.columns[frame.columns.duplicated()]))
    if repeated:
        raise InputError(f"it has columns twice ({_some(repeated)})", path=path, remedy="Keep one of each.")
    frame, renamed = with_usual_names(frame)
    remarks = (*remarks, *(f"{path.name}: {note}" for note in renamed))
    features = tuple(provenance.get("features", ())) or tuple(filter(is_feature_name, frame.columns))
    if features_needed and not features:
        raise InputError(
            f"no feature columns (columns: {_some(list(frame.columns))})",
            path=path,
            remedy="Feature columns are named <filter>_<family>_<Feature>, as original_glcm_Contrast.",
        )
    missing = [name for name in features if name not in frame.columns]
    if missing:
        raise InputError(
            f"{len(missing)} of its features are gone ({_some(missing)})",
            path=path,
            remedy="The file was edited after extract wrote it; extract again.",
        )
    return Table(_numeric(frame, features, path=path), features, provenance, remarks)


def read_provenance(path: str | Path) -> dict[str, Any]:
    """Read the provenance of a table, without its rows; empty for tables of other tools."""
    return decode(read_metadata(path).get(PROVENANCE_KEY))


def encode(record: Mapping[str, Any]) -> bytes:
    """Return JSON bytes that do not depend on the order of the keys."""
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")  # JSON's own escapes, for names of files that are not UTF-8


def decode(content: bytes | None) -> dict[str, Any]:
    """Return the record of :func:`encode`; an empty dictionary without content."""
    record: dict[str, Any] = json.loads(content) if content else {}
    return record


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            return handle.read(4) == b"PAR1" or path.suffix.lower() in {".parquet", ".pq"}
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path, remedy="Check its permissions.") from error


def _read(path: Path) -> tuple[pd.DataFrame, dict[str, Any], tuple[str, ...]]:
    """Read a table's rows and provenance, and what is to be said about it."""
    if _is_parquet(path):
        return (*_read_ours(path), ())
    stored = read_csv_metadata(path)
    if stored is not None and stored.intact:
        return (*_read_ours(path), ())
    frame, notes = read_frame(path, text=is_identifier)
    remarks = tuple(f"{path.name}: {note}" for note in notes)
    if stored is None:
        return frame, {}, remarks
    frame = unescaped_frame(frame)
    provenance = decode(stored.metadata.get(PROVENANCE_KEY))
    provenance["features"] = [name for name in provenance.get("features", ()) if name in frame.columns]
    beside = metadata_path(path).name
    changed = f"{path.name} was changed since it was written; its recipe is that of {beside}."
    return frame, provenance, (changed, *remarks)


def _read_ours(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    try:
        table = read_arrow(path)
        provenance = decode((table.schema.metadata or {}).get(PROVENANCE_KEY))
        version = provenance.get("format", FORMAT)
    except (OSError, pa.ArrowException, json.JSONDecodeError) as error:
        raise InputError(
            f"not a readable Parquet file ({_single_line(error)})", path=path, remedy="Extract it again."
        ) from error
    if version != FORMAT:
        raise InputError(f"is a table of format {version}, not {FORMAT}", path=path, remedy="Extract it again.")
    return table.to_pandas(), provenance


def _numeric(frame: pd.DataFrame, features: Sequence[str], *, path: Path) -> pd.DataFrame:
    wrong = [name for name in features if frame[name].dtype.kind not in "fiub"]
    for name in wrong:
        if frame[name].notna().any():
            raise InputError(
                f"the feature column {name!r} holds text",
                path=path,
                remedy="Features are numbers with a decimal point; leave undefined ones empty.",
            )
    return frame.astype(dict.fromkeys(features, "float64"))


def _some(names: Sequence[str], *, most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _single_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
