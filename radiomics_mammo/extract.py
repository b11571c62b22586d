"""The command ``extract``: images and masks in, one feature table out."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.errors import InputError

# Heavy imports are inside the functions: workers import this module again, and --help should not wait.
if TYPE_CHECKING:
    from radiomics_mammo.extraction import Setup, Summary
    from radiomics_mammo.readers.base import Reader
    from radiomics_mammo.settings import Settings

TABLES = Path("features/tables")
# What a reader's first case would import.
_IMPORTS = {"cbis-ddsm": ("pydicom.pixels",), "manifest": (), "phantom": ()}

_EPILOG = """\
examples:
  python -m radiomics_mammo.extract cbis-ddsm /data/CBIS-DDSM --abnormality mass --out masses.parquet
  python -m radiomics_mammo.extract manifest cases.csv --recipe my_params.yaml --workers 8
  python -m radiomics_mammo.extract phantom --patients 60
  python -m radiomics_mammo.extract phantom --write-tree phantom-tree

what comes out:
  TABLE.parquet               one row a case: identity columns, then features; how it was made as metadata
  TABLE.parquet.failures.csv  every case without a row: why, and what to do

going on:
  A run that was stopped or killed goes on when the same command is given again, and ends in the same table.
  A finished table is left alone; cases that are new since (a higher --limit, a longer manifest) are added.
  Cases that failed are tried again when their files have changed, or with --retry-failed.
  Another recipe, engine or changed images: refused, until you say --overwrite or name another --out.

exit codes: 0 the table has rows (failures are said), 1 every case failed, 2 an error, said in one line,
130 stopped by Ctrl-C, 143 by SIGTERM
"""


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.extract",
        description="Measure radiomic features of mammographic lesions and write them as a table.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    readers = parser.add_subparsers(dest="reader", required=True, metavar="READER", title="readers")
    shared = _shared_options()
    _add_cbis_ddsm(readers, shared)
    _add_manifest(readers, shared)
    _add_phantom(readers, shared)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        The command line without the program's name.

    Returns
    -------
    int
        The exit code, as ``--help`` says.
    """
    arguments = build_parser().parse_args(argv)
    try:
        from radiomics_mammo.console import run_command
    except KeyboardInterrupt:  # nothing has begun
        return 130
    return run_command(lambda: _run(arguments))


def _shared_options() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    options = shared.add_argument_group("options that all readers share")
    options.add_argument(
        "--recipe",
        default="lesion",
        metavar="NAME|FILE.yaml",
        help="which features, with which settings: a recipe of features/, or a file of your own; pyradiomics "
        "parameter files are read as they are (default: %(default)s)",
    )
    options.add_argument(
        "--out",
        type=Path,
        metavar="TABLE.parquet",
        help=f"the table to write (default: {TABLES}/ and the name of the reader, or of the manifest)",
    )
    options.add_argument(
        "--engine",
        choices=("auto", "cpu", "cuda", "pyradiomics"),
        default="auto",
        help="what computes the features; all give the same numbers (default: the fastest that works here)",
    )
    options.add_argument(
        "--workers",
        type=_positive,
        metavar="N",
        help="processes; the table does not depend on it (default: the cores that this process may use)",
    )
    options.add_argument(
        "--gpu-memory",
        type=_size,
        metavar="SIZE",
        help="how much of the GPU's memory the cuda engine may use, such as 6G or 800M (default: what is free)",
    )
    options.add_argument("--limit", type=_positive, metavar="N", help="only the first N cases")
    options.add_argument("--overwrite", action="store_true", help="make the table anew, whatever is there")
    options.add_argument(
        "--retry-failed", action="store_true", help="try the cases again that failed in an earlier run"
    )
    return shared


