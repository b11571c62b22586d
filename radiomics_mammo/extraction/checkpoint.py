"""The resumable half of the table: finished batches lie in ``<out>.parts/`` until the table is whole.

Every part is written atomically and says which cases it finishes, so a run that was killed at any instant
goes on from the last part. A header says what the parts were made with; other settings are refused.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radiomics_mammo.core.records import Case
from radiomics_mammo.errors import OutputError
from radiomics_mammo.extraction.batch import BatchResult
from radiomics_mammo.extraction.checkpoint_parts import (
    PART_SUFFIX,
    Entry,
    Outcomes,
    read_part,
    read_table_outcomes,
    write_part,
)
from radiomics_mammo.tables.atomic import output_error, sync_folder, write_bytes
from radiomics_mammo.tables.feature_table import decode, encode, read_provenance

HEADER = "header.json"
_ANEW = "Give --overwrite to make it anew, or another --out."


@dataclass(frozen=True, slots=True)
class Identity:
    """What all rows of one table must have in common.

    Attributes
    ----------
    recipe_name, recipe_hash, engine : str
        How the features are computed.
    versions : mapping of str to str
        The libraries that compute them.
    columns : tuple of (str, type)
        The reader's own identity columns.
    """

    recipe_name: str
    recipe_hash: str
    engine: str
    versions: Mapping[str, str]
    columns: tuple[tuple[str, type], ...]

    def record(self) -> dict[str, Any]:
        """As JSON values; ``recipe_name`` is for messages only."""
        return {
            "recipe": f"{self.recipe_name} ({self.recipe_hash[:12]})",
            "recipe_hash": self.recipe_hash,
            "engine": self.engine,
            # The interpreter does not compute features, and a new patch of it should not end a long run.
            "versions": {name: said for name, said in sorted(self.versions.items()) if name != "python"},
            "columns": [[name, kind.__name__] for name, kind in self.columns],
        }


@dataclass(frozen=True, slots=True)
class Journal:
    """Where a run stands.

    Attributes
    ----------
    out, parts : pathlib.Path
        The table to be, and the folder of its parts.
    identity : Identity
        What the rows have in common.
    created : str
        When the table was begun (ISO 8601, UTC): the first start counts, whoever finishes it.
    sources : tuple of Outcomes
        What was there at the start: the finished table, then its parts; of two that hold the same case the
        later one counts.
    features : tuple of str
        Feature names of what was there; empty when nothing was.
    """

    out: Path
    parts: Path
    identity: Identity
    created: str
    sources: tuple[Outcomes, ...]
    features: tuple[str, ...]

    @property
    def has_parts(self) -> bool:
        """Whether an unfinished run left something to go on from."""
        return any(source.path.parent == self.parts for source in self.sources)


def parts_folder(out: Path) -> Path:
    """``cases.parquet`` has its parts in ``cases.parquet.parts``."""
    return out.with_name(out.name + ".parts")


def open_journal(out: Path, *, identity: Identity, overwrite: bool) -> Journal:
    """See what there is already, and whether this run can go on from it. Nothing is written.

    An unfinished ``--overwrite`` run is gone on with like any other; its parts replace the old table.

    Raises
    ------
    OutputError
        What is there was made with other settings, or is not a feature table of ours.
    """
    parts = parts_folder(out)
    header = _read_header(parts)
    if overwrite and (header is None or not header["replaces"] or header["identity"] != identity.record()):
        _refuse_folder(out)
        return Journal(out, parts, identity, now_utc(), (), ())
    sources: list[Outcomes] = []
    created, features = now_utc(), []
    if out.exists() and not (header and header["replaces"]):
        sources.append(_finished(out, identity))
        provenance = read_provenance(out)
        created, features = provenance["created"], provenance["features"]
    if header is not None:
        _compare(header["identity"], identity, path=parts)
        created, features = header["created"], header["features"]
        sources.extend(read_part(path) for path in _part_files(parts))
    return Journal(out, parts, identity, created, tuple(sources), tuple(features))


def begin(journal: Journal, *, features: Sequence[str]) -> None:
    """Make the folder of the parts and its header, unless the run goes on from an earlier one.

    Raises
    ------
    OutputError
        The folder cannot be written to, or the features are not those of the rows that are there.
    """
    if journal.features and journal.features != tuple(features):
        raise OutputError(
            f"its features are others ({len(journal.features)}) than this run's ({len(features)})",
            path=journal.out,
            remedy=_ANEW,
        )
    if journal.has_parts:
        return
    header = {
        "identity": journal.identity.record(),
        "created": journal.created,
        "replaces": not journal.sources,
        "features": list(features),
    }
    remove_parts(journal)
    make_folder(journal.parts)
    write_bytes(journal.parts / HEADER, encode(header))


def append_part(
    journal: Journal, *, number: int, result: BatchResult, cases: Sequence[Case], fingerprints: Sequence[str]
) -> None:
    """Write one batch's outcome as a part.

    Parameters
    ----------
    journal : Journal
        Where.
    number : int
        The part's own, above those of the parts that are there (:func:`next_part`).
    result : BatchResult
        What was measured; its numbers are positions in ``cases``.
    cases, fingerprints : sequence
        All cases of the input, and their fingerprints.

    Raises
    ------
    OutputError
        The part cannot be written.
    """
    rows = Counter(result.row_cases)
    write_part(
        journal.parts / f"part-{number:06d}{PART_SUFFIX}",
        entries=[Entry(cases[case].case_id, fingerprints[case], rows[case]) for case in result.done],
        failures=[(cases[case].case_id, failure) for case, failure in result.failures],
        rows=result.identity,
        values=result.values,
    )


def next_part(journal: Journal) -> int:
    """Give the number above those of all parts."""
    return max((int(path.stem.removeprefix("part-")) for path in _part_files(journal.parts)), default=0) + 1


def written(journal: Journal) -> tuple[Outcomes, ...]:
    """Everything that there is now: the earlier table unless it is replaced, then all parts."""
    tables = tuple(source for source in journal.sources if source.path == journal.out)
    return (*tables, *(read_part(path) for path in _part_files(journal.parts)))


def remove_parts(journal: Journal) -> None:
    """Remove the parts: the header goes first, since without it the rest of the folder counts for nothing."""
    if not journal.parts.is_dir():
        return
    try:
        (journal.parts / HEADER).unlink(missing_ok=True)
        sync_folder(journal.parts)
        shutil.rmtree(journal.parts)
    except OSError as error:
        raise output_error(error, path=journal.parts) from error


def remove_empty(journal: Journal) -> None:
    """Remove the folder of a run that ended before its first part."""
    if journal.parts.is_dir() and not _part_files(journal.parts):
        remove_parts(journal)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises
    ------
    OutputError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, path=folder) from error


def now_utc() -> str:
    """Give the time in ISO 8601 and UTC, or what ``SOURCE_DATE_EPOCH`` says instead (reproducible builds)."""
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = time.gmtime(int(said) if said.isdigit() else time.time())
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)


def _finished(out: Path, identity: Identity) -> Outcomes:
    _refuse_folder(out)
    found = read_table_outcomes(out)
    if found is None:
        raise OutputError("this file exists and is not a table that extract wrote", path=out, remedy=_ANEW)
    provenance = read_provenance(out)
    _compare(provenance["identity"], identity, path=out)
    return found


def _compare(found: Mapping[str, Any], identity: Identity, *, path: Path) -> None:
    wanted = identity.record()
    differing = [key for key in ("recipe_hash", "engine", "versions", "columns") if found.get(key) != wanted[key]]
    if not differing:
        return
    said = "; ".join(_difference(key, found, wanted) for key in differing)
    raise OutputError(f"it was begun with other settings: {said}", path=path, remedy=_ANEW)


def _difference(key: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    if key == "recipe_hash":
        return f"recipe {found.get('recipe')}, now {wanted['recipe']}"
    if key == "engine":
        return f"engine {found.get('engine')}, now {wanted['engine']}"
    if key == "versions":
        before: Mapping[str, str] = found.get("versions") or {}
        now: Mapping[str, str] = wanted["versions"]
        names = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
        return ", ".join(f"{name} {before.get(name, 'absent')}, now {now.get(name, 'absent')}" for name in names)
    old, new = ({name for name, _ in columns} for columns in (found.get("columns") or [], wanted["columns"]))
    return f"identity columns ({', '.join(sorted(old ^ new)) or 'their order or type'})"


def _refuse_folder(out: Path) -> None:
    if out.is_dir():
        raise OutputError("this is a folder, not a file", path=out, remedy="Name a .parquet file with --out.")


def _read_header(parts: Path) -> dict[str, Any] | None:
    try:
        return decode((parts / HEADER).read_bytes())
    except FileNotFoundError:
        return None  # killed before its first part, or never begun
    except (OSError, json.JSONDecodeError) as error:
        raise OutputError(
            f"the header of the unfinished table cannot be read ({error})",
            path=parts,
            remedy="Delete this folder.",
        ) from error


def _part_files(parts: Path) -> list[Path]:
    return sorted(parts.glob(f"part-*{PART_SUFFIX}"))
