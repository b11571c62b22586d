"""What can go wrong, named by who has to act: every message gives the file, the cause and the remedy."""

from __future__ import annotations

from pathlib import Path


class RadiomicsMammoError(Exception):
    """Base of every error that this package raises on purpose.

    Parameters
    ----------
    cause : str
        What is wrong, without a final full stop.
    path : str or pathlib.Path, optional
        The file or folder at fault.
    remedy : str
        What the user can do about it, as a sentence.

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
    """One case cannot be measured: it costs one row in the failures table, never the run."""


class ReadError(CaseError):
    """A file of one case is missing, unreadable, truncated, or not the picture that it should be."""


class MaskError(CaseError):
    """The mask of one case is empty, has another size, or cannot be matched to its image."""


class RoiError(CaseError):
    """The region is there but cannot be measured: too small, constant NaN, too many grey levels."""


class InputError(RadiomicsMammoError):
    """A whole input is wrong (folder, CSV, table): nothing can start."""


class RecipeError(RadiomicsMammoError):
    """A setting is unknown, unsupported or out of range: said before the first image is read."""


class EngineError(RadiomicsMammoError):
    """The engine that was asked for cannot run here."""


class OutputError(RadiomicsMammoError):
    """The result cannot be written: no permission, no space, or another process is writing it."""
