"""The command ``extract``: images and masks in, one feature table out."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.cli.reader_options import (
    add_readers,
    open_chosen_reader,
    out_path,
    positive,
    run_on_readers,
)
from radiomics_mammo.errors import InputError
from radiomics_mammo.extraction.timeline import check_timeline_path
from radiomics_mammo.readers import READERS
from radiomics_mammo.readers.base import ReaderSpec, imported

# Heavy imports are inside the functions: workers import this module again, and --help should not wait.
if TYPE_CHECKING:
    from radiomics_mammo.extraction.run import Setup
    from radiomics_mammo.recipes.recipe import Recipe

_EPILOG = """\
examples:
  python -m radiomics_mammo.extract cbis-ddsm /data/CBIS-DDSM --abnormality mass --out masses.parquet
  python -m radiomics_mammo.extract manifest cases.csv --recipe my_params.yaml --workers 8
  python -m radiomics_mammo.extract rsna /data/rsna --workers 16 --out features/tables/rsna.parquet
  python -m radiomics_mammo.extract rsna /data/rsna --summary rsna-summary --preview rsna-sheet.png
  python -m radiomics_mammo.extract phantom --patients 60
  python -m radiomics_mammo.extract phantom --write-tree phantom-tree --layout rsna

what comes out:
  TABLE.parquet               one row a case (a lesion; an image for rsna): identity columns, then features;
                              how it was made as metadata
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
    for name, spec in READERS.items():
        if spec.writers:
            _add_tree(readers[name], spec)
    return parser


