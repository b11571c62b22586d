"""Checkpoint of the finished folds of an interrupted run."""

from __future__ import annotations

import glob
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from radiomics_mammo.evaluation.training.fold_store import FoldStore
from radiomics_mammo.tables.atomic import output_error


def source_hash() -> str:
    """Compute a hash of the sources that determine the models."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for path in sorted(p for room in ("evaluation", "runs") for p in (package / room).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def fold_store(out: Path, decides: Mapping[str, Any]) -> Iterator[FoldStore]:
    """Open the store of finished folds, named by all that decides the result.

    When the block ends without an error all such stores of this run folder are removed; otherwise they stay, unless
    empty, and a run with the same table, options and versions goes on from there.
    """
    key = hashlib.sha256(json.dumps(decides, sort_keys=True, default=str).encode()).hexdigest()[:16]
    out = out.absolute()
    folder = out.with_name(f".{out.name}.folds-{key}")
    try:
        try:
            yield FoldStore(folder)
            for old in out.parent.glob(f".{glob.escape(out.name)}.folds-*"):
                shutil.rmtree(old, ignore_errors=True)
        finally:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise output_error(error, path=out) from error
