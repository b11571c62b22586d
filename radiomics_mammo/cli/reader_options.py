"""The readers as subcommands, and the options that ``extract`` and ``embed`` share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.errors import InputError

# Heavy imports are inside the functions: --help should not wait for them.
if TYPE_CHECKING:
    from radiomics_mammo.core.settings import Settings
    from radiomics_mammo.readers.base import Reader

TABLES = Path("features/tables")
FIRST_IMPORTS = {
    "cbis-ddsm": ("pydicom.pixels",),
    "rsna": ("radiomics_mammo.readers.rsna.preload", "radiomics_mammo.imaging.breast"),
    "manifest": (),
    "phantom": (),
}
"""What a reader's first case would import."""
_SETTINGS = {
    "cbis-ddsm": ("root", "abnormality", "split"),
    "rsna": ("root", "split", "voi", "pixel_mm", "pectoral", "implants", "band_mm", "cache", "cache_gb"),
    "manifest": ("path", "whole"),
    "phantom": ("patients", "seed", "rows"),
}
_CALLED = {"rows": "size"}
"""Settings of readers that have another name on the command line, where ``embed`` needs theirs."""
WHOLE_BREASTS = ("rsna",)
"""Readers whose regions are whole breasts."""


def add_readers(
    parser: argparse.ArgumentParser, own: argparse.ArgumentParser, *, ending: str = ""
) -> dict[str, argparse.ArgumentParser]:
    """Add a subcommand for each reader.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The command's.
    own : argparse.ArgumentParser
        Without ``--help``; the options of the command itself.
    ending : str
        What follows the reader's name in the name of the table, where ``--out`` gives none.

    Returns
    -------
    dict of str to argparse.ArgumentParser
        The subcommands.
    """
    readers = parser.add_subparsers(dest="reader", required=True, metavar="READER", title="readers")
    parents = [own, _run_options(ending)]
    return {
        "cbis-ddsm": _add_cbis_ddsm(readers, parents),
        "rsna": _add_rsna(readers, parents),
        "manifest": _add_manifest(readers, parents),
        "phantom": _add_phantom(readers, parents),
    }


def out_path(arguments: argparse.Namespace, *, ending: str = "") -> Path:
    """Give the table to write.

    Raises
    ------
    InputError
        It would not be Parquet.
    """
    name = arguments.path.stem if arguments.reader == "manifest" else arguments.reader
    out: Path = arguments.out or TABLES / f"{name}{ending}.parquet"
    if out.suffix != ".parquet":
        raise InputError("tables are written as Parquet", path=out, remedy="Let --out end in .parquet.")
    return out


def open_chosen_reader(arguments: argparse.Namespace, *, asked: Settings) -> Reader:
    """Make the reader that the command line names.

    Parameters
    ----------
    arguments : argparse.Namespace
        As the parser of :func:`add_readers` gives them.
    asked : Settings
        What a recipe says about labels and geometry.

    Raises
    ------
    InputError
        The collection is not what the reader reads.
    """
    from radiomics_mammo.core.console import print_message
    from radiomics_mammo.readers import open_reader

    settings = {_CALLED.get(name, name): getattr(arguments, name) for name in _SETTINGS[arguments.reader]}
    scalars = {name: str(value.absolute()) if isinstance(value, Path) else value for name, value in settings.items()}
    if arguments.reader == "manifest":
        scalars |= {"label": asked.label, "correct_mask": asked.correctMask, "tolerance": asked.geometryTolerance}
    elif asked.label is not None:
        print_message(f"note: the recipe's label {asked.label} is for manifests; here every mask holds one region.")
    return open_reader({"reader": arguments.reader, **scalars})


def above_zero(text: str) -> float:
    """Read a finite number above 0, for argparse."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def positive(text: str) -> int:
    """Read a whole number above 0, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def run_on_readers(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None, run: Callable[[argparse.Namespace], int]
) -> int:
    """Parse the command line and run a command; Ctrl-C while the first imports run is no error either."""
    arguments = parser.parse_args(argv)
    try:
        from radiomics_mammo.core.console import run_command
    except KeyboardInterrupt:  # nothing has begun
        return 130
    return run_command(lambda: run(arguments))


def _run_options(ending: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    options = parser.add_argument_group("how it is run")
    options.add_argument(
        "--out",
        type=Path,
        metavar="TABLE.parquet",
        help=f"the table to write (default: {TABLES}/ and the name of the reader, or of the manifest"
        + (f", and {ending})" if ending else ")"),
    )
    options.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="processes; the table does not depend on it (default: the cores that this process may use)",
    )
    options.add_argument("--limit", type=positive, metavar="N", help="only the first N cases")
    options.add_argument("--overwrite", action="store_true", help="make the table anew, whatever is there")
    options.add_argument(
        "--retry-failed", action="store_true", help="try the cases again that failed in an earlier run"
    )
    return parser


