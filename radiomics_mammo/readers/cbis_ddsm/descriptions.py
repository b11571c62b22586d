"""The description CSVs of CBIS-DDSM: which abnormality is where, and what the pathologist found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.core.input_table import TableRow, read_header, read_input_table
from radiomics_mammo.core.records import Scalar
from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.base import some_of

COLUMNS: tuple[tuple[str, type], ...] = (
    ("abnormality_type", str),
    ("split", str),
    ("laterality", str),
    ("view", str),
    ("abnormality_id", int),
    ("pathology", str),
    ("malignant", int),
    ("breast_density", int),
    ("mass_shape", str),
    ("mass_margins", str),
    ("calc_type", str),
    ("calc_distribution", str),
    ("assessment", int),
    ("subtlety", int),
)
MASS_COLUMNS = COLUMNS[:10]
"""What is known of a mass before a radiologist has judged it."""

_MALIGNANT = {"MALIGNANT": 1, "BENIGN": 0, "BENIGN_WITHOUT_CALLBACK": 0}
_IMAGE, _CROP, _MASK = "image_file_path", "cropped_image_file_path", "roi_mask_file_path"
# What tells a description CSV from the other CSVs that lie around, whatever it is called.
_TELLING = frozenset({"patient_id", _IMAGE, _MASK})
_NEEDED = ("left_or_right_breast", "image_view", "abnormality_id", "pathology")
_TYPES = {"mass": "mass", "calcification": "calcification", "calc": "calcification"}
_NOT_KNOWN = frozenset({"", "N/A", "NA", "NAN", "NONE"})


@dataclass(frozen=True, slots=True)
class CbisRow:
    """One abnormality of a description CSV.

    Attributes
    ----------
    case_id : str
        The abnormality's folder, such as ``Mass-Training_P_00001_LEFT_CC_1``.
    patient_id : str
        The patient, ``P_00001``.
    columns : dict
        Values for ``COLUMNS``; coded missing is None.
    image, crop, mask : tuple of str
        The three paths, in parts; empty where the CSV has none.
    origin : str
        File and line, for messages.
    """

    case_id: str
    patient_id: str
    columns: dict[str, Scalar]
    image: tuple[str, ...]
    crop: tuple[str, ...]
    mask: tuple[str, ...]
    origin: str

    @property
    def part(self) -> str:
        """Return the part of the collection, such as ``mass train``, as it is downloaded."""
        return f"{self.columns['abnormality_type']} {self.columns['split']}"


def find_descriptions(root: Path) -> list[Path]:
    """Find the description CSVs in the folder, or beside it, by their columns.

    Raises
    ------
    InputError
        There are none.
    """
    inside = [root, root / "csv", root / "CBIS-DDSM", *sorted(root.glob("manifest-*"))]
    for folders in (inside, [root.parent, root.parent / "csv"]):
        matching = [path for folder in folders for path in sorted(folder.glob("*.[cC][sS][vV]")) if _describes(path)]
        if matching:
            return matching
    raise InputError(
        "no description CSV of CBIS-DDSM here, in csv/ or beside",
        path=root,
        remedy="Put mass_case_description_train_set.csv and its siblings (on the collection's page) here.",
    )


def _describes(path: Path) -> bool:
    try:
        return {_plain(name) for name in read_header(path)} >= _TELLING
    except InputError:
        # Somebody else's CSV that is no text or has no header: not one of ours, whatever it is.
        return False


def read_rows(paths: Iterable[Path]) -> tuple[list[CbisRow], list[str]]:
    """Read description CSVs; rows that stand twice count once.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Description CSVs.

    Returns
    -------
    rows : list of CbisRow
        In the order of the files and their lines, unique ``case_id``.
    remarks : list of str
        Repeated rows and contradicting pathologies.

    Raises
    ------
    InputError
        A column is missing, a number is none, or two rows of one abnormality contradict each other.
    """
    rows: dict[str, CbisRow] = {}
    notes: list[str] = []
    repeated = 0
    for path in paths:
        table = read_input_table(path)
        header, records = table.header, table.rows
        notes += [f"{path.name}: {note}" for note in table.notes]
        names = {_plain(name) for name in header}
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise InputError(
                f"lacks the columns {', '.join(missing)} (it has {', '.join(header)})",
                path=path,
                remedy="Use the description CSVs as TCIA ships them.",
            )
        for record in records:
            row = _row(record, path)
            known = rows.setdefault(row.case_id, row)
            if known is row:
                continue
            if (known.columns, known.image, known.mask) != (row.columns, row.image, row.mask):
                raise InputError(
                    f"{row.case_id} is described twice and differently: {known.origin} and {row.origin}",
                    path=path,
                    remedy="Remove one of the two rows.",
                )
            repeated += 1
    notes += [f"{repeated} rows stand twice in the description CSVs and count once"] if repeated else []
    return list(rows.values()), notes + _contradictions(rows.values())


def _row(record: TableRow, path: Path) -> CbisRow:
    values = {_plain(name): cell for name, cell in record.values.items()}
    origin = f"{path.name} line {record.line}"
    image, crop, mask = (_parts(values.get(name, "")) for name in (_IMAGE, _CROP, _MASK))
    folder = mask[0] if mask else crop[0] if crop else ""
    kind = _TYPES.get(values.get("abnormality_type", "").lower(), "")
    kind = kind or ("calcification" if "calc_type" in values else "mass")
    laterality, view = values["left_or_right_breast"].upper(), values["image_view"].upper()
    pathology = _word(values["pathology"])
    columns: dict[str, Scalar] = {
        "abnormality_type": kind,
        "split": _split(folder or (image[0] if image else ""), path, origin),
        "laterality": laterality,
        "view": view,
        "abnormality_id": _number(values["abnormality_id"], origin),
        "pathology": pathology,
        "malignant": _MALIGNANT.get(pathology or ""),
        "breast_density": _grade(values.get("breast_density", ""), origin),
        **{name: _word(values.get(name, "")) for name in ("mass_shape", "mass_margins", "calc_type")},
        "calc_distribution": _word(values.get("calc_distribution", "")),
        "assessment": _grade(values.get("assessment", ""), origin),
        "subtlety": _grade(values.get("subtlety", ""), origin),
    }
    patient = values["patient_id"]
    name = folder or "_".join((kind, patient, laterality, view, str(columns["abnormality_id"])))
    return CbisRow(name, patient, columns, image, crop, mask, origin)


def _plain(name: str) -> str:
    # `breast density` in two of the files, `breast_density` in the others.
    return "_".join(name.lower().split())


def _parts(cell: str) -> tuple[str, ...]:
    # Line breaks stand inside the path cells of every row; a spreadsheet may have left them in the middle.
    joined = "".join(cell.split("\n")).replace("\r", "").replace("\\", "/").strip()
    return tuple(part for part in joined.split("/") if part not in ("", "."))


def _split(folder: str, path: Path, origin: str) -> str:
    for text in (folder.lower(), path.name.lower()):
        if "train" in text:
            return "train"
        if "test" in text:
            return "test"
    raise InputError(
        f"neither the folder {folder!r} ({origin}) nor the file's name says train or test",
        path=path,
        remedy="Keep the names that TCIA gave.",
    )


def _word(cell: str) -> str | None:
    return None if cell.upper() in _NOT_KNOWN else cell.upper()


def _number(cell: str, origin: str) -> int | None:
    if cell.upper() in _NOT_KNOWN:
        return None
    try:
        number = float(cell)  # "3.0" once a spreadsheet or pandas has had it
    except ValueError:
        number = 0.5
    if not number.is_integer():
        raise InputError(f"{cell!r} in {origin} is not a whole number", remedy="Correct the cell or empty it.")
    return int(number)


def _grade(cell: str, origin: str) -> int | None:
    """Read a reader's grade; 0 is how CBIS-DDSM codes missing."""
    return _number(cell, origin) or None


def _contradictions(rows: Iterable[CbisRow]) -> list[str]:
    """List abnormalities of one number in one breast whose malignancy differs between views."""
    by_lesion: dict[tuple[Scalar, ...], list[CbisRow]] = defaultdict(list)
    for row in rows:
        columns = row.columns
        key = (row.patient_id, columns["abnormality_type"], columns["laterality"], columns["abnormality_id"])
        by_lesion[key].append(row)
    clashing = [group for group in by_lesion.values() if len({row.columns["malignant"] for row in group}) > 1]
    if not clashing:
        return []
    return [
        f"{len(clashing)} abnormalities have one number in one breast but another malignancy in another view "
        f"({some_of([group[0].case_id for group in clashing])}); the rows are not changed"
    ]
