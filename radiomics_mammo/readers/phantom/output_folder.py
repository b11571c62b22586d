"""A folder that a phantom writes itself into: whole, or written anew; never over anything else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from radiomics_mammo.core.records import Scalar
from radiomics_mammo.errors import OutputError

NOTE = "PHANTOM.txt"
"""The file that marks a folder of simulated pictures; readers look for it."""
NOTE_TEXT = """\
phantom: every picture in this folder is simulated by radiomics_mammo.
No patient exists, and nothing measured here is clinical performance.
{layout}
Written again or removed by the program that made it: keep nothing of your own here.
Settings: {settings}, generator {generator}
"""
GENERATOR = 1  # raise it whenever the same settings give other pixels: old trees are then written anew

LEFTOVER_TABLES = (
    "mass_case_description_train_set.csv",
    "mass_case_description_test_set.csv",
    "train.csv",
)
LEFTOVER_FOLDERS = ("Mass-*_PHANTOM_*", "train_images")
"""What phantoms of any layout leave in a folder: another one takes its place."""
_PARTIAL = ".partial"


class HasFiles(Protocol):
    """A picture that knows the files it goes into, relative to the root."""

    @property
    def files(self) -> tuple[str, ...]:
        """Return the paths, with forward slashes."""
        ...


Picture = TypeVar("Picture", bound=HasFiles)


@dataclass(frozen=True, slots=True)
class PhantomTree(Generic[Picture]):
    """What goes into the folder.

    Attributes
    ----------
    layout : str
        A sentence on whose layout it is, for the note.
    settings : mapping of str to scalar
        What the pixels and files depend on, for the note.
    tables : mapping of str to callable
        File names and what writes each; they are written last.
    """

    layout: str
    settings: Mapping[str, Scalar]
    pictures: Sequence[Picture]
    write: Callable[[Picture, Path], None]
    tables: Mapping[str, Callable[[Path], None]]


def is_phantom(root: str | Path) -> bool:
    """Return whether a folder, or the one above it, is a phantom's."""
    root = Path(root).expanduser().resolve()
    return any((folder / NOTE).is_file() for folder in (root, root.parent))


def write_tree(
    tree: PhantomTree[Picture], root: str | Path, *, on_picture: Callable[[int, int], None] | None = None
) -> int:
    """Write a phantom's files, unless all are there; return the pictures written.

    A folder that is complete and was made with the same settings is left as it is; one made with others, or cut
    short, is written anew.

    Raises
    ------
    OutputError
        The folder holds something else, or cannot be written.
    """
    root = Path(root)
    note = NOTE_TEXT.format(layout=tree.layout, settings=json.dumps(dict(tree.settings)), generator=GENERATOR)
    try:
        if _complete(root, note, tree):
            return 0
        _clear(root)
        root.mkdir(parents=True, exist_ok=True)
        (root / NOTE).write_text(note, encoding="utf-8", newline="\n")
        for done, picture in enumerate(tree.pictures, start=1):
            for path in picture.files:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
            tree.write(picture, root)
            if on_picture is not None:
                on_picture(done, len(tree.pictures))
        for name, write_table in tree.tables.items():
            write_table(root / f"{name}{_PARTIAL}")
            (root / f"{name}{_PARTIAL}").replace(root / name)  # half a table would pass for a whole tree
    except OSError as error:
        raise OutputError(
            f"the phantom tree cannot be written ({error.strerror})",
            path=error.filename or root,
            remedy="Free some space, or name a folder that you may write in.",
        ) from error
    return len(tree.pictures)


def _complete(root: Path, note: str, tree: PhantomTree[Picture]) -> bool:
    written = root / NOTE
    if not written.is_file() or written.read_text(encoding="utf-8") != note:
        return False
    files = [*tree.tables, *(path for picture in tree.pictures for path in picture.files)]
    return all((root / path).is_file() for path in files)


def _clear(root: Path) -> None:
    """Check that a folder holds nothing but a phantom, and remove that."""
    if not root.exists():
        return
    if not root.is_dir():
        raise OutputError("is a file, not a folder", path=root, remedy="Name a folder for the phantom.")
    if any(root.iterdir()) and not (root / NOTE).is_file():
        raise OutputError("is not empty and holds no phantom", path=root, remedy="Name an empty or a new folder.")
    for name in LEFTOVER_TABLES:  # first, so that a tree cut short here is not taken for a whole one
        for left in (name, f"{name}{_PARTIAL}"):
            (root / left).unlink(missing_ok=True)
    for pattern in LEFTOVER_FOLDERS:
        for folder in root.glob(pattern):
            shutil.rmtree(folder)
