"""From cases to rows: read, measure and describe them in batches bounded by bytes and by count."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Case, Failure, Sample, Scalar
from radiomics_mammo.engines.base import Measured
from radiomics_mammo.errors import CaseError, InputError
from radiomics_mammo.extraction.timeline import Span

if TYPE_CHECKING:
    from radiomics_mammo.engines.base import Engine, Limits
    from radiomics_mammo.readers.base import Reader

NumberedCase = tuple[int, Case]


@dataclass(slots=True)
class Seconds:
    """Where the time went, in seconds of whoever did the work (several workers add up)."""

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
    """The outcome of some cases: what travels from a worker to the table, without a pixel.

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
        What failed, with the case's number.
    seconds : Seconds
        The work's cost.
    spans : tuple of Span
        When each stage was at work.
    """

    done: tuple[int, ...]
    row_cases: tuple[int, ...]
    identity: list[tuple[Scalar, ...]]
    values: NDArray[np.float64]
    failures: list[tuple[int, Failure]]
    seconds: Seconds
    spans: tuple[Span, ...] = ()


@dataclass(slots=True, eq=False)
class _Pending:
    """Samples that wait to be measured together."""

    done: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    failures: list[tuple[int, Failure]] = field(default_factory=list)
    size: int = 0
    read_s: float = 0.0
    began: float | None = None

    def is_full(self, limits: Limits) -> bool:
        return self.size >= limits.bytes or len(self.done) >= limits.cases or self.read_s >= limits.seconds


def measure_cases(
    engine: Engine, reader: Reader, *, cases: Iterable[NumberedCase]
) -> Generator[BatchResult, None, None]:
    """Measure cases batch by batch, in their order, reading on while the engine works, if it can.

    How the cases fall into batches has no influence on the rows.

    Parameters
    ----------
    engine : Engine
        Measures the samples.
    reader : Reader
        Loads the cases.
    cases : iterable of (int, Case)
        Each with the number under which its outcome is reported.

    Yields
    ------
    BatchResult
        As many cases as the engine's limits say.

    Raises
    ------
    InputError
        The reader gives a column that it did not declare.
    """
    pending = _Pending()
    clock = _ProcessorClock()
    under_way: deque[Callable[[], BatchResult]] = deque()
    for number, case in cases:
        _load(reader, case, number=number, into=pending)
        if pending.is_full(engine.limits):
            under_way.append(_start(engine, pending, columns=reader.columns, clock=clock))
            pending = _Pending()
        while len(under_way) > engine.limits.ahead:
            yield under_way.popleft()()
    if pending.done:
        under_way.append(_start(engine, pending, columns=reader.columns, clock=clock))
    while under_way:
        yield under_way.popleft()()


def case_failure(case: Case | Sample, *, stage: str, error: BaseException) -> Failure:
    """Record for the failures table an error that cost a case its row."""
    if isinstance(error, CaseError):
        path, cause, remedy = error.path or "", error.cause, error.remedy
    elif isinstance(error, MemoryError):
        path, cause = "", f"not enough memory for its pixels ({error})" if str(error) else "not enough memory"
        remedy = "Use fewer --workers or a machine with more memory."
    else:
        path = str(getattr(error, "filename", None) or "")
        cause, remedy = f"the file cannot be read ({error})", "Check the disk and the file's permissions."
    if isinstance(case, Sample):
        path = path or case.image_path
    return Failure(case.case_id, case.patient_id, stage, type(error).__name__, path, cause, remedy)


def _load(reader: Reader, case: Case, *, number: int, into: _Pending) -> None:
    start = time.perf_counter()
    into.began = start if into.began is None else into.began
    try:
        samples = list(reader.load(case))
        if not samples:
            raise CaseError("it holds no region to measure", remedy="Check its mask.")
    except (CaseError, OSError, MemoryError) as error:
        into.failures.append((number, case_failure(case, stage="read", error=error)))
        samples = []
    into.read_s += time.perf_counter() - start
    into.done.append(number)
    into.numbers.extend([number] * len(samples))
    into.samples.extend(samples)
    images = {id(sample.image): sample.image.nbytes for sample in samples}
    into.size += sum(images.values()) + sum(sample.mask.nbytes for sample in samples)


class _ProcessorClock:
    """Processor time of this process since it was last looked at."""

    def __init__(self) -> None:
        self._last = time.process_time()

    def lap(self) -> float:
        last, self._last = self._last, time.process_time()
        return self._last - last


def _start(
    engine: Engine, pending: _Pending, *, columns: Sequence[tuple[str, type]], clock: _ProcessorClock
) -> Callable[[], BatchResult]:
    """Begin to measure; what it gives waits for the outcome and describes it."""
    begun = time.perf_counter()
    finish = _begin(engine, pending.samples)

    def result() -> BatchResult:
        seconds = Seconds(read=pending.read_s)
        results = _outcomes(engine, pending.samples, seconds, finish=finish)
        described = _described(engine, pending, results, seconds, columns)
        end = time.perf_counter()
        extracts = min(begun + seconds.prepare, end)
        times = {
            "read": (begun if pending.began is None else pending.began, begun),
            "prepare": (begun, extracts),
            "extract": (extracts, end),
        }
        return replace(described, spans=_spans(times, cpu_s=clock.lap()))

    return result


def _spans(times: Mapping[str, tuple[float, float]], *, cpu_s: float) -> tuple[Span, ...]:
    last = list(times)[-1]
    return tuple(
        Span(os.getpid(), stage, start, end, cpu_s if stage == last else 0.0) for stage, (start, end) in times.items()
    )


def _begin(engine: Engine, samples: Sequence[Sample]) -> Callable[[], Measured] | MemoryError:
    try:
        return engine.start(samples)
    except MemoryError as error:
        return error.with_traceback(None)


def _described(
    engine: Engine,
    pending: _Pending,
    results: Sequence[NDArray[np.float64] | Failure],
    seconds: Seconds,
    columns: Sequence[tuple[str, type]],
) -> BatchResult:
    failures = list(pending.failures)
    row_cases: list[int] = []
    identity: list[tuple[Scalar, ...]] = []
    vectors: list[NDArray[np.float64]] = []
    for number, sample, result in zip(pending.numbers, pending.samples, results, strict=True):
        if isinstance(result, Failure):
            failures.append((number, result))
            continue
        row_cases.append(number)
        identity.append(_identity(sample, columns))
        vectors.append(result)
    values = np.array(vectors, dtype=np.float64).reshape(len(vectors), len(engine.feature_names))
    return BatchResult(tuple(pending.done), tuple(row_cases), identity, values, failures, seconds)


def _outcomes(
    engine: Engine, samples: Sequence[Sample], seconds: Seconds, *, finish: Callable[[], Measured] | MemoryError
) -> list[NDArray[np.float64] | Failure]:
    measured = finish if isinstance(finish, MemoryError) else _finished(finish)
    if isinstance(measured, Measured):
        seconds.prepare += measured.prepare_s
        seconds.extract += measured.extract_s
        return measured.results
    if len(samples) == 1:
        return [case_failure(samples[0], stage="extract", error=measured)]
    # Only the one that does not fit is lost.
    return [
        result for sample in samples for result in _outcomes(engine, [sample], seconds, finish=_begin(engine, [sample]))
    ]


def _finished(finish: Callable[[], Measured]) -> Measured | MemoryError:
    """Wait for the outcome; an error is handed on without its traceback, which would keep alive what did not fit."""
    try:
        return finish()
    except MemoryError as error:
        return error.with_traceback(None)


def _identity(sample: Sample, columns: Sequence[tuple[str, type]]) -> tuple[Scalar, ...]:
    undeclared = set(sample.columns) - {name for name, _ in columns}
    if undeclared:
        raise InputError(
            f"the reader gives columns that it did not declare ({', '.join(sorted(undeclared))})",
            path=sample.image_path or None,
            remedy="Add them to the reader's columns.",
        )
    row, column = sample.spacing if sample.spacing is not None else (None, None)
    return (
        sample.case_id,
        sample.patient_id,
        *(_typed(sample, name, kind) for name, kind in columns),
        "; ".join(sample.notes),
        bool(sample.phantom),
        row,
        column,
        *map(int, sample.image.shape),
        int(np.count_nonzero(sample.mask)),
        sample.image_path,
        sample.mask_path,
    )


def _typed(sample: Sample, name: str, kind: type) -> Scalar:
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
    return value
