"""Run an extraction: a reader's cases through an engine into a table, resumable after any kill."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from radiomics_mammo.core.console import print_if_slow, print_message, progress
from radiomics_mammo.core.records import Case
from radiomics_mammo.engines.base import Engine
from radiomics_mammo.errors import InputError, OutputError
from radiomics_mammo.extraction.backends import choose_backend
from radiomics_mammo.extraction.backends.base import Backend, Task
from radiomics_mammo.extraction.batch import NumberedCase, Seconds
from radiomics_mammo.extraction.checkpoint import (
    Checkpoint,
    Identity,
    append_part,
    begin_checkpoint,
    next_part,
    open_checkpoint,
    read_chunks,
    remove_empty,
    remove_parts,
)
from radiomics_mammo.extraction.error_log import log_failures, log_path
from radiomics_mammo.extraction.fingerprint import case_fingerprint, case_stamp
from radiomics_mammo.extraction.merge import Merged, merge_parts
from radiomics_mammo.extraction.stamps import read_stamps, write_stamps
from radiomics_mammo.extraction.timeline import Busy, Span, write_timeline
from radiomics_mammo.readers import collection_of, present_cases, remarks_of
from radiomics_mammo.tables.atomic import make_folder
from radiomics_mammo.tables.failures import failures_path, write_failures
from radiomics_mammo.tables.feature_table import identity_columns, read_provenance
from radiomics_mammo.tables.lock import table_lock

if TYPE_CHECKING:
    from radiomics_mammo.readers.base import Reader


class Definition(Protocol):
    """The definition of a table's columns: a recipe, or the settings of an embedding; picklable."""

    @property
    def name(self) -> str:
        """Return the name for messages."""
        ...

    @property
    def text(self) -> str:
        """Return the whole definition as text."""
        ...

    @property
    def hash(self) -> str:
        """Return hexadecimal digits; two definitions with the same hash give the same columns."""
        ...


@dataclass(frozen=True, slots=True)
class Setup:
    """The recipe and the engine of a run.

    Attributes
    ----------
    recipe : Definition
        The features and their settings.
    engine : str
        The engine's name.
    versions : mapping of str to str
        The libraries that compute them.
    engine_factory : callable
        ``engine_factory(engine, recipe)`` opens the engine, in whichever process.
    provenance : mapping
        Further entries of the table's provenance.
    starting : str
        The message shown when the start takes long.
    """

    recipe: Definition
    engine: str
    versions: Mapping[str, str]
    engine_factory: Callable[[str, Any], Engine]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    starting: str = "Starting the engine; the first time on a machine it compiles (about half a minute) ..."


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run; none of them changes a row.

    Attributes
    ----------
    out : pathlib.Path
        The table.
    workers : int
        Number of workers; 1 measures in this process.
    limit : int or None
        Measure only so many cases from the start.
    overwrite : bool
        Replace a table that is there.
    retry_failed : bool
        Measure the cases again that failed before.
    timeline : pathlib.Path or None
        Where to draw the timeline of all processes.
    only_present : bool
        Leave out the cases whose files are not there.
    """

    out: Path
    workers: int = 1
    limit: int | None = None
    overwrite: bool = False
    retry_failed: bool = False
    timeline: Path | None = None
    only_present: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of a run.

    Attributes
    ----------
    merged : Merged
        Content of the table.
    cases, skipped : int
        Cases of this run; the number that was done before.
    workers : int
        Workers that measured; 0 when nothing was left to do.
    features : int
        Feature columns.
    seconds : Seconds
        Cost of the stages, added up over workers.
    elapsed_s : float
        Wall clock.
    busy : float
        Share of the workers' time, while they measured, in which they used a processor.
    """

    merged: Merged
    cases: int
    skipped: int
    workers: int
    features: int
    seconds: Seconds
    elapsed_s: float
    busy: float


@dataclass(slots=True, eq=False)
class _Run:
    """The state of a run: what is left to do, and the cost so far."""

    checkpoint: Checkpoint
    cases: Sequence[Case]
    stamps: Sequence[str]
    fingerprints: dict[str, str]
    selected: int
    todo: list[NumberedCase]
    features: tuple[str, ...]
    seconds: Seconds = field(default_factory=Seconds)
    busy: Busy = field(default_factory=Busy)
    spans: list[Span] = field(default_factory=list)

    @property
    def skipped(self) -> int:
        return self.selected - len(self.todo)


