"""The timeline: shares reckoned by hand, a table beside the picture, and what a run says of itself."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.base import Engine, Limits, Measured, WarmUp
from radiomics_mammo.errors import OutputError
from radiomics_mammo.extraction.run import Options, extract_table
from radiomics_mammo.extraction.timeline import Busy, Span, check_timeline_path, load_over_time, write_timeline
from tests.support.reader_and_engine import ToyReader, toy_setup

SPANS = (
    Span(11, "read", 100.0, 102.0),
    Span(11, "extract", 102.0, 104.0, cpu_s=4.0),
    Span(12, "read", 100.0, 101.0),
    Span(12, "extract", 101.0, 108.0, cpu_s=2.0),
)


def test_the_busy_share_is_processor_time_over_the_clock():
    busy = Busy()
    assert busy.fraction(2) == 0.0
    busy.add(SPANS)
    assert busy.fraction(2) == pytest.approx(6.0 / (8.0 * 2))


def test_the_load_is_spread_over_a_batch_from_its_first_stage_to_its_last():
    edges, share = load_over_time(SPANS, zero=100.0, workers=2)
    assert edges.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]
    # Process 11: 4 s of processor over 4 s; process 12: 2 s over 8 s.
    assert share == pytest.approx([(1 + 0.25) / 2, (1 + 0.25) / 2, 0.25 / 2, 0.25 / 2])


def test_a_second_batch_begins_where_it_begins():
    spans = [Span(1, "extract", 0.0, 2.0, 2.0), Span(1, "read", 6.0, 7.0), Span(1, "extract", 7.0, 8.0, 2.0)]
    _, share = load_over_time(spans, zero=0.0, workers=1)
    assert share == pytest.approx([1.0, 0.0, 0.0, 1.0])


def test_a_run_writes_its_timeline(tmp_path: Path) -> None:
    picture = tmp_path / "when.png"
    options = Options(tmp_path / "t.parquet", workers=2, timeline=picture)
    summary = extract_table(ToyReader(size=12, pause_s=0.02), setup=toy_setup(), options=options)
    assert 0 < summary.busy <= 1.05
    with Image.open(picture) as image:
        assert min(image.size) > 300
    with (tmp_path / "when.timeline.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["stage"] for row in rows} == {"read", "prepare", "extract", "write"}
    assert {row["process"] for row in rows} == {"worker 1", "worker 2", "table"}
    assert min(float(row["start_s"]) for row in rows) == 0.0
    assert all(float(row["end_s"]) >= float(row["start_s"]) for row in rows)
    reading = sum(float(row["end_s"]) - float(row["start_s"]) for row in rows if row["stage"] == "read")
    assert reading > 12 * 0.02  # the reader's pauses


@pytest.mark.parametrize("workers", [1, 2])
def test_what_one_process_does_never_overlaps(tmp_path: Path, workers: int) -> None:
    options = Options(tmp_path / "t.parquet", workers=workers, timeline=tmp_path / "when.svg")
    setup = replace(toy_setup(), engine_factory=slow_engine)
    extract_table(ToyReader(size=9, pause_s=0.03), setup=setup, options=options)
    with (tmp_path / "when.timeline.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["process"] != "table"]
    for process in {row["process"] for row in rows}:
        spans = sorted((float(row["start_s"]), float(row["end_s"])) for row in rows if row["process"] == process)
        assert all(end <= start + 1e-4 for (_, end), (start, _) in pairwise(spans)), spans
    extracting = [float(row["end_s"]) - float(row["start_s"]) for row in rows if row["stage"] == "prepare"]
    assert sum(extracting) >= 9 * 0.02  # what the engine does between reading and measuring is no hole


def slow_engine(engine: str, recipe: object) -> Engine:
    """Small batches, and something to do before measuring, as whole breasts have."""
    return SlowStart(toy_setup().engine_factory(engine, recipe))


class SlowStart:
    """Lays something out when it is started, and counts it as preparing."""

    def __init__(self, inner: Engine) -> None:
        self.inner, self.name, self.feature_names = inner, inner.name, inner.feature_names
        self.limits = Limits(cases=2)

    def warm_up(self) -> WarmUp:
        return self.inner.warm_up()

    def measure(self, samples: Sequence[Sample]) -> Measured:
        return self.start(samples)()

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        begun = time.perf_counter()
        time.sleep(0.03 * len(samples))
        laid = time.perf_counter() - begun
        finish = self.inner.start(samples)
        return lambda: replace(finish(), prepare_s=laid)


def test_a_timeline_replaces_nothing_of_others(tmp_path: Path) -> None:
    (tmp_path / "when.timeline.csv").write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        check_timeline_path(tmp_path / "when.png")
    write_timeline(tmp_path / "ours.png", SPANS, workers=2)
    check_timeline_path(tmp_path / "ours.png")  # what a stopped run left; the same command goes on
    (tmp_path / "ours.timeline.csv").unlink()
    with pytest.raises(OutputError, match="is there already"):
        check_timeline_path(tmp_path / "ours.png")
    with pytest.raises(OutputError, match="no such folder"):
        check_timeline_path(tmp_path / "no" / "when.png")


def test_a_finished_table_has_no_timeline_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        options = Options(tmp_path / "t.parquet", timeline=tmp_path / "when.svg")
        extract_table(ToyReader(size=3), setup=toy_setup(), options=options)
    assert "nothing was measured, so there is no timeline" in capsys.readouterr().out


def test_a_run_in_one_process_has_one_lane(tmp_path: Path) -> None:
    write_timeline(tmp_path / "one.svg", [*SPANS[:2], Span(11, "write", 104.0, 105.0)], workers=1)
    assert "worker 1" in (tmp_path / "one.timeline.csv").read_text()
    assert "table" not in (tmp_path / "one.timeline.csv").read_text()
    assert (tmp_path / "one.svg").read_text().startswith("<?xml")


def test_a_name_that_is_no_picture_is_refused_at_once():
    with pytest.raises(OutputError, match=r"Let --timeline end in \.png, \.svg, \.pdf\."):
        check_timeline_path(Path("when.txt"))
