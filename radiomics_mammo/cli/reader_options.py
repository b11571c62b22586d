"""The readers as subcommands, and the options that ``extract`` and ``embed`` share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.cli.arguments import add_arguments, settings_from
from radiomics_mammo.errors import InputError
from radiomics_mammo.readers import READERS

# Heavy imports are inside the functions: --help should not wait for them.
if TYPE_CHECKING:
    from radiomics_mammo.core.settings import Settings
    from radiomics_mammo.readers.base import Reader

TABLES = Path("features/tables")


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
    parsers = {}
    for name, spec in READERS.items():
        parsers[name] = readers.add_parser(name, parents=parents, help=spec.help, description=spec.description)
        add_arguments(parsers[name], spec.arguments)
    return parsers


def out_path(arguments: argparse.Namespace, *, ending: str = "") -> Path:
    """Return the table to write: of a reader of the user's own files it has their name by default.

    Raises
    ------
    InputError
        It would not be Parquet.
    """
    spec = READERS[arguments.reader]
    place = settings_from(arguments, spec.arguments).place
    name = spec.name if spec.collection or place is None else place.absolute().stem
    out: Path = arguments.out or TABLES / f"{name}{ending}.parquet"
    if out.suffix != ".parquet":
        raise InputError("tables are written as Parquet", path=out, remedy="Let --out end in .parquet.")
    return out


def open_chosen_reader(arguments: argparse.Namespace, *, recipe: Settings) -> Reader:
    """Open the reader that the command line names.

    Parameters
    ----------
    arguments : argparse.Namespace
        From the parser of :func:`add_readers`.
    recipe : Settings
        Settings of the recipe; those of labels and geometry are for readers of masks.

    Raises
    ------
    InputError
        The collection is not what the reader reads.
    """
    from radiomics_mammo.core.console import print_message

    spec = READERS[arguments.reader]
    settings = asdict(settings_from(arguments, spec.arguments))
    of_recipe = {each.name: each.metadata["recipe"] for each in fields(spec.arguments) if "recipe" in each.metadata}
    if recipe.label is not None and "label" not in of_recipe:
        print_message(f"note: the recipe's label {recipe.label} is not used: here every mask holds one region.")
    return spec.open(settings | {name: getattr(recipe, setting) for name, setting in of_recipe.items()})


def positive(text: str) -> int:
    """Parse a whole number above 0, for argparse."""
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
        help=f"the table to write (default: {TABLES}/ and the name of the reader, or of your own list or folder"
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
