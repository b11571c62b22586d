"""Readers: from a collection on disk to cases. A new one is one file and one line in ``READERS``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.base import Reader
from radiomics_mammo.readers.cbis_ddsm import CbisDdsmReader
from radiomics_mammo.readers.manifest import ManifestReader
from radiomics_mammo.readers.phantom import PhantomReader
from radiomics_mammo.types import Scalar

READERS: dict[str, Callable[..., Reader]] = {
    "cbis-ddsm": CbisDdsmReader,
    "manifest": ManifestReader,
    "phantom": PhantomReader,
}


def open_reader(description: Mapping[str, Scalar]) -> Reader:
    """Make a reader again from what its ``describe()`` said.

    Raises
    ------
    InputError
        The name is not in ``READERS``.
    """
    settings = dict(description)
    name = str(settings.pop("reader", ""))
    if name not in READERS:
        raise InputError(f"no reader is called {name!r}", remedy=f"Readers: {', '.join(READERS)}.")
    return READERS[name](**settings)
