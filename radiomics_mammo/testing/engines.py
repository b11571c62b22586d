"""Conformance check of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.engines.base import Engine, Measured, WarmUp
from radiomics_mammo.tables.feature_table import is_feature_name


def check_engine(engine: Engine, samples: Sequence[Sample]) -> None:
    """Check that an engine keeps the contract of :class:`radiomics_mammo.engines.base.Engine`.

    Feature names are column names, each once; every sample has one vector of float64, in the samples' order; values do
    not depend on which samples share a batch; a sample without a region is a failure and leaves the others as they are.

    Examples
    --------
    >>> import numpy as np
    >>> from radiomics_mammo.core.records import Sample
    >>> from radiomics_mammo.engines.cpu import CpuEngine
    >>> from radiomics_mammo.recipes.recipe import recipe_from
    >>> from radiomics_mammo.testing.engines import check_engine
    >>> engine = CpuEngine(recipe_from({"featureClass": {"firstorder": ["Mean", "Energy"]}}))
    >>> images = np.random.default_rng(0).integers(0, 4096, (3, 20, 30))
    >>> check_engine(engine, [Sample(f"case{k}", "P_1", image, image > 2000) for k, image in enumerate(images)])
    """
    assert len(samples) > 1, "the check needs at least two samples"
    assert engine.name and isinstance(engine.name, str), "name is empty"
    names = engine.feature_names
    assert names and len(set(names)) == len(names), "feature_names are empty or not unique"
    for name in names:
        assert is_feature_name(name), f"{name!r} is not a feature name such as original_glcm_Contrast"
    limits = engine.limits
    assert min(limits.cases, limits.bytes) > 0 and limits.seconds > 0 and limits.ahead >= 0, f"limits are {limits}"
    assert isinstance(engine.warm_up(), WarmUp), "warm_up() does not return WarmUp"

    together = _vectors(engine.measure(samples), samples, names)
    assert _vectors(engine.start(samples)(), samples, names) == together, "start() gives other values than measure()"
    backwards = samples[::-1]
    assert _vectors(engine.measure(backwards), backwards, names)[::-1] == together, "values depend on the order"
    single = [_vectors(engine.measure([sample]), [sample], names)[0] for sample in samples]
    assert single == together, "values depend on which samples share a batch"
    assert engine.measure([]).results == [], "no samples do not give an empty result"

    empty = replace(samples[0], case_id="empty", mask=np.zeros_like(samples[0].mask), marks=None)
    first, *others = engine.measure([empty, *samples]).results
    assert isinstance(first, Failure), "a sample without a region is no Failure"
    assert first.case_id == "empty" and first.cause and first.remedy, f"the failure does not name its case: {first}"
    assert [getattr(other, "tobytes", bytes)() for other in others] == together, "a failure changes other samples"


def _vectors(measured: Measured, samples: Sequence[Sample], names: Sequence[str]) -> list[bytes]:
    """Return the bits of each sample's vector."""
    assert len(measured.results) == len(samples), f"{len(measured.results)} results for {len(samples)} samples"
    for sample, result in zip(samples, measured.results, strict=True):
        assert not isinstance(result, Failure), f"{sample.case_id} fails: {result}"
        assert result.dtype == np.float64, f"values are {result.dtype}, not float64"
        assert result.shape == (len(names),), f"{result.shape} values for {len(names)} names"
    return [result.tobytes() for result in measured.results if not isinstance(result, Failure)]
