"""From cases to rows: read and measure them in batches bounded by bytes and by count."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.boundary import Problem, attempt
from radiomics_mammo.core.records import Case, Failure, Sample, Scalar
from radiomics_mammo.engines.base import Measured
from radiomics_mammo.errors import CaseError, InputError
from radiomics_mammo.extraction.fingerprint import case_fingerprint
from radiomics_mammo.extraction.timeline import Span
from radiomics_mammo.tables.feature_table import identity_values

if TYPE_CHECKING:
    from radiomics_mammo.engines.base import Engine, Limits
    from radiomics_mammo.readers.base import Reader

_INT64 = 2**63
NumberedCase = tuple[int, Case]
"""A case and its position in the input."""


@dataclass(slots=True)
class Seconds:
    """Seconds spent in each stage, added up over workers."""

    read: float = 0.0
    prepare: float = 0.0
    extract: float = 0.0
    write: float = 0.0

    def add(self, other: Seconds) -> None:
        """Add another's seconds to these."""
        self.read += other.read
        self.prepare += other.prepare
        self.extract += other.extract
        self.write += other.write


@dataclass(frozen=True, slots=True, eq=False)
class BatchResult:
    """The rows and failures of some cases: what travels from a worker to the table, without a pixel.

    Attributes
    ----------
    done : tuple of int
        Numbers of the cases that are finished, with rows or without.
    row_cases : tuple of int
        The case's number of each row, ascending within ``done``'s order.
    identity : list of tuple
        Each row's values for :func:`radiomics_mammo.tables.feature_table.identity_columns`.
    values : ndarray of float64, shape (n_rows, n_features)
        Undefined features are NaN.
    failures : list of (int, Failure)
        Failures, with the case's number.
    seconds : Seconds
        The work's cost.
    spans : tuple of Span
        Start and end of each stage.
    fingerprints : tuple of str
        Those of the finished cases' files, taken before they were read.
    """

    done: tuple[int, ...]
    row_cases: tuple[int, ...]
    identity: list[tuple[Scalar, ...]]
    values: NDArray[np.float64]
    failures: list[tuple[int, Failure]]
    seconds: Seconds
    spans: tuple[Span, ...] = ()
    fingerprints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LoadedCase:
    """A case that was read.

    Attributes
    ----------
    number : int
    samples : sequence of Sample
        Its regions; none where it could not be read.
    failures : sequence of Failure
        Why it could not.
    start, end : float
        When it was read, seconds of ``time.perf_counter``.
    """

    number: int
    samples: Sequence[Sample]
    failures: Sequence[Failure] = ()
    start: float = 0.0
    end: float = 0.0


@dataclass(slots=True, eq=False)
class Batch:
    """Cases whose samples are measured together.

    Attributes
    ----------
    cases : list of LoadedCase
    size : int
        Bytes of their pixels.
    read_s : float
        Seconds that reading them took.
    """

    cases: list[LoadedCase] = field(default_factory=list)
    size: int = 0
    read_s: float = 0.0

    def add(self, case: LoadedCase) -> None:
        """Add a case; an image that several of its samples share counts once."""
        images = {id(sample.image): sample.image.nbytes for sample in case.samples}
        self.cases.append(case)
        self.size += sum(images.values()) + sum(sample.mask.nbytes for sample in case.samples)
        self.read_s += case.end - case.start

    def is_full(self, limits: Limits) -> bool:
        """Return whether it has reached one of an engine's limits."""
        return self.size >= limits.bytes or len(self.cases) >= limits.cases or self.read_s >= limits.seconds

    def samples(self) -> list[Sample]:
        """Return all samples, in the cases' order."""
        return [sample for case in self.cases for sample in case.samples]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredBatch:
    """A batch and its results.

    Attributes
    ----------
    batch : Batch
    results : list of (ndarray of float64, shape (n_features,)) or Failure
        One for each sample, in their order.
    seconds : Seconds
        The cost of all stages but writing.
    start, end : float
        When the engine measured it.
    """

    batch: Batch
    results: list[NDArray[np.float64] | Failure]
    seconds: Seconds
    start: float
    end: float

    def failures(self) -> list[tuple[int, Failure]]:
        """Return the failures of reading, then those of measuring, with the cases' numbers."""
        reading = [(case.number, failure) for case in self.batch.cases for failure in case.failures]
        return reading + [(number, result) for number, _, result in self.pairs() if isinstance(result, Failure)]

    def rows(self) -> list[tuple[int, Sample, NDArray[np.float64]]]:
        """Return the case's number, the sample and the values of each row."""
        return [(number, sample, result) for number, sample, result in self.pairs() if not isinstance(result, Failure)]

    def pairs(self) -> Iterator[tuple[int, Sample, NDArray[np.float64] | Failure]]:
        """Yield the case's number, the sample and its result."""
        results = iter(self.results)
        for case in self.batch.cases:
            for sample in case.samples:
                yield case.number, sample, next(results)


def measure_batches(engine: Engine, cases: Iterable[LoadedCase]) -> Generator[MeasuredBatch, None, None]:
    """Measure cases batch by batch, in their order, reading on while the engine works, if it can.

    How the cases fall into batches has no influence on the results.

    Parameters
    ----------
    engine : Engine
    cases : iterable of LoadedCase
        Read as they are needed.

    Yields
    ------
    MeasuredBatch
        As many cases as the engine's limits say.
    """
    batch = Batch()
    started: deque[Callable[[], MeasuredBatch]] = deque()
    for case in cases:
        batch.add(case)
        del case  # no pixel is held while the next case is read
        if batch.is_full(engine.limits):
            started.append(_start(engine, batch))
            batch = Batch()
        while len(started) > engine.limits.ahead:
            yield started.popleft()()
    if batch.cases:
        started.append(_start(engine, batch))
    while started:
        yield started.popleft()()