def extract_table(reader: Reader, *, setup: Setup, options: Options) -> Summary:
    """Measure all cases of a reader that the table does not have yet, and write it.

    Parameters
    ----------
    reader : Reader
        Lists and loads the cases.
    setup : Setup
    options : Options

    Raises
    ------
    InputError
        The collection cannot be listed, is empty, or names two cases alike.
    EngineError
        The engine cannot be opened.
    OutputError
        The table cannot be written, is being written by another process, or was made with other settings.
    KeyboardInterrupt
        Ctrl-C or SIGTERM; finished cases are kept, and a message is printed.
    """
    start = time.perf_counter()
    identity_columns(reader.columns)
    cases = _checked(reader.cases(), only_present=options.only_present)
    for remark in remarks_of(reader):
        print_message(f"note: {remark}")
    make_folder(options.out.parent)
    with table_lock(options.out):
        run = _plan(reader, cases, setup=setup, options=options)
        workers = min(options.workers, len(run.todo))
        try:
            if run.todo or run.checkpoint.has_parts:
                merged = _carry_out(run, reader, setup=setup, workers=workers, keep_spans=options.timeline is not None)
            else:
                merged = _complete(run.checkpoint)
                _write_stamps(run)
        finally:
            _write_timeline(run, options.timeline, workers=workers)
    elapsed_s = time.perf_counter() - start
    busy = run.busy.fraction(workers)
    return Summary(merged, run.selected, run.skipped, workers, len(run.features), run.seconds, elapsed_s, busy)


def _write_timeline(run: _Run, path: Path | None, *, workers: int) -> None:
    if path is None:
        return
    if run.spans:
        write_timeline(path, run.spans, workers=workers)
    else:
        print_message("note: nothing was measured, so there is no timeline.")


def _checked(cases: Sequence[Case], *, only_present: bool) -> Sequence[Case]:
    if not cases:
        raise InputError("it holds no cases", remedy="Check the path and the selection.")
    present = present_cases(cases) if only_present else cases
    if len(present) < len(cases):
        absent = f"the files of {len(cases) - len(present)} of {len(cases)} cases are not there"
        if not present:
            raise InputError(absent, remedy="Check the paths, or download the files.")
        print_message(f"note: {absent}; left out (--only-present).")
    cases = present
    seen: set[str] = set()
    for case in cases:
        if case.case_id in seen:
            raise InputError(f"two cases are called {case.case_id}", remedy="Every case needs a case_id of its own.")
        seen.add(case.case_id)
    return cases


def _plan(reader: Reader, cases: Sequence[Case], *, setup: Setup, options: Options) -> _Run:
    recipe = setup.recipe
    identity = Identity(recipe.name, recipe.hash, setup.engine, setup.versions, tuple(reader.columns))
    checkpoint = open_checkpoint(options.out, identity=identity, overwrite=options.overwrite)
    stamps = [case_stamp(case) for case in cases]
    fingerprints = _fingerprints(checkpoint, cases, stamps)
    done = _done(checkpoint, fingerprints, retry_failed=options.retry_failed)
    selected = len(cases) if options.limit is None else min(options.limit, len(cases))
    todo = [(number, cases[number]) for number in range(selected) if cases[number].case_id not in done]
    return _Run(checkpoint, cases, stamps, fingerprints, selected, todo, checkpoint.features)


def _fingerprints(checkpoint: Checkpoint, cases: Sequence[Case], stamps: Sequence[str]) -> dict[str, str]:
    """Return the fingerprints of those cases that are done; only files that were touched since are read again."""
    completed = {case.case_id for chunk in checkpoint.chunks for case in chunk.cases}
    known = read_stamps(checkpoint.out)
    known |= {case.stamp: case.fingerprint for chunk in checkpoint.chunks for case in chunk.cases if case.stamp}
    here = [(case, stamp) for case, stamp in zip(cases, stamps, strict=True) if case.case_id in completed]
    with print_if_slow("Comparing the files with those that were measured ..."):
        return {case.case_id: known.get(stamp) or case_fingerprint(case) for case, stamp in here}


def _write_stamps(run: _Run) -> None:
    pairs = zip(run.cases, run.stamps, strict=True)
    write_stamps(
        run.checkpoint.out, {s: run.fingerprints[c.case_id] for c, s in pairs if c.case_id in run.fingerprints}
    )


