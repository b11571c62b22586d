"""Readers: from a collection on disk to cases. A new one is one folder and one line in ``_SPECS``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.base import Reader, ReaderSpec, imported

if TYPE_CHECKING:
    from radiomics_mammo.core.records import Case, Sample, Scalar

_SPECS = (
    "radiomics_mammo.readers.cbis_ddsm:SPEC",
    "radiomics_mammo.readers.rsna:SPEC",
    "radiomics_mammo.readers.manifest:SPEC",
    "radiomics_mammo.readers.image_folder:SPEC",
    "radiomics_mammo.readers.phantom:SPEC",
)
READERS: dict[str, ReaderSpec] = {spec.name: spec for spec in map(imported, _SPECS)}
"""The readers by name, in the order of ``--help``."""


def open_reader(description: Mapping[str, Scalar]) -> Reader:
    """Build a reader from what its ``describe()`` returned.

    Raises
    ------
    InputError
        The name is not in ``READERS``, the collection is not what the reader reads, or a setting is named that no
        description has, such as a cache: descriptions come with tables and runs of others.

    Examples
    --------
    >>> from radiomics_mammo import open_reader
    >>> reader = open_reader({"reader": "phantom", "patients": 2, "seed": 1, "rows": 128})
    >>> case = reader.cases()[0]
    >>> (sample,) = reader.load(case)
    >>> sample.image.shape == sample.mask.shape
    True
    """
    settings = dict(description)
    name = str(settings.pop("reader", ""))
    if name not in READERS:
        raise InputError(f"no reader is called {name!r}", remedy=f"Readers: {', '.join(READERS)}.")
    foreign = [each for each in READERS[name].arguments.undescribed if each in settings]
    if foreign:
        raise InputError(f"a description of {name} has no {' and no '.join(foreign)}", remedy="Leave it out.")
    return READERS[name].open(settings)


def collection_of(reader: Reader) -> dict[str, Scalar]:
    """Return what a table records about a reader's collection; nothing for a reader that is not in ``READERS``."""
    spec = READERS.get(str(reader.describe().get("reader", "")))
    return {} if spec is None else spec.provenance()


def collection_name(text: str) -> str:
    """Return the one name of a collection, however it is spelled; an unknown name as it is.

    CBIS-DDSM is a part of DDSM: weights trained on one have seen the other.
    """
    plain = text.casefold()
    names = (spec.collection for spec in READERS.values() if any(alias in plain for alias in spec.aliases))
    return next(names, text.strip())


def remarks_of(reader: Reader) -> tuple[str, ...]:
    """Return a reader's remarks on the collection as a whole, once ``cases()`` was called."""
    remarks: tuple[str, ...] = getattr(reader, "remarks", ())
    return remarks


def regions_of(reader: Reader) -> str:
    """Return how many cases have which kind of region, where the reader counts them."""
    regions: str = getattr(reader, "regions", "")
    return regions


def present_cases(cases: Sequence[Case]) -> list[Case]:
    """Return the cases whose files are there; those of readers that name no files are.

    A source with an attribute ``complete`` states it; of any other, all absolute paths must exist.
    """
    return [case for case in cases if _is_present(case.source)]


def _is_present(source: object) -> bool:
    complete = getattr(source, "complete", None)
    if complete is not None:
        return bool(complete)
    values = [getattr(source, each.name) for each in fields(source)] if is_dataclass(source) else []
    paths = [str(value) for value in values if isinstance(value, (str, PurePath)) and PurePath(value).is_absolute()]
    try:
        return all(Path(path).exists() for path in paths)
    except (OSError, ValueError):  # a name that no file can have
        return False


def listed(reader: Reader) -> Sequence[Case]:
    """List the cases of a collection's tables, without its images where the reader can do that.

    Raises
    ------
    InputError
        The tables are missing, or not what this reader reads.
    """
    list_tables: Callable[[], Sequence[Case]] = getattr(reader, "listed", reader.cases)
    return list_tables()


def prefetch(reader: Reader, cases: Iterable[Case]) -> None:
    """Read the files of the next cases ahead, where the reader can do that."""
    request: Callable[[Case], None] | None = getattr(reader, "prefetch", None)
    if request is not None:
        for case in cases:
            request(case)


def find_samples(reader: Reader, cases: Mapping[str, Case], rows: Iterable[str]) -> Iterator[tuple[str, Sample | None]]:
    """Read the pixels of a few table rows again, to draw them.

    Parameters
    ----------
    reader : Reader
        The reader that the table was extracted with.
    cases : mapping of str to Case
        Its cases by name.
    rows : iterable of str
        Names of rows: of a case, with ``_labelN`` behind it where its mask holds several labels.

    Yields
    ------
    row : str
    sample : Sample or None
        None where the row is unknown or can no longer be read. One image is in memory at a time.
    """
    from radiomics_mammo.core.boundary import Problem, attempt  # --help builds options from this module

    for row in rows:
        case = cases.get(row) or cases.get(row.rpartition("_label")[0])
        samples = () if case is None else attempt(partial(reader.load, case))
        if isinstance(samples, Problem):
            samples = ()  # it was read when the table was made: a report lacks one picture rather than fails
        yield row, next((sample for sample in samples if sample.case_id == row), None)
