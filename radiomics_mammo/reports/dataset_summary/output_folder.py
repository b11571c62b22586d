"""A folder that is written completely or not at all, and never replaces other files."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from radiomics_mammo.errors import OutputError
from radiomics_mammo.tables.atomic import output_error, sync_folder, write_bytes
from radiomics_mammo.tables.lock import table_lock

PAGE = "index.html"
_OF_THE_SYSTEM = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
"""Files that file managers create in a folder; in lower case."""


def write_folder(folder: Path, files: Mapping[str, bytes], *, ours: Collection[str], overwrite: bool = False) -> None:
    """Write files into a folder; it is renamed to its place when all of them are on the disk.

    Parameters
    ----------
    folder : pathlib.Path
        Absent, or empty, or an earlier summary without other files, to be replaced.
    """
    folder = folder.absolute()
    partial, replaced = (folder.with_name(f".{folder.name}.{word}") for word in ("partial", "replaced"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with table_lock(folder):
            if replaced.exists() and not folder.exists():
                replaced.rename(folder)  # a process was killed between the two renames below
            check_folder(folder, ours, overwrite=overwrite)
            for left in (partial, replaced):
                shutil.rmtree(left, ignore_errors=True)
            partial.mkdir()
            try:
                for name, content in files.items():
                    write_bytes(partial / name, content)
                if folder.exists():
                    folder.rename(replaced)
                partial.rename(folder)
                sync_folder(folder.parent)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(replaced, ignore_errors=True)
    except OSError as error:
        raise output_error(error, path=folder) from error


def check_folder(folder: Path, ours: Collection[str], *, overwrite: bool) -> None:
    """Raise where a folder must not be replaced."""
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise OutputError("a file is in the summary's place", path=folder, remedy="Choose another folder.")
        there = {entry.name for entry in folder.iterdir() if entry.name.lower() not in _OF_THE_SYSTEM}
    except OSError as error:
        raise output_error(error, path=folder) from error
    if not there:
        return
    strange = sorted(there - set(ours))
    if strange or PAGE not in there:
        listed = f" ({', '.join(strange[:3])}{', …' if len(strange) > 3 else ''})" if strange else ""
        raise OutputError(
            f"this folder holds other things than a summary{listed}", path=folder, remedy="Choose another."
        )
    if not overwrite:
        remedy = "Replace it with --overwrite, or choose another folder."
        raise OutputError("there is a summary here already", path=folder, remedy=remedy)
