"""Digitised film: grey uneven backgrounds, black scanner borders and white edges."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.outline import breast_mask
from radiomics_mammo.imaging.breast.prepare import prepare_breast
from tests.support.breasts import dice, half_disk, phantom
from tests.support.film_breasts import film


@pytest.mark.reported(
    "Breasts", "digitised film, grey background in a black scanner border", "outline on a model of the background"
)
@pytest.mark.parametrize("kind", ["black border", "white edge"])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_film_in_a_scanner_border(kind, seed):
    truth = film(kind, seed, view="MLO" if seed % 2 else "CC").truth
    assert dice(breast_mask(truth.image), truth.breast) > 0.9


@pytest.mark.reported(
    "Breasts", "film darker towards one corner, or with a label and scratches", "outline of the breast"
)
@pytest.mark.parametrize(("kind", "seed"), [("gradient", 4), ("gradient", 14), ("label and tape", 2)])
def test_uneven_film_is_no_tissue(kind, seed):
    truth = film(kind, seed, view="CC").truth
    assert dice(breast_mask(truth.image), truth.breast) > 0.97


def test_tissue_alone_is_whole_still():
    truth = phantom(12, "CC", size=512)
    tissue = truth.image[:, :: -1 if truth.side == "RIGHT" else 1][190:310, :100]
    assert breast_mask(tissue).all()


@pytest.mark.parametrize(("kind", "seed"), [("black border", 2), ("gradient", 4)])
def test_the_second_attempt_is_noted(kind, seed):
    truth = film(kind, seed, view="CC").truth
    notes = prepare_breast(truth.image, view="CC").notes
    assert "uneven film background: outline found with a model of it" in notes


@pytest.mark.reported("Breasts", "an image whose values are inverted", "refused, without advice to invert unseen")
def test_inverted_values_are_refused_still():
    rng = np.random.default_rng(1)
    image = np.where(half_disk(), 60, 220) + rng.normal(scale=2, size=(300, 200))
    with pytest.raises(MaskError, match=r"inverted.*Invert its values only if dense tissue is dark"):
        breast_mask(image)
