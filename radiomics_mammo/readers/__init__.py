"""Readers: from a collection on disk to cases. A new one is one file and one line in ``READERS``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from radiomics_mammo.core.records import Case, Sample, Scalar
from radiomics_mammo.errors import CaseError, InputError
from radiomics_mammo.readers.base import Reader
from radiomics_mammo.readers.cbis_ddsm.reader import CbisDdsmReader
from radiomics_mammo.readers.manifest.reader import ManifestReader
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.readers.rsna.reader import RsnaReader

READERS: dict[str, Callable[..., Reader]] = {
    "cbis-ddsm": CbisDdsmReader,
    "manifest": ManifestReader,
    "phantom": PhantomReader,
    "rsna": RsnaReader,
}


def open_reader(description: Mapping[str, Scalar]) -> Reader:
    """Make a reader again from what its ``describe()`` said.

    Raises
    ------
    InputError
        The name is not in ``READERS``.

    Examples
    --------
    >>> from radiomics_mammo import open_reader
    >>> reader = open_reader({"reader": "phantom", "patients": 2, "seed": 1, "size": 128})
    >>> case = reader.cases()[0]
    >>> (sample,) = reader.load(case)
    >>> sample.image.shape == sample.mask.shape
    True
    """
    settings = dict(description)
    name = str(settings.pop("reader", ""))
    if name not in READERS:
        raise InputError(f"no reader is called {name!r}", remedy=f"Readers: {', '.join(READERS)}.")
    return READERS[name](**settings)


def remarks_of(reader: Reader) -> tuple[str, ...]:
    """Give what a reader found worth saying of its collection as a whole, once ``cases()`` was called."""
    remarks: tuple[str, ...] = getattr(reader, "remarks", ())
    return remarks


def listed(reader: Reader) -> Sequence[Case]:
    """List what a collection's tables say, without its images where the reader can do that.

    Raises
    ------
    InputError
        The tables are not there, or not what this reader reads.
    """
    tables_alone: Callable[[], Sequence[Case]] = getattr(reader, "listed", reader.cases)
    return tables_alone()


def prefetch(reader: Reader, cases: Iterable[Case]) -> None:
    """Let the system read the files of cases whose turn comes soon, where the reader can ask for that."""
    ask: Callable[[Case], None] | None = getattr(reader, "prefetch", None)
    if ask is not None:
        for case in cases:
            ask(case)


def find_samples(reader: Reader, case_ids: Iterable[str]) -> dict[str, Sample]:
    """Read the pixels of a few rows again, to draw them.

    Parameters
    ----------
    reader : Reader
        What the table was extracted with.
    case_ids : iterable of str
        Rows of the table, with the ``_labelN`` that a mask of several labels added.

    Returns
    -------
    dict of str to Sample
        In the order asked for. A row that is unknown or can no longer be read is not in it.

    Raises
    ------
    InputError
        The collection itself is gone.
    """
    cases = {case.case_id: case for case in reader.cases()}
    loaded: dict[str, dict[str, Sample]] = {}
    found = {}
    for row in case_ids:
        case = _case_of(row, cases)
        if case is None:
            continue
        if case.case_id not in loaded:
            loaded[case.case_id] = _load(reader, case)
        if row in loaded[case.case_id]:
            found[row] = loaded[case.case_id][row]
    return found


def _case_of(row: str, cases: Mapping[str, Case]) -> Case | None:
    return cases.get(row) or cases.get(row.rpartition("_label")[0])


def _load(reader: Reader, case: Case) -> dict[str, Sample]:
    try:
        return {sample.case_id: sample for sample in reader.load(case)}
    except CaseError:
        # It could be read when the table was made; a report lacks one picture rather than fail.
        return {}
