"""The contract of a reader: list the cases without reading pixels, then load them one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from radiomics_mammo.core.option import check_options, option_fields
from radiomics_mammo.errors import InputError

# ``--help`` builds options from this module: it must not wait for NumPy.
if TYPE_CHECKING:
    from radiomics_mammo.core.records import Case, Sample, Scalar


class Reader(Protocol):
    """Lists and loads the cases of a collection on disk. Picklable: workers get a copy.

    A reader may have ``remarks``, ``listed()`` and ``prefetch(case)`` too, see
    :func:`radiomics_mammo.readers.remarks_of`, :func:`~radiomics_mammo.readers.listed` and
    :func:`~radiomics_mammo.readers.prefetch`. :func:`radiomics_mammo.testing.readers.check_reader` checks a reader.
    """

    @property
    def columns(self) -> tuple[tuple[str, type], ...]:
        """Return names and types (str, int, float, bool) of the identity columns.

        In table order, without ``case_id`` and ``patient_id``.
        """
        ...

    def cases(self) -> Sequence[Case]:
        """List all cases in a stable order, with unique ids; no pixel is read.

        Raises
        ------
        InputError
            The collection is not what this reader reads.
        """
        ...

    def load(self, case: Case) -> Sequence[Sample]:
        """Read the pixels of one case; several samples where a mask has several labels.

        Raises
        ------
        CaseError
            This case cannot be read; the others can.
        """
        ...

    def describe(self) -> dict[str, Scalar]:
        """Return name (``reader``) and settings as JSON scalars; paths are absolute.

        :func:`radiomics_mammo.readers.open_reader` opens the reader again from them.
        """
        ...


@dataclass(frozen=True)
class ReaderArguments:
    """Settings of a reader: a subclass declares them as fields, and the reader itself is a subclass of that.

    Fields declared with :func:`radiomics_mammo.core.option.option` are options of the command line. A field with
    ``metadata={"recipe": NAME}`` takes the setting NAME of the recipe.
    """

    name: ClassVar[str]
    """Name on the command line and in tables."""
    undescribed: ClassVar[tuple[str, ...]] = ()
    """Fields that change no row, and that :meth:`describe` leaves out."""

    def __post_init__(self) -> None:
        check_options(self)

    def describe(self) -> dict[str, Scalar]:
        """Return name and settings of the reader as JSON scalars."""
        described: dict[str, Scalar] = {"reader": self.name}
        for each in fields(self):
            if each.init and each.name not in self.undescribed:
                value = getattr(self, each.name)
                described[each.name] = str(value) if isinstance(value, Path) else value
        return described

    @property
    def place(self) -> Path | None:
        """Return the path that the reader reads from; None where there is none."""
        paths = (getattr(self, each.name) for each, info in option_fields(self) if info.positional)
        return next((Path(path) for path in paths), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSpec:
    """A reader as everything else knows it: what ``READERS`` lists.

    Attributes
    ----------
    arguments : type
        Subclass of :class:`ReaderArguments`, from a module that imports neither NumPy nor a decoder.
    reader : str
        Class of the reader, as ``package.module:Class``; imported when a reader is opened.
    help, description : str
        For ``--help``: one line, and a paragraph.
    first_imports : tuple of str
        Modules that loading the first case imports; workers import them ahead.
    whole_breast : bool
        Whether the regions are whole breasts.
    read_image : str
        Function, as ``package.module:function``, that reads one image as this reader would, for prediction; empty
        where a region comes from a mask.
    simulated : bool
        Whether the images are simulated.
    writers : mapping of str to str
        For a reader of simulated images: functions that write them as files, by the name of the layout.
    collection : str
        Name of the public collection that it reads; empty where the user's own images are read.
    aliases : tuple of str
        Parts of other spellings of that name, in lower case.
    licence, citation : str
        Of the collection.
    outlines : str
        How the regions were outlined, as far as it is known: a sentence for reporting checklists.
    """

    arguments: type[ReaderArguments]
    reader: str
    help: str
    description: str
    first_imports: tuple[str, ...] = ()
    whole_breast: bool = False
    read_image: str = ""
    simulated: bool = False
    writers: Mapping[str, str] = field(default_factory=dict)
    collection: str = ""
    aliases: tuple[str, ...] = ()
    licence: str = ""
    citation: str = ""
    outlines: str = ""

    @property
    def name(self) -> str:
        """Return the reader's name on the command line."""
        return self.arguments.name

    @property
    def modules(self) -> tuple[str, ...]:
        """Return the modules that a worker needs for its first case."""
        return (self.reader.partition(":")[0], *self.first_imports)

    def open(self, settings: Mapping[str, Any]) -> Reader:
        """Return the reader with these settings.

        Raises
        ------
        InputError
            A setting is unknown or invalid, or the collection is not what the reader reads.
        """
        known = [each.name for each in fields(self.arguments) if each.init]
        unknown = [name for name in settings if name not in known]
        if unknown:
            raise InputError(
                f"the reader {self.name} has no setting {', '.join(unknown)}", remedy=f"Settings: {', '.join(known)}."
            )
        reader: Reader = imported(self.reader)(**settings)
        return reader

    def provenance(self) -> dict[str, Scalar]:
        """Return what a table records about the collection (``provenance["collection"]``), as JSON scalars."""
        names = ("licence", "citation", "outlines", "simulated")
        return {"name": self.collection} | {name: getattr(self, name) for name in names}


def imported(name: str) -> Any:
    """Return the object named ``package.module:attribute``."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def existing_folder(path: str | Path, *, remedy: str) -> Path:
    """Return the absolute path of a folder.

    Raises
    ------
    InputError
        There is no such folder.
    """
    folder = Path(path).expanduser().resolve()
    if not folder.is_dir():
        raise InputError("is not a folder", path=folder, remedy=remedy)
    return folder


def some_of(names: Sequence[str]) -> str:
    """Format the first three names of a list."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def refuse_all(faults: Sequence[str], *, path: Path, remedy: str) -> None:
    """Raise InputError with all faults, the first ten in full, if there are any."""
    if faults:
        more = f"; and {len(faults) - 10} more" if len(faults) > 10 else ""
        raise InputError("; ".join(faults[:10]) + more, path=path, remedy=remedy)
