"""A reader whose cases all have a known pixel size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.errors import ReadError
from radiomics_mammo.readers.base import Reader


class SpacingRequired:
    """Reads as another reader does, and refuses a case whose pixel size is unknown.

    Parameters
    ----------
    reader : Reader
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def __getattr__(self, name: str) -> Any:
        if name == "reader":  # while it is unpickled
            raise AttributeError(name)
        return getattr(self.reader, name)

    def load(self, case: Case) -> Sequence[Sample]:
        """Read one case.

        Raises
        ------
        ReadError
            The pixel size is unknown.
        """
        samples = self.reader.load(case)
        for sample in samples:
            if sample.spacing is None:
                raise ReadError(
                    "the pixel size is unknown",
                    path=sample.image_path or None,
                    remedy="Give it in a column spacing_mm, or leave out --require-spacing to measure in pixels.",
                )
        return samples
