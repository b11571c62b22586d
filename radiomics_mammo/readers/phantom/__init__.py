"""Phantom: simulated mammograms with masses, which need no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from radiomics_mammo.core.option import at_least, between, option
from radiomics_mammo.readers.base import ReaderArguments, ReaderSpec


@dataclass(frozen=True)
class PhantomArguments(ReaderArguments):
    """Settings of the phantom."""

    name: ClassVar[str] = "phantom"
    patients: int = option(60, help="number of patients", metavar="N", check=at_least(1))
    seed: int = option(2026, help="seed of the simulation", metavar="S", check=at_least(0))
    rows: int = option(700, help="rows of an image, 128 to 4096", metavar="N", check=between(128, 4096))


SPEC = ReaderSpec(
    arguments=PhantomArguments,
    reader="radiomics_mammo.readers.phantom.reader:PhantomReader",
    help="simulated mammograms, to try things out (no clinical performance)",
    description="Measure simulated mammograms with benign and malignant masses; needs no data.",
    simulated=True,
    writers={
        "cbis": "radiomics_mammo.readers.phantom.write_cbis_ddsm:write_cbis_tree",
        "rsna": "radiomics_mammo.readers.phantom.write_rsna:write_rsna_tree",
        "rsna-png": "radiomics_mammo.readers.phantom.write_rsna:write_rsna_png_tree",
    },
    outlines="The masks are those that the lesions were simulated with.",
)
