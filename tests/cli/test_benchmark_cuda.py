"""The benchmark of the cuda engine on a device that stands in for the GPU: it measures, and it finds what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from benchmarks import __main__, cuda_speed
from benchmarks.cuda_speed import Bandwidth, Point, bandwidth, first_win, ideal_upload_us, scan
from benchmarks.verify import verify
from benchmarks.workload import Size
from radiomics_mammo.recipes.recipe import recipe_from
from tests.support.cuhost.host_device import HostDevice
from tests.support.device_batches import SAMPLES, sample

TINY = Size("small", 200, 3)
RECIPE = recipe_from({"setting": {"binCount": 8}})


@pytest.fixture
def stand_in(monkeypatch):
    devices: list[HostDevice] = []

    def use(**settings):
        devices.append(HostDevice(threads=64, **settings))
        monkeypatch.setattr(__main__, "open_gpu", lambda: devices[-1])
        monkeypatch.setattr("benchmarks.workload.SIZES", (TINY,))
        monkeypatch.setattr("benchmarks.cuda_report.COPIED", 1_000_000)

    return use


def cases(folder) -> str:
    for k, one in enumerate(SAMPLES[:2]):
        Image.fromarray(one.image.astype(np.uint8)).save(folder / f"{k}.png")
        Image.fromarray(one.mask.astype(np.uint8) * 255).save(folder / f"{k}_mask.png")
    path = folder / "cases.csv"
    path.write_text("image,mask\n0.png,0_mask.png\n1.png,1_mask.png\n", encoding="utf-8")
    return str(path)


def test_the_command_verifies_and_measures(stand_in, tmp_path, capsys):
    stand_in()
    arguments = ["--engine", "cuda", "--verify", "--rounds", "1", "--batches", "1", "2", "--manifest", cases(tmp_path)]
    assert __main__.main(arguments) == 0
    printed = capsys.readouterr().out
    assert printed.count("equal to the bit") == 4  # simulated and from files, two settings each
    assert "DIFFER" not in printed
    for word in ("host: copies", "regions / s", "upload", "discretise", "glszm", "formulas", "download", "kB sent"):
        assert word in printed, word


def test_a_wrong_kernel_is_found(stand_in, capsys):
    stand_in(edit=lambda source: source.text.replace("level_count[tile.roi * width + level], 1)",
                                                     "level_count[tile.roi * width + level], 2)"))  # fmt: skip
    assert __main__.main(["--engine", "cuda", "--verify", "--no-speed"]) == 1
    assert "counts DIFFER: firstorder.count, " in capsys.readouterr().out


def test_without_a_gpu_it_says_so(capsys):
    if __main__.main(["--engine", "cuda", "--verify", "--no-speed", "--sizes", "small"]) == 0:
        pytest.skip("there is a GPU")
    assert "engine 'cuda' cannot run" in capsys.readouterr().err


def test_right_kernels_pass_and_the_second_run_is_the_same():
    verdict = verify(SAMPLES[:4], RECIPE, HostDevice())
    assert verdict.ok
    assert verdict.regions == 4
    assert verdict.agreement.largest < 1e-11


def test_a_run_that_is_not_repeated_is_found():
    class Unsteady(HostDevice):
        def download(self, array):
            wait = super().download(array)
            return lambda: wait() * (1 + 1e-12 * self.downloads) if array.dtype == np.float64 else wait()

    verdict = verify([sample(1)], RECIPE, Unsteady())
    assert not verdict.repeated
    assert not verdict.ok


def test_points_hold_what_was_measured(monkeypatch):
    device = HostDevice(threads=64)
    points = list(scan(TINY, RECIPE, device, batches=(1, 2), rounds=2))
    assert [point.batch for point in points] == [1, 2]
    assert all(min(point.whole_us, point.device_us) > 0 for point in points)
    assert points[0].sent > points[1].sent > 200 * 3  # two bytes a pixel and the mask; sections are rounded up
    small = HostDevice(threads=64, memory=2 * 10**6)
    assert len(list(scan(TINY, RECIPE, small, batches=(1, 10**6), rounds=1))) == 1


def test_the_first_batch_that_wins():
    points = [Point(n, 10.0, whole, {}, 0.0) for n, whole in ((1, 900.0), (4, 250.0), (16, 90.0))]
    assert first_win(points, 300.0) == 4
    assert first_win(points, 50.0) is None
    assert ideal_upload_us(Point(1, 1, 1, {}, 5e4), Bandwidth(5e10, 5e10, 1e12)) == pytest.approx(1.0)


def test_bandwidth_is_bytes_over_seconds(monkeypatch):
    clock = iter(np.arange(0.0, 100.0, 0.5))
    monkeypatch.setattr(cuda_speed.time, "perf_counter", lambda: float(next(clock)))
    device = HostDevice()
    device.upload = lambda staged: staged
    found = bandwidth(device, n_bytes=1000)
    assert (found.up, found.down, found.device) == (2000.0, 2000.0, 4000.0)
