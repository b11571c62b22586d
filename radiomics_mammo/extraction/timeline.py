"""The timeline of a run: which process was in which stage when, as a table and as a picture."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiomics_mammo.errors import OutputError
from radiomics_mammo.tables.atomic import atomic_file, write_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STAGES = {"read": "#4477aa", "prepare": "#ddaa33", "extract": "#228833", "write": "#aa3377"}
ENDINGS = (".png", ".svg", ".pdf")
STRETCH_S = 30.0
"""How much of a long run the picture shows stage by stage."""
_BINS = 120
_HEADER = ("process", "stage", "start_s", "end_s", "cpu_s")


@dataclass(frozen=True, slots=True)
class Span:
    """One stage of one batch of cases.

    Attributes
    ----------
    worker : int
        The process.
    stage : str
        Of ``STAGES``.
    start, end : float
        Seconds of the machine's monotonic clock, which all its processes share.
    cpu_s : float
        Processor time that the process has used for the batch, all stages together; given at its last stage.
    """

    worker: int
    stage: str
    start: float
    end: float
    cpu_s: float = 0.0


@dataclass(slots=True)
class Busy:
    """Processor time used between the first and the last of some spans."""

    start: float = math.inf
    end: float = -math.inf
    cpu_s: float = 0.0

    def add(self, spans: Sequence[Span]) -> None:
        """Add spans."""
        for span in spans:
            self.start, self.end = min(self.start, span.start), max(self.end, span.end)
            self.cpu_s += span.cpu_s

    def fraction(self, workers: int) -> float:
        """Return processor time over wall-clock time, of so many processes; 0 before the first span."""
        return self.cpu_s / ((self.end - self.start) * workers) if self.end > self.start else 0.0


def check_timeline_path(path: Path) -> None:
    """Check the path of a timeline, before anything is measured.

    Raises
    ------
    OutputError
        Its ending is none of ``ENDINGS``, its folder is not there, or a file that is no timeline is in its place or
        its table's. An earlier timeline is replaced: a stopped run leaves one, and the same command goes on.
    """
    if path.suffix.lower() not in ENDINGS:
        raise OutputError("is no picture's name", path=path, remedy=f"Let --timeline end in {', '.join(ENDINGS)}.")
    if not path.absolute().parent.is_dir():
        raise OutputError(
            "there is no such folder", path=path.parent, remedy="Make it, or give --timeline another name."
        )
    existing = [file for file in (path, table_of(path)) if file.exists()]
    if existing and not _is_ours(table_of(path)):
        raise OutputError("this file is there already", path=existing[0], remedy="Give --timeline another name.")


def table_of(path: Path) -> Path:
    """Return the path of a timeline's table: ``when.timeline.csv`` for ``when.png``."""
    return path.with_suffix(".timeline.csv")


def _is_ours(table: Path) -> bool:
    return table.is_file() and table.read_bytes().startswith(",".join(_HEADER).encode())


def write_timeline(path: Path, spans: Sequence[Span], *, workers: int) -> None:
    """Write the spans as CSV beside a picture of them.

    Parameters
    ----------
    path : pathlib.Path
        The picture; for the table see :func:`table_of`.
    spans : sequence of Span
        At least one, in any order.
    workers : int
        Processes that measured.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    zero = min(span.start for span in spans)
    names = _names(spans)
    ordered = sorted(spans, key=lambda span: (span.start, span.worker))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for span in ordered:
        times = (span.start - zero, span.end - zero, span.cpu_s)
        writer.writerow((names[span.worker], span.stage, *(f"{second:.6f}" for second in times)))
    write_bytes(table_of(path), text.getvalue().encode())
    _draw(path, ordered, names=names, zero=zero, workers=workers)


def _names(spans: Sequence[Span]) -> dict[int, str]:
    """Return names of the processes that measure, numbered, and of the one that only writes."""
    stages: dict[int, set[str]] = {}
    for span in spans:
        stages.setdefault(span.worker, set()).add(span.stage)
    measuring = sorted(worker for worker, did in stages.items() if did != {"write"})
    names = {worker: f"worker {number}" for number, worker in enumerate(measuring, start=1)}
    return names | {worker: "table" for worker in stages if worker not in names}


def _draw(path: Path, spans: Sequence[Span], *, names: dict[int, str], zero: float, workers: int) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 2.6 + 0.4 * len(names)), layout="constrained")
    FigureCanvasAgg(figure)
    lanes, load = figure.subplots(2, 1, height_ratios=[len(names) + 1, 3])
    length = max(span.end for span in spans) - zero
    first = max(0.0, 0.5 * (length - STRETCH_S))
    _draw_lanes(lanes, spans, names=names, zero=zero, stretch=(first, min(length, first + STRETCH_S)))
    _draw_load(load, spans, zero=zero, workers=workers)
    with atomic_file(path) as handle:
        figure.savefig(handle, format=path.suffix[1:].lower(), dpi=150)


def _draw_lanes(
    axes: Any, spans: Sequence[Span], *, names: dict[int, str], zero: float, stretch: tuple[float, float]
) -> None:
    low, high = stretch
    lanes = {worker: lane for lane, worker in enumerate(names)}
    for stage, colour in STAGES.items():
        shown = [s for s in spans if s.stage == stage and s.end - zero >= low and s.start - zero <= high]
        starts = [span.start - zero for span in shown]
        axes.barh(
            [lanes[span.worker] for span in shown],
            [span.end - span.start for span in shown],
            left=starts,
            height=0.8,
            color=colour,
            label=stage,
        )
    axes.set_xlim(low, high)
    axes.set_yticks(list(lanes.values()), list(names.values()))
    axes.invert_yaxis()
    axes.set_title("What each process did: the middle of the run", loc="left", fontsize=10)
    axes.legend(ncols=len(STAGES), loc="upper right", bbox_to_anchor=(1.0, 1.25), frameon=False, fontsize=8)


def _draw_load(axes: Any, spans: Sequence[Span], *, zero: float, workers: int) -> None:
    edges, fraction = load_over_time(spans, zero=zero, workers=workers)
    busy = Busy()
    busy.add([span for span in spans if span.stage != "write"])
    axes.stairs(100 * fraction, edges, fill=True, color="#bbbbbb")
    axes.axhline(90, color="black", linewidth=0.8, linestyle=":")
    axes.set_ylim(0, 105)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel("seconds since the first case")
    axes.set_ylabel("processors\nbusy (%)", fontsize=8)
    axes.set_title(
        f"Processor time of the {workers} measuring processes over the clock; on the whole "
        f"{100 * busy.fraction(workers):.0f}% (dotted: 90%)",
        loc="left",
        fontsize=10,
    )


def load_over_time(
    spans: Sequence[Span], *, zero: float, workers: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the edges of equal intervals of the run, and the fraction of processor time used in each.

    A batch's processor time is spread evenly between its first and its last stage.
    """
    import numpy as np

    length = max(span.end for span in spans) - zero
    edges = np.linspace(0.0, length, min(_BINS, max(4, int(length / 2))) + 1)
    load = np.zeros(edges.size - 1)
    begun: dict[int, float] = {}
    for span in sorted(spans, key=lambda span: (span.worker, span.end)):
        begun.setdefault(span.worker, span.start - zero)
        if span.cpu_s > 0:
            start, end = begun.pop(span.worker), span.end - zero
            overlap = np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0.0, None)
            load += span.cpu_s * overlap / max(end - start, 1e-9)
    return edges, load / (np.diff(edges) * workers)
