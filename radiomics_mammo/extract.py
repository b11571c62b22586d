"""The command ``extract``: images and masks in, one feature table out."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.reader_options import FIRST_IMPORTS, add_readers, open_chosen_reader, out_path, run_on_readers

# Heavy imports are inside the functions: workers import this module again, and --help should not wait.
if TYPE_CHECKING:
    from radiomics_mammo.extraction import Setup
    from radiomics_mammo.recipe import Recipe

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
    readers = add_readers(parser, _own_options())
    readers["phantom"].add_argument(
        "--write-tree",
        type=Path,
        metavar="FOLDER",
        help="write the simulated mammograms as a CBIS-DDSM tree of DICOM files instead of measuring them",
    )
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
    return run_on_readers(build_parser(), argv, _run)


def _own_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    options = parser.add_argument_group("what is measured")
    options.add_argument(
        "--recipe",
        default="lesion",
        metavar="NAME|FILE.yaml",
        help="which features, with which settings: a recipe of features/, or a file of your own; pyradiomics "
        "parameter files are read as they are (default: %(default)s)",
    )
    options.add_argument(
        "--engine",
        choices=("auto", "cpu", "cuda", "pyradiomics"),
        default="auto",
        help="what computes the features; all give the same numbers (default: the fastest that works here)",
    )
    options.add_argument(
        "--gpu-memory",
        type=_size,
        metavar="SIZE",
        help="how much of the GPU's memory the cuda engine may use, such as 6G or 800M (default: what is free)",
    )
    return parser


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

    out = out_path(arguments)
    if arguments.reader == "phantom" and arguments.write_tree is not None:
        return _write_tree(arguments)
    workers = arguments.workers or default_workers()
    if workers > 1:  # before anything else, since the workers' imports take longest
        likely = arguments.engine
        if likely == "auto":
            likely = "cpu" if importlib.util.find_spec("cupy") is None else "cuda"
        if likely != "cuda" or arguments.workers:  # on a GPU one process is the default
            start_early(engine=likely, modules=FIRST_IMPORTS[arguments.reader])

    from radiomics_mammo.console import say
    from radiomics_mammo.extraction import Options, extract_table
    from radiomics_mammo.recipe import load_recipe
    from radiomics_mammo.summary import say_summary

    recipe = load_recipe(arguments.recipe)
    setup, reason = _setup(arguments, recipe)
    if setup.engine == "cuda":
        workers = arguments.workers or 1
    elif arguments.gpu_memory is not None:
        say("note: --gpu-memory is for the cuda engine.")
    reader = open_chosen_reader(arguments, asked=recipe.settings)
    if arguments.reader == "phantom":
        say("These are phantoms: simulated images, no clinical performance.")
    say(f"Recipe {recipe.name} ({recipe.hash[:12]}); engine {setup.engine}: {reason}.")
    options = Options(out, workers, arguments.limit, overwrite=arguments.overwrite, retry_failed=arguments.retry_failed)
    summary = extract_table(reader, setup=setup, options=options)
    say_summary(summary, engine=setup.engine, out=out)
    return 0 if summary.merged.rows else 1


def _setup(arguments: argparse.Namespace, recipe: Recipe) -> tuple[Setup, str]:
    from radiomics_mammo.engines import choose, open_engine, versions
    from radiomics_mammo.extraction import Setup

    engine, reason = choose(arguments.engine)
    return Setup(recipe, engine, versions(engine), partial(open_engine, gpu_memory=arguments.gpu_memory)), reason


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


if __name__ == "__main__":
    sys.exit(main())
