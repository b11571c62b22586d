"""Every registered leakage check passes its conformance check; one that breaks a rule does not."""

from __future__ import annotations

import pytest

from radiomics_mammo.evaluation.leakage.checks import LEAKAGE_CHECKS, CheckResult, LeakageCheck
from radiomics_mammo.testing.leakage_checks import check_leakage_check


@pytest.mark.parametrize("name", LEAKAGE_CHECKS)
def test_registered_checks_conform(name):
    check_leakage_check(LEAKAGE_CHECKS[name])


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (CheckResult(False, 1.0, "It leaks."), "it fails on sound data"),
        (CheckResult(True, 1.0, "No stop"), "does not end with a full stop"),
        (CheckResult(True, 1.0, "Half.", low=0.1), "one bound"),
    ],
)
def test_a_check_that_breaks_a_rule_fails(result, message):
    with pytest.raises(AssertionError, match=message):
        check_leakage_check(LeakageCheck("Broken", lambda _: result))


def test_a_random_check_and_one_that_changes_its_input_fail():
    numbers = iter(range(9))
    with pytest.raises(AssertionError, match="the result differs"):
        check_leakage_check(LeakageCheck("Random", lambda _: CheckResult(True, float(next(numbers)), "Fine.")))

    def change(given):
        given.fold_of[:] = 0
        return CheckResult(True, 1.0, "Fine.")

    with pytest.raises(AssertionError, match="changes its input"):
        check_leakage_check(LeakageCheck("Change", change))