def measure_cases(
    engine: Engine, reader: Reader, *, cases: Iterable[NumberedCase]
) -> Generator[BatchResult, None, None]:
    """Read cases, measure them batch by batch, and describe the rows.

    Parameters
    ----------
    engine : Engine
        Measures the samples.
    reader : Reader
        Loads the cases.
    cases : iterable of (int, Case)
        Each with the number under which its result is reported.

    Yields
    ------
    BatchResult
        As many cases as the engine's limits say.

    Raises
    ------
    InputError
        The reader gives a column that it did not declare.
    """
    cpu_s = time.process_time()
    fingerprints: dict[int, str] = {}

    def loaded() -> Iterator[LoadedCase]:
        for number, case in cases:
            fingerprints[number] = case_fingerprint(case)
            yield load_case(case, reader.load, number=number)

    for measured in measure_batches(engine, loaded()):
        result = _describe(measured, engine=engine, reader=reader, cpu_s=cpu_s, fingerprints=fingerprints)
        cpu_s = time.process_time()
        del measured  # no pixel is held while the next batch is read
        yield result


def _describe(
    measured: MeasuredBatch, *, engine: Engine, reader: Reader, cpu_s: float, fingerprints: Mapping[int, str]
) -> BatchResult:
    done = tuple(case.number for case in measured.batch.cases)
    failures = measured.failures()
    numbers, identity, values = [], [], []
    for number, sample, vector in measured.rows():
        try:
            identity.append(_identity(sample, reader.columns))
        except CaseError as error:
            failures.append((number, Failure.of(sample, stage="read", error=error)))
            continue
        numbers.append(number)
        values.append(vector)
    return BatchResult(
        done,
        tuple(numbers),
        identity,
        np.array(values, dtype=np.float64).reshape(len(values), len(engine.feature_names)),
        failures,
        measured.seconds,
        _spans(measured, cpu_s=time.process_time() - cpu_s),
        tuple(fingerprints[number] for number in done),
    )


def load_case(case: Case, load: Callable[[Case], Sequence[Sample]], *, number: int) -> LoadedCase:
    """Read a case; one that cannot be read has a failure in place of samples."""
    start = time.perf_counter()
    samples = attempt(lambda: _regions(case, load))
    if isinstance(samples, Problem):
        return LoadedCase(number, (), (samples.failure(case, stage="read"),), start, time.perf_counter())
    return LoadedCase(number, samples, (), start, time.perf_counter())


def _regions(case: Case, load: Callable[[Case], Sequence[Sample]]) -> Sequence[Sample]:
    samples = list(load(case))
    if not samples:
        raise CaseError("it holds no region to measure", remedy="Check its mask.")
    return samples


def _start(engine: Engine, batch: Batch) -> Callable[[], MeasuredBatch]:
    """Begin to measure; the function that is returned waits for the results."""
    start = time.perf_counter()
    samples = batch.samples()
    finish = attempt(lambda: engine.start(samples))

    def result() -> MeasuredBatch:
        seconds = Seconds(read=batch.read_s)
        results = _results(engine, samples, seconds, finish=finish)
        return MeasuredBatch(batch, results, seconds, start, time.perf_counter())

    return result


def _results(
    engine: Engine, samples: Sequence[Sample], seconds: Seconds, *, finish: Callable[[], Measured] | Problem
) -> list[NDArray[np.float64] | Failure]:
    measured = finish if isinstance(finish, Problem) else attempt(finish)
    if not isinstance(measured, Problem):
        seconds.prepare += measured.prepare_s
        seconds.extract += measured.extract_s
        return measured.results
    if len(samples) == 1:
        return [measured.failure(samples[0], stage="extract")]
    # Only the sample that fails, or does not fit into memory, is lost.
    results: list[NDArray[np.float64] | Failure] = []
    for sample in samples:
        again = attempt(partial(engine.start, [sample]))
        results += _results(engine, [sample], seconds, finish=again)
    return results


def _spans(measured: MeasuredBatch, *, cpu_s: float) -> tuple[Span, ...]:
    """Return start and end of each stage; the processor time is that of all of them."""
    start, end = measured.start, measured.end
    extract = min(start + measured.seconds.prepare, end)
    worker = os.getpid()
    return (
        Span(worker, "read", measured.batch.cases[0].start, start),
        Span(worker, "prepare", start, extract),
        Span(worker, "extract", extract, end, cpu_s),
    )


def _identity(sample: Sample, columns: Sequence[tuple[str, type]]) -> tuple[Scalar, ...]:
    undeclared = set(sample.columns) - {name for name, _ in columns}
    if undeclared:
        raise InputError(
            f"the reader gives columns that it did not declare ({', '.join(sorted(undeclared))})",
            path=sample.image_path or None,
            remedy="Add them to the reader's columns.",
        )
    values = {name: _checked(sample, name, kind) for name, kind in columns}
    return tuple(identity_values(sample, values).values())


def _checked(sample: Sample, name: str, kind: type) -> Scalar:
    value = sample.columns.get(name)
    if value is None:
        return None
    right = isinstance(value, (int, float) if kind is float else kind) and isinstance(value, bool) == (kind is bool)
    if not right:
        raise InputError(
            f"the reader gives {value!r} in its column {name!r}, which it declared as {kind.__name__}",
            path=sample.image_path or None,
            remedy="Correct the reader's columns.",
        )
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        raise CaseError(
            f"its column {name!r} holds {value:.4g}, which is beyond 64-bit integers",
            path=sample.mask_path if name == "mask_label" else None,
            remedy="Correct the value.",
        )
    return value
