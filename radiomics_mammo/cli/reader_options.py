"""Readers as subcommands, and the options that ``extract`` and ``embed`` share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiomics_mammo.cli.arguments import add_arguments, settings_from
from radiomics_mammo.core.console import print_message
from radiomics_mammo.core.option import at_least, option
from radiomics_mammo.readers import READERS

if TYPE_CHECKING:
    from radiomics_mammo.core.settings import Settings
    from radiomics_mammo.readers.base import Reader, ReaderArguments, ReaderSpec

TABLES = Path("features/tables")
_RUN = "Run"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """Table to write, and how; none of it changes a row."""

    out: Path | None = option(
        None,
        group=_RUN,
        metavar="TABLE.parquet",
        help="table to write; CSV with its metadata beside it where the name ends in .csv (default: "
        f"{TABLES}/NAME.parquet, for embed {TABLES}/NAME_emb.parquet; NAME is that of the reader, or of your own list "
        "or folder)",
    )
    workers: int | None = option(
        None,
        group=_RUN,
        metavar="N",
        check=at_least(1),
        help="processes; the table does not depend on it (default: the cores that this process may use)",
    )
    limit: int | None = option(None, group=_RUN, metavar="N", check=at_least(1), help="only the first N cases")
    overwrite: bool = option(False, group=_RUN, help="replace an existing table")
    require_spacing: bool = option(
        False,
        group=_RUN,
        help="make each case of unknown pixel size a failure, instead of measuring in pixels",
    )
    only_present: bool = option(
        False, group=_RUN, help="leave out the cases whose files are not there, such as those of a partial download"
    )
    retry_failed: bool = option(False, group=_RUN, help="repeat the cases that failed in an earlier run")


@dataclass(frozen=True, slots=True)
class ChosenReader:
    """Reader that the command line names, with its arguments and the table to write."""

    spec: ReaderSpec
    arguments: ReaderArguments
    table: TableOptions

    def out(self, *, suffix: str = "") -> Path:
        """Return the table to write; the user's own list or folder gives its name."""
        from radiomics_mammo.tables.csv_file import check_table_name  # imports pyarrow

        place = self.arguments.place
        name = self.spec.name if self.spec.collection or place is None else place.absolute().stem
        out = self.table.out or TABLES / f"{name}{suffix}.parquet"
        check_table_name(out)
        return out

    def open(self, recipe: Settings) -> Reader:
        """Open the reader; the recipe's settings of labels and geometry are for readers of masks."""
        of_recipe = {each.name: each.metadata["recipe"] for each in fields(self.arguments) if "recipe" in each.metadata}
        if recipe.label is not None and "label" not in of_recipe:
            print_message(f"note: the recipe's label {recipe.label} is not used: here every mask holds one region.")
        settings = asdict(self.arguments) | {name: getattr(recipe, setting) for name, setting in of_recipe.items()}
        return self.spec.open(settings)


class _ReaderParser(argparse.ArgumentParser):
    """A subcommand whose options are added when it is chosen: five sets of them would slow every start."""

    settings: Callable[[], Sequence[type]] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.settings is not None:
            add_arguments(self, *self.settings())
            self.settings = None
        return super().parse_known_args(args, namespace)


def add_readers(parser: argparse.ArgumentParser, settings: Callable[[ReaderSpec], Sequence[type]]) -> None:
    """Add a subcommand for each reader; ``settings`` returns the dataclasses of its options."""
    readers = parser.add_subparsers(
        dest="reader", required=True, metavar="READER", title="readers", parser_class=_ReaderParser
    )
    for name, spec in READERS.items():
        subcommand = readers.add_parser(name, help=spec.help, description=spec.description)
        subcommand.settings = lambda spec=spec: (spec.arguments, *settings(spec))


def chosen_reader(namespace: argparse.Namespace) -> ChosenReader:
    """Return the reader that a parsed command line names."""
    spec = READERS[namespace.reader]
    return ChosenReader(spec, settings_from(namespace, spec.arguments), settings_from(namespace, TableOptions))