def _add_cbis_ddsm(readers: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    parser = readers.add_parser(
        "cbis-ddsm",
        parents=[shared],
        help="CBIS-DDSM as TCIA ships it (CSVs and DICOM), or Kaggle's JPEG copy of it",
        description="Read CBIS-DDSM: TCIA's download (either layout) or Kaggle's JPEG re-release.",
    )
    parser.add_argument("root", type=Path, metavar="ROOT", help="the folder with the description CSVs and the images")
    parser.add_argument("--abnormality", choices=("mass", "calc", "both"), default="both", help="(default: both)")
    parser.add_argument("--split", choices=("train", "test", "both"), default="both", help="(default: both)")


def _add_manifest(readers: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    parser = readers.add_parser(
        "manifest",
        parents=[shared],
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
        help="what is measured where no mask is named: the whole image, or the breast found in it "
        "(default: %(default)s)",
    )


def _add_phantom(readers: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    parser = readers.add_parser(
        "phantom",
        parents=[shared],
        help="simulated mammograms, to try things out (no clinical performance)",
        description="Measure simulated mammograms with benign and malignant masses; needs no data.",
    )
    parser.add_argument("--patients", type=_positive, default=60, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=2026, metavar="S", help="(default: %(default)s)")
    parser.add_argument(
        "--write-tree",
        type=Path,
        metavar="FOLDER",
        help="write the simulated mammograms as a CBIS-DDSM tree of DICOM files instead of measuring them",
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _size(text: str) -> int:
    units = {"K": 10**3, "M": 10**6, "G": 10**9}
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in units else (text, "")
    try:
        size = int(float(number) * units.get(unit, 1))
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 6G, 800M or a number of bytes") from error
    if size < 10**6:
        raise argparse.ArgumentTypeError(f"{text!r} is less than a megabyte: write 6G or 800M")
    return size


def _run(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.pool import default_workers, start_early

    out = _out(arguments)
    if arguments.reader == "phantom" and arguments.write_tree is not None:
        return _write_tree(arguments)
    workers = arguments.workers or default_workers()
    if workers > 1:  # before anything else, since the workers' imports take longest
        likely = arguments.engine
        if likely == "auto":
            likely = "cpu" if importlib.util.find_spec("cupy") is None else "cuda"
        if likely != "cuda" or arguments.workers:  # on a GPU one process is the default
            start_early(engine=likely, modules=_IMPORTS[arguments.reader])

    from radiomics_mammo.console import say
    from radiomics_mammo.extraction import Options, extract_table

    setup, reason = _setup(arguments)
    if setup.engine == "cuda":
        workers = arguments.workers or 1
    elif arguments.gpu_memory is not None:
        say("note: --gpu-memory is for the cuda engine.")
    reader = _open_reader(arguments, setup.recipe.settings)
    if arguments.reader == "phantom":
        say("These are phantoms: simulated images, no clinical performance.")
    say(f"Recipe {setup.recipe.name} ({setup.recipe.hash[:12]}); engine {setup.engine}: {reason}.")
    options = Options(out, workers, arguments.limit, overwrite=arguments.overwrite, retry_failed=arguments.retry_failed)
    summary = extract_table(reader, setup=setup, options=options)
    _say_summary(summary, setup=setup, out=out)
    return 0 if summary.merged.rows else 1


def _setup(arguments: argparse.Namespace) -> tuple[Setup, str]:
    from radiomics_mammo.engines import choose, open_engine, versions
    from radiomics_mammo.extraction import Setup
    from radiomics_mammo.recipe import load_recipe

    recipe = load_recipe(arguments.recipe)
    engine, reason = choose(arguments.engine)
    return Setup(recipe, engine, versions(engine), partial(open_engine, gpu_memory=arguments.gpu_memory)), reason


def _open_reader(arguments: argparse.Namespace, asked: Settings) -> Reader:
    from radiomics_mammo.console import say
    from radiomics_mammo.readers import open_reader

    names = {
        "cbis-ddsm": ("root", "abnormality", "split"),
        "manifest": ("path", "whole"),
        "phantom": ("patients", "seed"),
    }[arguments.reader]
    settings = {name: getattr(arguments, name) for name in names}
    scalars = {name: str(value.absolute()) if isinstance(value, Path) else value for name, value in settings.items()}
    if arguments.reader == "manifest":
        scalars |= {"label": asked.label, "correct_mask": asked.correctMask, "tolerance": asked.geometryTolerance}
    elif asked.label is not None:
        say(f"note: the recipe's label {asked.label} is for manifests; here every mask holds one region.")
    return open_reader({"reader": arguments.reader, **scalars})


def _out(arguments: argparse.Namespace) -> Path:
    name = arguments.path.stem if arguments.reader == "manifest" else arguments.reader
    out: Path = arguments.out or TABLES / f"{name}.parquet"
    if out.suffix != ".parquet":
        raise InputError("tables are written as Parquet", path=out, remedy="Let --out end in .parquet.")
    return out


def _write_tree(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.console import say
    from radiomics_mammo.readers.phantom import PhantomReader
    from radiomics_mammo.readers.phantom_tree import write_cbis_tree

    reader = PhantomReader(patients=arguments.patients, seed=arguments.seed)
    write_cbis_tree(reader, arguments.write_tree)
    say(
        f"Phantoms written to {arguments.write_tree}; "
        f"python -m radiomics_mammo.extract cbis-ddsm {arguments.write_tree} measures them."
    )
    return 0


def _say_summary(summary: Summary, *, setup: Setup, out: Path) -> None:
    from radiomics_mammo.console import say
    from radiomics_mammo.failures import failures_path

    merged, seconds = summary.merged, summary.seconds
    if not summary.workers and summary.skipped == summary.cases and not seconds.write:
        say(
            f"Already complete: {merged.rows} rows, {len(merged.failures)} failures; "
            "--retry-failed tries those again, --overwrite makes all anew."
        )
    else:
        done = summary.cases - summary.skipped
        say(
            f"Done: {done} cases in {summary.elapsed_s:.1f} s ({summary.skipped} skipped: already there); "
            f"the table has {merged.rows} rows, {len(merged.failures)} failures."
        )
        share = f", summed over {summary.workers} workers" if summary.workers > 1 else ""
        say(
            f"  seconds   read {seconds.read:.1f}, prepare {seconds.prepare:.1f}, "
            f"extract {seconds.extract:.1f}, write {seconds.write:.1f}{share}"
        )
    say(f"  engine    {setup.engine}, {summary.features} features" + (", PHANTOM images" if merged.phantom else ""))
    say(f"  table     {out}")
    say(f"  failures  {failures_path(out)}")
    kinds = Counter(failure.error for failure in merged.failures)
    for kind, number in kinds.most_common(3):
        example = next(failure for failure in merged.failures if failure.error == kind)
        where = f"{example.path}: " if example.path else ""
        say(f"  {number:5d} x {kind}, such as {example.case_id}: {where}{example.cause}. {example.remedy}")


if __name__ == "__main__":
    sys.exit(main())
