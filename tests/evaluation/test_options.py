"""Words that the light modules of options allow are those of the registries, which are heavy to import."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.prediction_units import RULES, UNITS
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.training.calibration import CALIBRATIONS
from radiomics_mammo.evaluation.training.device import DEVICES, TREE_METHODS
from radiomics_mammo.evaluation.training.feature_selection import RANKINGS
from radiomics_mammo.evaluation.training.registry import MEMBERS
from radiomics_mammo.runs.run_config import RunConfig


@pytest.mark.parametrize(
    ("settings", "name", "allowed"),
    [
        (Target, "unit", UNITS),
        (Target, "aggregate", RULES),
        (ComparisonOptions, "tree_method", TREE_METHODS),
        (ComparisonOptions, "select", ("auto", "none", *RANKINGS)),
        (ComparisonOptions, "calibration", CALIBRATIONS),
    ],
)
def test_choices_are_those_of_the_registry(settings, name, allowed):
    assert get_args(get_type_hints(settings)[name]) == tuple(allowed)


def test_devices_and_members_are_those_of_the_registry():
    words, nothing = get_args(get_type_hints(ComparisonOptions)["device"])
    assert (get_args(words), nothing) == (DEVICES, type(None))
    help_of_members = ComparisonOptions.__dataclass_fields__["members"].metadata["option"].help
    assert f"(default: {', '.join(MEMBERS)})" in help_of_members


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "trials is 0. It must be 1 or more"),
        ({"calibration": "beta"}, "calibration is 'beta'. It must be one of sigmoid, isotonic, none"),
        ({"operate_at": "sensitivity:2"}, "sensitivity:2"),
        ({"models": "resnet"}, "no model is called 'resnet'"),
        ({"final_model": "average"}, "an ensemble is of several models"),
        ({"shift": "1.5"}, "--shift '1.5' is unknown"),
    ],
)
def test_python_callers_meet_the_checks_of_the_command(options, message):
    with pytest.raises(InputError, match=message):
        ComparisonOptions(**options)


def test_a_prevalence_needs_a_test_set():
    options = ComparisonOptions(shift="em")
    with pytest.raises(InputError, match="there is none"):
        RunConfig(tables=(), options=options)
    assert RunConfig(tables=(), options=options, split="official").command()["official"] is True


def test_workers_are_the_usable_cores_by_default():
    assert ComparisonOptions().workers >= 1
    assert ComparisonOptions(workers=3).workers == 3
