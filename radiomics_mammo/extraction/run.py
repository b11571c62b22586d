"""One extraction: a reader's cases through an engine into a table; it goes on after any kill."""

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
    Identity,
    Journal,
    append_part,
    begin,
    make_folder,
    next_part,
    open_journal,
    remove_empty,
    remove_parts,
    written,
)
from radiomics_mammo.extraction.fingerprint import case_fingerprint
from radiomics_mammo.extraction.merge import Merged, merge_parts
from radiomics_mammo.extraction.timeline import Busy, Span, write_timeline
from radiomics_mammo.readers import collection_of, remarks_of
from radiomics_mammo.tables.failures import failures_path, write_failures
from radiomics_mammo.tables.feature_table import identity_columns, read_provenance
from radiomics_mammo.tables.lock import table_lock

if TYPE_CHECKING:
    from radiomics_mammo.readers.base import Reader


class Definition(Protocol):
    """What the columns of a table are: a recipe of features, or the settings of an embedding. Picklable."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    @property
    def text(self) -> str:
        """All of it, to read."""
        ...

    @property
    def hash(self) -> str:
        """Hexadecimal digits; two definitions with the same hash give the same columns."""
        ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What computes the features.

    Attributes
    ----------
    recipe : Definition
        Which features, with which settings.
    engine : str
        The engine's name, chosen once for the run.
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
    """How a run is done; none of it changes a row.

    Attributes
    ----------
    out : pathlib.Path
        The table.
    workers : int
        Processes; 1 measures in this one.
    limit : int or None
        Only so many cases from the start.
    overwrite : bool
        Make the table anew, whatever is there.
    retry_failed : bool
        Try the cases again that failed before.
    timeline : pathlib.Path or None
        A picture of what each process did when, to be written beside a table of it.
    """

    out: Path
    workers: int = 1
    limit: int | None = None
    overwrite: bool = False
    retry_failed: bool = False
    timeline: Path | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run went.

    Attributes
    ----------
    merged : Merged
        What the table holds now.
    cases, skipped : int
        Cases of this run; how many of them were done before.
    workers : int
        Processes that measured; 0 when nothing was left to do.
    features : int
        Feature columns.
    seconds : Seconds
        The stages' cost, added up over workers.
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
    """The state of a run: what there is to do, and what it cost so far."""

    journal: Journal
    cases: Sequence[Case]
    fingerprints: Sequence[str]
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
        Gives the cases.
    setup : Setup
        Computes the features.
    options : Options
        Where to, and how.

    Raises
    ------
    InputError
        The collection cannot be listed, is empty, or names two cases alike.
    EngineError
        The engine cannot be opened.
    OutputError
        The table cannot be written, is being written by another process, or was made with other settings.
    KeyboardInterrupt
        Ctrl-C or SIGTERM; what is done is kept, and has been said.
    """
    start = time.perf_counter()
    identity_columns(reader.columns)
    cases = _checked(reader.cases())
    for remark in remarks_of(reader):
        print_message(f"note: {remark}")
    make_folder(options.out.parent)
    with table_lock(options.out):
        run = _plan(reader, cases, setup=setup, options=options)
        workers = min(options.workers, len(run.todo))
        try:
            if run.todo or run.journal.has_parts:
                merged = _carry_out(run, reader, setup=setup, workers=workers, keep_spans=options.timeline is not None)
            else:
                merged = _complete(run.journal)
        finally:
            _write_timeline(run, options.timeline, workers=workers)
    elapsed_s = time.perf_counter() - start
    busy = run.busy.share(workers)
    return Summary(merged, run.selected, run.skipped, workers, len(run.features), run.seconds, elapsed_s, busy)


def _write_timeline(run: _Run, path: Path | None, *, workers: int) -> None:
    if path is None:
        return
    if run.spans:
        write_timeline(path, run.spans, workers=workers)
    else:
        print_message("note: nothing was measured, so there is no timeline.")


def _checked(cases: Sequence[Case]) -> Sequence[Case]:
    if not cases:
        raise InputError("it holds no cases", remedy="Check the path and the selection.")
    seen: set[str] = set()
    for case in cases:
        if case.case_id in seen:
            raise InputError(f"two cases are called {case.case_id}", remedy="Every case needs a case_id of its own.")
        seen.add(case.case_id)
    return cases