def _add_cbis_ddsm(
    readers: argparse._SubParsersAction[argparse.ArgumentParser], parents: Sequence[argparse.ArgumentParser]
) -> argparse.ArgumentParser:
    parser = readers.add_parser(
        "cbis-ddsm",
        parents=parents,
        help="CBIS-DDSM as TCIA ships it (CSVs and DICOM), or Kaggle's JPEG copy of it",
        description="Read CBIS-DDSM: TCIA's download (either layout) or Kaggle's JPEG re-release.",
    )
    parser.add_argument("root", type=Path, metavar="ROOT", help="the folder with the description CSVs and the images")
    parser.add_argument("--abnormality", choices=("mass", "calc", "both"), default="both", help="(default: both)")
    parser.add_argument("--split", choices=("train", "test", "both"), default="both", help="(default: both)")
    return parser


def _add_rsna(
    readers: argparse._SubParsersAction[argparse.ArgumentParser], parents: Sequence[argparse.ArgumentParser]
) -> argparse.ArgumentParser:
    parser = readers.add_parser(
        "rsna",
        parents=parents,
        help="RSNA Screening Mammography (2022): whole breasts, from DICOM or from one of the PNG copies",
        description="Read RSNA's screening mammograms: train.csv or test.csv with train_images/PATIENT/IMAGE.dcm, or "
        "PNG copies named PATIENT_IMAGE.png, PATIENT/IMAGE.png or PATIENT@IMAGE.png. What is measured is the breast, "
        "found in the image: turned so that the chest wall is at the left, without labels, background and muscle.",
    )
    parser.add_argument("root", type=Path, metavar="ROOT", help="the folder with train.csv or test.csv and the images")
    parser.add_argument("--split", choices=("train", "test", "both"), default="both", help="(default: both)")
    _add_preparation(parser)
    _add_cache(parser)
    return parser


def _add_preparation(parser: argparse.ArgumentParser) -> None:
    images = parser.add_argument_group("how breasts are prepared")
    images.add_argument(
        "--voi",
        choices=("first", "none"),
        default="first",
        help="which of the DICOM header's display windows is applied: the first, or none (default: %(default)s)",
    )
    images.add_argument(
        "--pixel-mm",
        type=above_zero,
        metavar="MM",
        help="bring images whose pixel size is known to this one (default: leave them as they are)",
    )
    images.add_argument(
        "--pectoral",
        choices=("remove", "keep"),
        default="remove",
        help="leave the pectoral muscle of oblique views out, or measure it too (default: %(default)s)",
    )
    images.add_argument(
        "--implants",
        choices=("measure", "skip"),
        default="measure",
        help="measure breasts flagged as having an implant, without the implant where it is found, or list them among "
        "the failures (default: %(default)s)",
    )
    images.add_argument(
        "--band-mm",
        type=above_zero,
        default=5.0,
        metavar="MM",
        help="width of the band under the skin that the lattice leaves out (default: %(default)s)",
    )


def _add_cache(parser: argparse.ArgumentParser) -> None:
    cache = parser.add_argument_group("decoded breasts for the next time")
    cache.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep prepared breasts here, so that no image is decoded twice"
    )
    cache.add_argument(
        "--cache-gb",
        type=above_zero,
        default=20.0,
        metavar="GB",
        help="the most that the cache may hold; what was not used longest goes first (default: %(default)s)",
    )


def _add_manifest(
    readers: argparse._SubParsersAction[argparse.ArgumentParser], parents: Sequence[argparse.ArgumentParser]
) -> argparse.ArgumentParser:
    parser = readers.add_parser(
        "manifest",
        parents=parents,
        help="your own images and masks, listed in a CSV",
        description="Read images and masks that a CSV lists: columns image, mask, and any of case_id, "
        "patient_id, label (the mask's value), spacing_mm; others go through to the table. Paths are "
        "relative to the CSV. Images: DICOM, NIfTI, NRRD, PNG, TIFF, JPEG, .npy.",
    )
    parser.add_argument("path", type=Path, metavar="CASES.csv", help="the list of cases")
    parser.add_argument(
        "--whole",
        choices=("image", "breast"),
        default="image",
        help="what is measured where no mask is named: the whole image, or the breast found in it, prepared as "
        "those of rsna (columns laterality, view and implant help) (default: %(default)s)",
    )
    return parser


def _add_phantom(
    readers: argparse._SubParsersAction[argparse.ArgumentParser], parents: Sequence[argparse.ArgumentParser]
) -> argparse.ArgumentParser:
    parser = readers.add_parser(
        "phantom",
        parents=parents,
        help="simulated mammograms, to try things out (no clinical performance)",
        description="Measure simulated mammograms with benign and malignant masses; needs no data.",
    )
    parser.add_argument("--patients", type=positive, default=60, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=2026, metavar="S", help="(default: %(default)s)")
    parser.add_argument(
        "--rows",
        type=positive,
        default=700,
        metavar="N",
        help="rows of a picture, 128 to 4096 (default: %(default)s)",
    )
    return parser