def _done(checkpoint: Checkpoint, known: Mapping[str, str], *, retry_failed: bool) -> set[str]:
    """Find the cases that are done, and refuse to mix two inputs in one table.

    A case that failed is measured again when its files have changed since, or with ``retry_failed``.
    """
    completed = {case.case_id: case for chunk in checkpoint.chunks for case in chunk.cases}
    failed: set[str] = set()
    for chunk in checkpoint.chunks:  # the later chunk counts
        failed -= {case.case_id for case in chunk.cases}
        failed |= {case_id for case_id, _ in chunk.failures}
    gone = [case_id for case_id in completed if case_id not in known]
    changed = {case_id for case_id, case in completed.items() if known.get(case_id) != case.fingerprint}
    differing = gone or sorted(changed - failed)
    if differing:
        raise OutputError(
            f"{len(differing)} of its cases {'are not in' if gone else 'have changed in'} the input now "
            f"(first: {differing[0]})",
            path=checkpoint.out,
            remedy="Give --overwrite to replace it, or another --out.",
        )
    return set(completed) - (failed if retry_failed else changed)


def _complete(checkpoint: Checkpoint) -> Merged:
    """Leave a finished table as it is, and write its failures table where that is lost."""
    (finished,) = checkpoint.chunks
    failures = tuple(failure for _, failure in finished.failures)
    if not failures_path(checkpoint.out).exists():
        write_failures(failures_path(checkpoint.out), failures)
    remove_parts(checkpoint)
    phantom = bool(read_provenance(checkpoint.out)["phantom"])
    return Merged(sum(case.rows for case in finished.cases), phantom, failures)


def _carry_out(run: _Run, reader: Reader, *, setup: Setup, workers: int, keep_spans: bool) -> Merged:
    try:
        if run.todo:
            task = Task(reader, setup.engine_factory, (setup.engine, setup.recipe))
            with ExitStack() as stack:
                with print_if_slow(setup.starting):
                    backend = stack.enter_context(choose_backend(workers=workers)(task, workers=workers))
                _measure_all(run, backend, keep_spans=keep_spans)
        start = time.perf_counter()
        merged = merge_parts(
            run.checkpoint, cases=run.cases, features=run.features, provenance=_provenance(reader, setup)
        )
        _write_stamps(run)
        remove_parts(run.checkpoint)
        run.seconds.write += time.perf_counter() - start
    except KeyboardInterrupt:
        completed = {case.case_id for chunk in read_chunks(run.checkpoint) for case in chunk.cases}
        done = sum(case.case_id in completed for case in run.cases[: run.selected])
        print_message(
            f"Stopped. {done} of {run.selected} cases are done and kept; the same command goes on from there."
        )
        raise
    finally:
        remove_empty(run.checkpoint)
    return merged


def _provenance(reader: Reader, setup: Setup) -> dict[str, Any]:
    return {
        "recipe_name": setup.recipe.name,
        "recipe_text": setup.recipe.text,
        "recipe_hash": setup.recipe.hash,
        "engine": setup.engine,
        "versions": dict(setup.versions),
        "reader": reader.describe(),
        "collection": collection_of(reader),
        **setup.provenance,
    }


def _measure_all(run: _Run, backend: Backend, *, keep_spans: bool) -> None:
    ready = backend.ready
    run.features = ready.features
    if not run.checkpoint.chunks:
        log_path(run.checkpoint.out).unlink(missing_ok=True)  # an earlier table's
    begin_checkpoint(run.checkpoint, features=ready.features)
    if ready.warm_up.compiled:
        print_message(f"Kernels compiled in {ready.warm_up.seconds:.0f} s (cached for next time).")
    parts = count(next_part(run.checkpoint))
    failed: set[int] = set()
    with progress(len(run.todo), what="cases") as advance, closing(backend.measure(run.todo)) as results:
        for result in results:
            start = time.perf_counter()
            log_failures(run.checkpoint.out, (failure for _, failure in result.failures))
            run.fingerprints |= append_part(
                run.checkpoint,
                number=next(parts),
                result=result,
                cases=run.cases,
                stamps=run.stamps,
            )
            run.seconds.add(result.seconds)
            end = time.perf_counter()
            run.seconds.write += end - start
            run.busy.add(result.spans)
            if keep_spans:
                run.spans += [*result.spans, Span(os.getpid(), "write", start, end)]
            failed.update(number for number, _ in result.failures)
            advance(len(result.done), note=f"{len(failed)} failed" if failed else "")