def _plan(reader: Reader, cases: Sequence[Case], *, setup: Setup, options: Options) -> _Run:
    recipe = setup.recipe
    identity = Identity(recipe.name, recipe.hash, setup.engine, setup.versions, tuple(reader.columns))
    journal = open_journal(options.out, identity=identity, overwrite=options.overwrite)
    fingerprints = [case_fingerprint(case) for case in cases]
    known = dict(zip((case.case_id for case in cases), fingerprints, strict=True))
    done = _done(journal, known, retry_failed=options.retry_failed)
    selected = len(cases) if options.limit is None else min(options.limit, len(cases))
    todo = [(number, cases[number]) for number in range(selected) if cases[number].case_id not in done]
    return _Run(journal, cases, fingerprints, selected, todo, journal.features)


def _done(journal: Journal, known: Mapping[str, str], *, retry_failed: bool) -> set[str]:
    """Tell which cases need no measuring, or refuse to mix two inputs in one table.

    A case that failed is tried again when its files have changed since, or when that is asked for.
    """
    entries = {entry.case_id: entry for source in journal.sources for entry in source.entries}
    failed: set[str] = set()
    for source in journal.sources:  # the later source counts
        failed -= {entry.case_id for entry in source.entries}
        failed |= {case_id for case_id, _ in source.failures}
    gone = [case_id for case_id in entries if case_id not in known]
    changed = {case_id for case_id, entry in entries.items() if known.get(case_id) != entry.fingerprint}
    differing = gone or sorted(changed - failed)
    if differing:
        raise OutputError(
            f"{len(differing)} of its cases {'are not in' if gone else 'have changed in'} the input now "
            f"(first: {differing[0]})",
            path=journal.out,
            remedy="Give --overwrite to make it anew, or another --out.",
        )
    return set(entries) - (failed if retry_failed else changed)


def _complete(journal: Journal) -> Merged:
    """Leave a finished table alone, but for a failures table that someone lost."""
    (finished,) = journal.sources
    failures = tuple(failure for _, failure in finished.failures)
    if not failures_path(journal.out).exists():
        write_failures(failures_path(journal.out), failures)
    remove_parts(journal)
    phantom = bool(read_provenance(journal.out)["phantom"])
    return Merged(sum(entry.rows for entry in finished.entries), phantom, failures)


def _carry_out(run: _Run, reader: Reader, *, setup: Setup, workers: int, keep_spans: bool) -> Merged:
    try:
        if run.todo:
            task = Task(reader, setup.engine_factory, (setup.engine, setup.recipe))
            with ExitStack() as stack:
                with print_if_slow(setup.starting):
                    backend = stack.enter_context(choose_backend(workers=workers)(task, workers=workers))
                _measure_all(run, backend, keep_spans=keep_spans)
        start = time.perf_counter()
        merged = merge_parts(run.journal, cases=run.cases, features=run.features, said=_provenance(reader, setup))
        remove_parts(run.journal)
        run.seconds.write += time.perf_counter() - start
    except KeyboardInterrupt:
        kept = {entry.case_id for source in written(run.journal) for entry in source.entries}
        done = sum(case.case_id in kept for case in run.cases[: run.selected])
        print_message(
            f"Stopped. {done} of {run.selected} cases are done and kept; the same command goes on from there."
        )
        raise
    finally:
        remove_empty(run.journal)
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
    begin(run.journal, features=ready.features)
    if ready.warm_up.compiled:
        print_message(f"Kernels compiled in {ready.warm_up.seconds:.0f} s (cached for next time).")
    parts = count(next_part(run.journal))
    failed: set[int] = set()
    with progress(len(run.todo), what="cases") as advance, closing(backend.measure(run.todo)) as results:
        for result in results:
            start = time.perf_counter()
            append_part(
                run.journal,
                number=next(parts),
                result=result,
                cases=run.cases,
                fingerprints=run.fingerprints,
            )
            run.seconds.add(result.seconds)
            end = time.perf_counter()
            run.seconds.write += end - start
            run.busy.add(result.spans)
            if keep_spans:
                run.spans += [*result.spans, Span(os.getpid(), "write", start, end)]
            failed.update(number for number, _ in result.failures)
            advance(len(result.done), note=f"{len(failed)} failed" if failed else "")
