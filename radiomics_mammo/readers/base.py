"""The contract of a reader: list the cases without touching pixels, then load them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from radiomics_mammo.core.records import Case, Sample, Scalar


class Reader(Protocol):
    """What turns a collection on disk into cases and samples. Picklable: workers get a copy.

    A reader may have ``remarks``, ``listed()`` and ``prefetch(case)`` too, see
    :func:`radiomics_mammo.readers.remarks_of`, :func:`~radiomics_mammo.readers.listed` and
    :func:`~radiomics_mammo.readers.prefetch`.
    """

    @property
    def columns(self) -> tuple[tuple[str, type], ...]:
        """Names and Python types (str, int, float, bool) of the identity columns, in table order.

        Without ``case_id`` and ``patient_id``.
        """
        ...

    def cases(self) -> Sequence[Case]:
        """All cases in a stable order, unique ids, no pixel read.

        Raises
        ------
        InputError
            The collection is not what this reader reads.
        """
        ...

    def load(self, case: Case) -> Sequence[Sample]:
        """Read the pixels of one case; several samples where one mask holds several labels.

        Raises
        ------
        CaseError
            This case cannot be read; the others can.
        """
        ...

    def describe(self) -> dict[str, Scalar]:
        """Say how :func:`radiomics_mammo.readers.open_reader` makes this reader again, in JSON scalars.

        Holds ``reader`` (its name in ``READERS``) and its settings; paths are absolute.
        """
        ...
