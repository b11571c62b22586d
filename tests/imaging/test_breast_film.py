"""Digitised film: grey uneven backgrounds, black scanner borders and white edges."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.outline import breast_mask
from radiomics_mammo.imaging.breast.prepare import prepare_breast
from tests.support.breasts import dice, half_disk
from tests.support.film_breasts import film


@pytest.mark.reported(
    "Breasts", "digitised film, grey background in a black scanner border", "outline on a model of the background"
)
@pytest.mark.parametrize("kind", ["black border", "white edge"])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_film_in_a_scanner_border(kind, seed):
    truth = film(kind, seed, view="MLO" if seed % 2 else "CC").truth
    assert dice(breast_mask(truth.image), truth.breast) > 0.9


def test_the_second_attempt_is_noted():
    truth = film("black border", 2, view="CC").truth
    assert any("model" in note for note in prepare_breast(truth.image, view="CC").notes)


@pytest.mark.reported("Breasts", "an image whose values are inverted", "refused, without advice to invert unseen")
def test_inverted_values_are_refused_still():
    rng = np.random.default_rng(1)
    image = np.where(half_disk(), 60, 220) + rng.normal(scale=2, size=(300, 200))
    with pytest.raises(MaskError, match=r"inverted.*Invert its values only if dense tissue is dark"):
        breast_mask(image)
