"""The checkpoint of a run: finished batches lie in ``<out>.parts/`` until the table is whole.

Every part is written atomically and names the cases that it finishes, so a run that was killed at any instant resumes
from the last part. A header holds the settings of the parts; other settings are refused.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from radiomics_mammo.core.records import Case
from radiomics_mammo.errors import OutputError
from radiomics_mammo.extraction.batch import BatchResult
from radiomics_mammo.extraction.checkpoint_parts import (
    PART_SUFFIX,
    Chunk,
    CompletedCase,
    read_part,
    read_table_chunk,
    write_part,
)
from radiomics_mammo.extraction.fingerprint import case_fingerprint
from radiomics_mammo.tables.atomic import make_folder, output_error, sync_folder, write_bytes
from radiomics_mammo.tables.csv_file import is_csv
from radiomics_mammo.tables.feature_table import FORMAT, decode, encode, read_provenance

HEADER = "header.json"
_ENDED = "ended.json"
"""What the header is called while its folder is being removed: without a header the parts count for nothing."""
_OURS = re.compile(rf"({re.escape(HEADER)}|{re.escape(_ENDED)}|part-\d+{re.escape(PART_SUFFIX)})(\.tmp)?")
_OVERWRITE = "Give --overwrite to replace it, or another --out."


@dataclass(frozen=True, slots=True)
class Identity:
    """The settings that all rows of one table share.

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
        """Return it as JSON values; ``recipe_name`` is for messages only."""
        return {
            "format": FORMAT,
            "recipe": f"{self.recipe_name} ({self.recipe_hash[:12]})",
            "recipe_hash": self.recipe_hash,
            "engine": self.engine,
            # The interpreter does not compute features, and a new patch of it should not end a long run.
            "versions": {name: version for name, version in sorted(self.versions.items()) if name != "python"},
            "columns": [[name, kind.__name__] for name, kind in self.columns],
        }


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a table on disk when a run starts.

    Attributes
    ----------
    out, parts : pathlib.Path
        The table, and the folder of its parts.
    identity : Identity
    created : str
        Time of the table's first start (ISO 8601, UTC).
    chunks : tuple of Chunk
        The finished table, then its parts; of two that hold the same case the later one counts.
    features : tuple of str
        Feature names of the chunks; empty without any.
    """

    out: Path
    parts: Path
    identity: Identity
    created: str
    chunks: tuple[Chunk, ...]
    features: tuple[str, ...]

    @property
    def has_parts(self) -> bool:
        """Return whether an unfinished run left parts."""
        return any(chunk.path.parent == self.parts for chunk in self.chunks)


def parts_folder(out: Path) -> Path:
    """Return the folder of a table's parts: ``cases.parquet.parts`` for ``cases.parquet``."""
    return out.with_name(out.name + ".parts")


def open_checkpoint(out: Path, *, identity: Identity, overwrite: bool) -> Checkpoint:
    """Read what is on disk, and check that this run can resume from it; nothing is written.

    An unfinished ``--overwrite`` run is resumed like any other; its parts replace the old table.

    Raises
    ------
    OutputError
        The table or its parts have other settings, or the file is not a table that extract wrote.
    """
    parts = parts_folder(out)
    header = _read_header(parts)
    if overwrite and (header is None or not header["replaces"] or header["identity"] != identity.record()):
        _refuse_folder(out)
        return Checkpoint(out, parts, identity, now_utc(), (), ())
    chunks: list[Chunk] = []
    created, features = now_utc(), []
    if out.exists() and not (header and header["replaces"]):
        provenance = _table_provenance(out, identity)
        chunks.append(read_table_chunk(out))
        created, features = provenance["created"], provenance["features"]
    if header is not None:
        _compare(header["identity"], identity, path=parts)
        created, features = header["created"], header["features"]
        chunks.extend(read_part(path) for path in _part_files(parts))
    return Checkpoint(out, parts, identity, created, tuple(chunks), tuple(features))


def begin_checkpoint(checkpoint: Checkpoint, *, features: Sequence[str]) -> None:
    """Write the folder of the parts and its header, unless the run resumes an earlier one.

    Raises
    ------
    OutputError
        The folder cannot be written to, or the earlier rows have other features.
    """
    if checkpoint.features and checkpoint.features != tuple(features):
        raise OutputError(
            f"its features are others ({len(checkpoint.features)}) than this run's ({len(features)})",
            path=checkpoint.out,
            remedy=_OVERWRITE,
        )
    if checkpoint.has_parts:
        return
    header = {
        "identity": checkpoint.identity.record(),
        "created": checkpoint.created,
        "replaces": not checkpoint.chunks,
        "features": list(features),
    }
    remove_parts(checkpoint)
    make_folder(checkpoint.parts)
    write_bytes(checkpoint.parts / HEADER, encode(header))


def append_part(
    checkpoint: Checkpoint, *, number: int, result: BatchResult, cases: Sequence[Case], stamps: Sequence[str]
) -> dict[str, str]:
    """Write the result of one batch as a part, and return the fingerprints of its cases by their names.

    Parameters
    ----------
    checkpoint : Checkpoint
    number : int
        Above those of all parts (:func:`next_part`).
    result : BatchResult
        Its numbers are positions in ``cases``.
    cases, stamps : sequence
        All cases of the input, and their stamps.

    Raises
    ------
    OutputError
        The part cannot be written.
    """
    rows = Counter(result.row_cases)
    # A worker that died sent none.
    fingerprints = result.fingerprints or [case_fingerprint(cases[case]) for case in result.done]
    completed = [
        CompletedCase(cases[case].case_id, fingerprint, rows[case], stamps[case])
        for case, fingerprint in zip(result.done, fingerprints, strict=True)
    ]
    write_part(
        checkpoint.parts / f"part-{number:06d}{PART_SUFFIX}",
        cases=completed,
        failures=[(cases[case].case_id, failure) for case, failure in result.failures],
        rows=result.identity,
        values=result.values,
    )
    return {case.case_id: case.fingerprint for case in completed}