def _add_tree(parser: argparse.ArgumentParser, spec: ReaderSpec) -> None:
    tree = parser.add_argument_group("pictures instead of a table")
    tree.add_argument(
        "--write-tree",
        type=Path,
        metavar="FOLDER",
        help="write the simulated mammograms as files instead of measuring them",
    )
    tree.add_argument(
        "--layout",
        choices=tuple(spec.writers),
        default=next(iter(spec.writers)),
        help="what the files look like: CBIS-DDSM's DICOM tree of lesions, RSNA's DICOM tree of screened women, or one "
        "of its PNG copies (default: %(default)s)",
    )


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
    whole_breasts = ", ".join(name for name, spec in READERS.items() if spec.whole_breast)
    options.add_argument(
        "--recipe",
        metavar="NAME|FILE.yaml",
        help="which features, with which settings: a recipe of features/, or a file of your own; pyradiomics "
        f"parameter files are read as they are (default: breast for {whole_breasts}, else lesion)",
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
    options.add_argument(
        "--timeline",
        type=Path,
        metavar="FILE.png",
        help="draw what each process did when, and write it as a table beside the picture",
    )
    _add_looks(parser)
    return parser


def _add_looks(parser: argparse.ArgumentParser) -> None:
    looks = parser.add_argument_group("a look at the collection instead of measuring it")
    looks.add_argument(
        "--summary",
        type=Path,
        metavar="FOLDER",
        help="what is known of the images and what that means for a study: tables and one HTML page; no image is read",
    )
    looks.add_argument(
        "--preview",
        type=Path,
        metavar="SHEET.png",
        help="a contact sheet of what is found on some of the images, to look at",
    )
    looks.add_argument(
        "--preview-images", type=positive, default=24, metavar="N", help="how many of them (default: %(default)s)"
    )


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
    from radiomics_mammo.extraction.backends.processes import default_workers, start_early

    done = _instead(arguments)
    if done is not None:
        return done
    out = out_path(arguments)
    if arguments.timeline is not None:
        check_timeline_path(arguments.timeline)
    workers = arguments.workers or default_workers()
    if workers > 1:  # before anything else, since the workers' imports take longest
        likely = arguments.engine
        if likely == "auto":
            likely = "cpu" if importlib.util.find_spec("cupy") is None else "cuda"
        if likely != "cuda" or arguments.workers:  # on a GPU one process is the default
            start_early(engine=likely, modules=READERS[arguments.reader].modules)

    from radiomics_mammo.cli.extract_output import print_run_summary
    from radiomics_mammo.core.console import print_message
    from radiomics_mammo.extraction.run import Options, extract_table

    recipe = _recipe(arguments)
    setup, reason = _setup(arguments, recipe)
    if setup.engine == "cuda":
        workers = arguments.workers or 1
    elif arguments.gpu_memory is not None:
        print_message("note: --gpu-memory is for the cuda engine.")
    reader = open_chosen_reader(arguments, recipe=recipe.settings)
    if READERS[arguments.reader].simulated:
        print_message("These are phantoms: simulated images, no clinical performance.")
    print_message(f"Recipe {recipe.name} ({recipe.hash[:12]}); engine {setup.engine}: {reason}.")
    options = Options(
        out,
        workers,
        arguments.limit,
        overwrite=arguments.overwrite,
        retry_failed=arguments.retry_failed,
        timeline=arguments.timeline,
    )
    summary = extract_table(reader, setup=setup, options=options)
    print_run_summary(summary, engine=setup.engine, out=out)
    return 0 if summary.merged.rows else 1


def _instead(arguments: argparse.Namespace) -> int | None:
    """Do what is asked for instead of measuring; None where nothing is."""
    looks = arguments.summary is not None or arguments.preview is not None
    if getattr(arguments, "write_tree", None) is None:
        return _look(arguments) if looks else None
    if looks:
        said = "--write-tree does not go together with --summary and --preview"
        raise InputError(said, remedy="Write the tree first.")
    return _write_tree(arguments)


def _recipe(arguments: argparse.Namespace) -> Recipe:
    from radiomics_mammo.recipes.recipe import load_recipe

    return load_recipe(arguments.recipe or ("breast" if READERS[arguments.reader].whole_breast else "lesion"))


def _look(arguments: argparse.Namespace) -> int:
    """Write the summary and the contact sheet that were asked for."""
    from radiomics_mammo.cli.collection_views import check_sheet, write_collection_summary, write_preview
    from radiomics_mammo.core.console import print_message

    asked = {name: getattr(arguments, name) is not None for name in ("out", "workers", "limit", "timeline")}
    asked |= {"engine": arguments.engine != "auto", "retry-failed": arguments.retry_failed}
    if any(asked.values()):
        idle = ", ".join(f"--{name}" for name, given in asked.items() if given)
        print_message(f"note: nothing is measured now; {idle} has no part in --summary and --preview.")
    recipe = _recipe(arguments)
    if arguments.preview is not None:
        check_sheet(arguments.preview, count=arguments.preview_images, overwrite=arguments.overwrite)
    reader = open_chosen_reader(arguments, recipe=recipe.settings)
    if arguments.summary is not None:
        page = write_collection_summary(reader, arguments.summary, overwrite=arguments.overwrite)
        print_message(f"Summary: {page}")
    if arguments.preview is not None:
        write_preview(reader, arguments.preview, count=arguments.preview_images, recipe=recipe)
    return 0


def _setup(arguments: argparse.Namespace, recipe: Recipe) -> tuple[Setup, str]:
    from radiomics_mammo.engines.registry import choose_engine, engine_versions, open_engine
    from radiomics_mammo.extraction.run import Setup

    engine, reason = choose_engine(arguments.engine)
    return Setup(recipe, engine, engine_versions(engine), partial(open_engine, gpu_memory=arguments.gpu_memory)), reason


def _write_tree(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.core.console import print_message, progress
    from radiomics_mammo.core.settings import Settings

    reader = open_chosen_reader(arguments, recipe=Settings())
    root = arguments.write_tree
    with ExitStack() as stack:
        advance: Callable[[], None] | None = None

        def on_picture(_done: int, total: int) -> None:
            nonlocal advance
            advance = advance or stack.enter_context(progress(total, what="images"))
            advance()

        write = imported(READERS[arguments.reader].writers[arguments.layout])
        written = write(reader, root, on_picture=on_picture)
    message = f"Phantoms written to {root}" if written else f"The phantoms are in {root} already"
    command = "cbis-ddsm" if arguments.layout == "cbis" else "rsna"
    print_message(f"{message}; python -m radiomics_mammo.extract {command} {root} measures them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
