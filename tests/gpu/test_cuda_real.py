"""Real lesions and large regions on both engines: counts to the bit, features within 1e-10, the same bits twice.

On a GPU all of them; on the host, where a kernel runs a thousand times slower, some.
"""

from __future__ import annotations

import pytest

from benchmarks.verify import verify
from benchmarks.workload import SETTINGS, SIZES, regions
from radiomics_mammo.core.records import Sample
from radiomics_mammo.recipes.recipe import recipe_from
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import open_device
from tests.support.real_lesions import boxed_lesions, true_outlines

settings_of = pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)


def assert_right(samples: list[Sample], setting: dict[str, float], device) -> None:
    verdict = verify(samples, recipe_from({"setting": setting}), device)
    assert verdict.regions == len(samples)
    assert verdict.ok, verdict


@settings_of
@pytest.mark.slow
def test_some_lesions_on_the_host(shared_data, setting):
    some = [*boxed_lesions(shared_data)[::200], true_outlines(shared_data)[2]]
    assert_right(some, setting, HostDevice(threads=256, tile=8192))


@pytest.mark.gpu
@settings_of
def test_every_lesion_on_a_gpu(shared_data, setting):
    device = open_device("gpu")
    samples = boxed_lesions(shared_data)
    assert len(samples) == 1318
    assert_right(samples, setting, device)
    assert_right(true_outlines(shared_data), setting, device)


@pytest.mark.gpu
@settings_of
@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
def test_the_workload_on_a_gpu(size, setting):
    device = open_device("gpu")
    assert_right(regions(size), setting, device)
