"""Errors of this package; every message gives the file, the cause and the remedy."""

from __future__ import annotations

from pathlib import Path


class RadiomicsMammoError(Exception):
    """Base class of the errors of this package.

    Parameters
    ----------
    cause : str
        The cause, without a full stop.
    path : str or pathlib.Path, optional
        The file or folder.
    remedy : str
        What to do, as a sentence.

    Examples
    --------
    >>> from radiomics_mammo import RadiomicsMammoError, load_recipe
    >>> try:
    ...     load_recipe("lesions")
    ... except RadiomicsMammoError as error:
    ...     print(error)
    no recipe is called 'lesions'. Recipes: breast, lesion; or give the path of a .yaml file.
    """

    def __init__(self, cause: str, *, path: str | Path | None = None, remedy: str = "") -> None:
        self.cause = cause
        self.path = None if path is None else str(path)
        self.remedy = remedy
        super().__init__(cause, path, remedy)

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.cause}. {self.remedy}".rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling between worker processes.
        return _rebuild, (type(self), self.cause, self.path, self.remedy)


def _rebuild(kind: type[RadiomicsMammoError], cause: str, path: str | None, remedy: str) -> RadiomicsMammoError:
    return kind(cause, path=path, remedy=remedy)


class CaseError(RadiomicsMammoError):
    """One case cannot be measured; it is listed in the failures table, and the run continues."""


class ReadError(CaseError):
    """A file of one case is missing, unreadable, truncated, or not the expected image."""


class MaskError(CaseError):
    """The mask of one case is empty, has another size, or does not match its image."""


class RoiError(CaseError):
    """The region cannot be measured: too small, NaN, or too many grey levels."""


class InputError(RadiomicsMammoError):
    """An input (folder, CSV, table, option) is not valid; nothing is started."""


class RecipeError(RadiomicsMammoError):
    """A setting of a recipe is unknown, unsupported or out of range."""


class EngineError(RadiomicsMammoError):
    """The requested engine cannot run on this machine."""


class OutputError(RadiomicsMammoError):
    """The result cannot be written: no permission, no space, or another process writes it."""
