"""What a parameter file has wrong, and what of it is not used: collected first, so that all is reported at once."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from radiomics_mammo.errors import RecipeError

Place: TypeAlias = tuple[str, ...]
"""The keys that lead to an entry: ``("setting", "binWidth")``."""

MOST = 30
"""Faults that one message lists."""
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxtuple = 3, 4, 4


class _Fault(NamedTuple):
    line: int | None
    cause: str
    remedy: str


@dataclass(slots=True)
class Findings:
    """Faults and notes of one parameter file.

    Attributes
    ----------
    path : pathlib.Path or None
        The file; None for a dictionary.
    lines : mapping of Place to int
        Line of each key in the file, from 1.
    notes : list of str
        What was read and has no effect on an image of one plane, or not the effect that it has in a volume.
    """

    path: Path | None = None
    lines: Mapping[Place, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _faults: list[_Fault] = field(default_factory=list)

    def fault(self, cause: str, *, at: Place = (), remedy: str, line: int | None = None) -> None:
        """Add a fault, at a place of the file or in a line."""
        self._faults.append(_Fault(line or self.line(at), cause, remedy))

    def unknown(self, what: str, name: str, known: Iterable[str], *, at: Place) -> None:
        """Add an unknown name as a fault; the remedy says which are known, and which may be meant."""
        known = list(known)
        matches = difflib.get_close_matches(name[:80].lower(), [each.lower() for each in known], n=1, cutoff=0.75)
        meant = next((each for each in known if matches and each.lower() == matches[0]), None)
        hint = f" (is {meant} meant?)" if meant else ""
        self.fault(f"unknown {what} {shown(name)}{hint}", at=at, remedy=f"Known: {', '.join(known)}.")

    def note(self, text: str, *, at: Place = ()) -> None:
        """Add a note."""
        line = self.line(at)
        self.notes.append(text if line is None else f"line {line}: {text}")

    def line(self, at: Place) -> int | None:
        """Return the line of a place, or of what it stands in."""
        return next((self.lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in self.lines), None)

    def check(self) -> None:
        """Raise where there are faults.

        Raises
        ------
        RecipeError
            It lists all of them in the order of their lines; a remedy that several share is given once.
        """
        faults = sorted(dict.fromkeys(self._faults), key=lambda each: each.line or 0)
        if not faults:
            return
        where = [f"line {each.line}: " if each.line else "" for each in faults]
        if len(faults) == 1:
            raise RecipeError(where[0] + faults[0].cause, path=self.path, remedy=faults[0].remedy)
        text, remedies = f"{len(faults)} faults:", set()
        for line, each in list(zip(where, faults, strict=True))[:MOST]:
            text += f"\n  {line}{each.cause}" + ("" if each.remedy in remedies else f". {each.remedy[:-1]}")
            remedies.add(each.remedy)
        text += f"\n  and {len(faults) - MOST} more" if len(faults) > MOST else ""
        raise RecipeError(text, path=self.path, remedy="Correct all of them.")


def shown(value: object) -> str:
    """Format a value for a message, shortened where it is long."""
    if isinstance(value, int) and abs(value) > 10**40:
        return "a whole number of more than 40 digits"
    return _SHORT.repr(value)
