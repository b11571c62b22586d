"""The benchmark's parts: fair turns, honest ratios, and whole runs of the command."""

from __future__ import annotations

import pytest

from benchmarks import __main__
from benchmarks.speed import compare_speed
from benchmarks.startup import peak_memory, run_extract, write_manifest
from benchmarks.workload import SIZES, Size, region
from radiomics_mammo.errors import RadiomicsMammoError


class Clocked:
    """Takes a stated time a sample and remembers what it was given."""

    def __init__(self, seconds: float) -> None:
        self.each = seconds
        self.calls: list[int] = []

    def seconds(self, samples, *, setting):
        self.calls.append(len(samples))
        return self.each * len(samples)


@pytest.mark.parametrize("size", SIZES)
def test_regions_have_their_size_and_about_160_levels(size):
    sample = region(size.pixels, seed=1)
    assert sample.mask.sum() == pytest.approx(size.pixels, rel=0.02)
    inside = sample.image[sample.mask]
    assert (int(inside.max()) - int(inside.min())) / 25 == 160


def test_ratios_are_times_over_ours():
    tiny = Size("tiny", 300, 8)
    implementations = {"tables": Clocked(0.002), "execute": Clocked(0.004), "pyradiomics": Clocked(0.1)}
    done = []
    results = compare_speed(implementations, [tiny], rounds=3, reference="tables", on_done=done.append)
    assert [(c.size, c.setting) for c in results] == [("tiny", "64 bins"), ("tiny", "bin width 25")]
    assert results[0].milliseconds == {"tables": 2.0, "execute": 4.0, "pyradiomics": pytest.approx(100.0)}
    assert results[0].ratios["pyradiomics"] == pytest.approx(50.0)
    assert results[0].ratios["tables"] == 1.0
    assert len(done) == 2
    # Everybody has a turn in every round, after one that only warms up.
    assert all(len(implementation.calls) == 2 * 4 for implementation in implementations.values())


@pytest.mark.slow
def test_the_command_races_small_regions(capsys):
    pytest.importorskip("radiomics", reason="needs the reference extra")
    assert __main__.main(["--only", "speed", "--sizes", "small", "--rounds", "1"]) == 0
    printed = capsys.readouterr().out
    assert "small" in printed
    assert "pyradiomics" in printed


def test_a_missing_interpreter_is_named(capsys):
    assert __main__.main(["--only", "speed", "--sizes", "small", "--pictologics", "no/such/python"]) == 2
    assert "no/such/python" in capsys.readouterr().err


def test_the_manifest_goes_round_its_files(tmp_path):
    path = write_manifest(tmp_path, rows=40)
    lines = path.read_text().splitlines()
    assert len(lines) == 41
    assert len({line.split(",")[0] for line in lines[1:]}) == 40
    assert run_extract(path, "--workers", "1", "--limit", "3", "--out", str(tmp_path / "t.parquet")) > 0
    with pytest.raises(RadiomicsMammoError, match="extract failed"):
        run_extract(tmp_path / "none.csv", "--out", str(tmp_path / "t.parquet"))


@pytest.mark.slow
def test_a_large_region_stays_under_600_mb():
    assert peak_memory() < 600