def next_part(checkpoint: Checkpoint) -> int:
    """Return the number above those of all parts."""
    return max((int(path.stem.removeprefix("part-")) for path in _part_files(checkpoint.parts)), default=0) + 1


def read_chunks(checkpoint: Checkpoint) -> tuple[Chunk, ...]:
    """Read everything that is done: the earlier table unless it is replaced, then all parts."""
    tables = tuple(chunk for chunk in checkpoint.chunks if chunk.path == checkpoint.out)
    return (*tables, *(read_part(path) for path in _part_files(checkpoint.parts)))


def remove_parts(checkpoint: Checkpoint) -> None:
    """Remove the parts, and their folder unless somebody else's files lie in it.

    The header is renamed first and goes last, so that a kill in between leaves a folder that still is known as ours.
    """
    parts = checkpoint.parts
    if not parts.is_dir():
        return
    try:
        if (parts / HEADER).exists():
            (parts / HEADER).replace(parts / _ENDED)
            sync_folder(parts)
        for path in sorted(parts.iterdir(), key=lambda path: path.name == _ENDED):
            if _OURS.fullmatch(path.name):
                path.unlink()
        if not any(parts.iterdir()):
            parts.rmdir()
    except OSError as error:
        raise output_error(error, path=parts) from error


def remove_empty(checkpoint: Checkpoint) -> None:
    """Remove the folder of a run that ended before its first part."""
    if checkpoint.parts.is_dir() and not _part_files(checkpoint.parts):
        remove_parts(checkpoint)


def now_utc() -> str:
    """Return the time in ISO 8601 and UTC; ``SOURCE_DATE_EPOCH`` replaces it (reproducible builds)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = time.gmtime(int(epoch) if epoch.isdigit() else time.time())
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)


def _table_provenance(out: Path, identity: Identity) -> dict[str, Any]:
    """Read the provenance of a finished table, and check that this run may extend it."""
    _refuse_folder(out)
    try:
        provenance = read_provenance(out)
    except (OSError, pa.ArrowException):
        provenance = {}
    if "identity" not in provenance:
        changed = ", or was changed since" if is_csv(out) else ""
        raise OutputError(
            f"this file exists and is not a table that extract wrote{changed}", path=out, remedy=_OVERWRITE
        )
    _compare(provenance["identity"], identity, path=out)
    return provenance


def _compare(stored: Mapping[str, Any], identity: Identity, *, path: Path) -> None:
    wanted = identity.record()
    keys = ("format", "recipe_hash", "engine", "versions", "columns")
    differences = "; ".join(_difference(key, stored, wanted) for key in keys if stored.get(key) != wanted[key])
    if differences:
        raise OutputError(f"it was begun with other settings: {differences}", path=path, remedy=_OVERWRITE)


def _difference(key: str, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    if key == "format":
        return f"table format {stored.get('format', 1)}, now {FORMAT}"
    if key == "recipe_hash":
        return f"recipe {stored.get('recipe')}, now {wanted['recipe']}"
    if key == "engine":
        return f"engine {stored.get('engine')}, now {wanted['engine']}"
    if key == "versions":
        before: Mapping[str, str] = stored.get("versions") or {}
        now: Mapping[str, str] = wanted["versions"]
        names = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
        return ", ".join(f"{name} {before.get(name, 'absent')}, now {now.get(name, 'absent')}" for name in names)
    old, new = ({name for name, _ in columns} for columns in (stored.get("columns") or [], wanted["columns"]))
    return f"identity columns ({', '.join(sorted(old ^ new)) or 'their order or type'})"


def _refuse_folder(out: Path) -> None:
    if out.is_dir():
        raise OutputError("this is a folder, not a file", path=out, remedy="Name a file with --out.")


def _read_header(parts: Path) -> dict[str, Any] | None:
    """Return the header of the parts; None where there are none.

    Raises
    ------
    OutputError
        The folder is somebody else's, or its header is damaged.
    """
    try:
        header = decode((parts / HEADER).read_bytes())
        if header.keys() >= {"identity", "created", "replaces", "features"}:
            return header
    except (FileNotFoundError, NotADirectoryError):
        header = {}
        names = {path.name for path in parts.iterdir()} if parts.is_dir() else set()
        # Killed before its header was written or after it was renamed, or never begun.
        if _ENDED in names or (names <= {f"{HEADER}.tmp"} and not parts.is_file()):
            return None
    except (OSError, ValueError, AttributeError) as error:
        header = {"not readable": error}
    raise OutputError(
        f"unfinished rows are kept here, and it has {'no' if not header else 'a damaged or foreign'} {HEADER}",
        path=parts,
        remedy="Move it if it is yours, delete it if a run was interrupted, or choose another --out.",
    )


def _part_files(parts: Path) -> list[Path]:
    return sorted(parts.glob(f"part-*{PART_SUFFIX}"))
