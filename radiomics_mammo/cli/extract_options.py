"""Options of ``extract``, and the text below its ``--help``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from radiomics_mammo.core.option import at_least, option

EPILOG = """\
examples:
  python -m radiomics_mammo.extract cbis-ddsm /data/CBIS-DDSM --abnormality mass --out masses.parquet
  python -m radiomics_mammo.extract manifest cases.csv --recipe my_params.yaml --workers 8
  python -m radiomics_mammo.extract rsna /data/rsna --workers 16 --out features/tables/rsna.parquet
  python -m radiomics_mammo.extract rsna /data/rsna --summary rsna-summary --preview rsna-preview.png
  python -m radiomics_mammo.extract phantom --patients 60
  python -m radiomics_mammo.extract phantom --write-tree phantom-tree --layout rsna

written:
  TABLE.parquet               one row for each case (a lesion; an image for rsna): identity columns, then features;
                              recipe, engine, reader and versions as metadata; with --out TABLE.csv the same as CSV, and
                              the metadata in TABLE.csv.metadata.json
  TABLE.parquet.failures.csv  cases without a row: the cause, and what to do

resuming:
  A run that was stopped or killed is resumed by the same command, and ends in the same table.
  A complete table stays as it is; new cases (a higher --limit, a longer manifest) are added.
  Failed cases are repeated when their files have changed, or with --retry-failed.
  Another recipe, another engine or changed images are refused without --overwrite or another --out.

exit codes: 0 the table has rows (failed cases are listed), 1 every case failed, 2 an error, printed in one line,
130 stopped by Ctrl-C, 143 by SIGTERM
"""
_MEASURED, _OVERVIEW, _FILES = (
    "Features",
    "Overview of the collection, instead of features",
    "Files, instead of features",
)


def parse_size(text: str) -> int:
    """Parse a size in bytes, such as ``6G``, ``800M`` or a number."""
    units = {"K": 10**3, "M": 10**6, "G": 10**9}
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in units else (text, "")
    try:
        size = int(float(number) * units.get(unit, 1))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no size: write 6G, 800M or a number of bytes") from error
    if size < 10**6:
        raise ValueError(f"{text!r} is less than a megabyte: write 6G or 800M")
    return size


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """Features to compute, and how."""

    recipe: str | None = option(
        None,
        group=_MEASURED,
        metavar="NAME|FILE.yaml",
        help="features and settings: a recipe of features/, or a file of your own; pyradiomics parameter files work "
        "as they are (default: breast for rsna, else lesion)",
    )
    engine: Literal["auto", "cpu", "cuda", "pyradiomics"] = option(
        "auto",
        group=_MEASURED,
        help="engine that computes the features; the values are the same (default: auto, the fastest on this machine)",
    )
    gpu_memory: int | None = option(
        None,
        group=_MEASURED,
        metavar="SIZE",
        parse=parse_size,
        help="memory of the GPU that the cuda engine may use, such as 6G or 800M (default: all that is free)",
    )
    timeline: Path | None = option(
        None,
        group=_MEASURED,
        metavar="FILE.png",
        help="draw what each process did when, and write it as a table beside the figure",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewOptions:
    """Overviews of a collection."""

    summary: Path | None = option(
        None,
        group=_OVERVIEW,
        metavar="FOLDER",
        help="summarise the lists of the collection and what follows for a study: tables and one HTML page; no image "
        "is read",
    )
    preview: Path | None = option(
        None,
        group=_OVERVIEW,
        metavar="FILE.png",
        help="draw a contact sheet of some images with the regions found in them",
    )
    preview_images: int = option(24, group=_OVERVIEW, metavar="N", help="images on it", check=at_least(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """Simulated images as files."""

    write_tree: Path | None = option(
        None, group=_FILES, metavar="FOLDER", help="write the simulated mammograms as files"
    )
    layout: Literal["cbis", "rsna", "rsna-png"] = option(
        "cbis",
        group=_FILES,
        help="folder layout: DICOM of lesions as CBIS-DDSM, DICOM of screening patients as RSNA, or a PNG copy of RSNA",
    )
