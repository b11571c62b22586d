"""Which arms a table is compared with, and what its ensembles are made of."""

from __future__ import annotations

from collections.abc import Sequence

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import FEATURES, Arm, Cohort
from radiomics_mammo.evaluation.training.registry import (
    DEFAULT_ARMS,
    EMBEDDED_ARMS,
    ENSEMBLES,
    FUSED_ARMS,
    IMBALANCED,
    MEMBERS,
    MODELS,
    block_of,
    parse_arm,
    parse_arms,
)


def lay_out(cohort: Cohort, models: str) -> tuple[tuple[Arm, ...], list[str]]:
    """Give the arms asked for, or the default ones that the table has columns for, and say which it has not."""
    asked = parse_arms(models) if models else default_arms(cohort)
    lacking = [arm for arm in asked if not _able(arm, cohort)]
    if models and lacking:
        raise InputError(
            f"no columns for {', '.join(arm.name for arm in lacking)}",
            remedy="Take them out of --models, or join a table that has the columns (embeddings come from "
            "python -m radiomics_mammo.embed).",
        )
    arms = tuple(arm for arm in asked if arm not in lacking)
    if not models and min(cohort.units.y.mean(), 1 - cohort.units.y.mean()) < IMBALANCED:
        arms = (*arms, Arm("xgboost", "bagging"))
    left_out = [f"No columns for the baselines {', '.join(arm.name for arm in lacking)}."] if lacking else []
    return arms, left_out


def default_arms(cohort: Cohort) -> tuple[Arm, ...]:
    """Give the arms that are compared where none are named: they depend on what the table has."""
    plain = [parse_arm(name) for name in DEFAULT_ARMS]
    arms = [arm for arm in plain if cohort.radiomic or block_of(arm) != FEATURES or MODELS[arm.model].baseline]
    if cohort.embedded is None:
        return tuple(arms)
    arms += [parse_arm(name) for name in EMBEDDED_ARMS]
    if len(cohort.embedders) > 1:
        arms += [Arm(name, block=one) for one in cohort.embedders for name in (EMBEDDED_ARMS[0], EMBEDDED_ARMS[-1])]
    if cohort.radiomic:
        arms += [parse_arm(name) for name in (*FUSED_ARMS, *ENSEMBLES)]
    return tuple(arms)


def _able(arm: Arm, cohort: Cohort) -> bool:
    return MODELS[arm.model].fit == "ensemble" or cohort.offers(block_of(arm))


def members_of(arms: Sequence[Arm], asked: str) -> tuple[Arm, ...]:
    """Settle what the ensembles among the arms are made of.

    Raises
    ------
    InputError
        There are fewer than two members, one is not compared, or one cannot be a member.
    """
    if not any(MODELS[arm.model].fit == "ensemble" for arm in arms):
        if asked:
            raise InputError("--members: no ensemble is compared", remedy="Name average, rank-average or stack, too.")
        return ()
    named = parse_arms(asked) if asked else tuple(arm for arm in map(parse_arm, MEMBERS) if arm in arms)
    wrong = [
        arm.name
        for arm in named
        if arm not in arms or MODELS[arm.model].baseline or MODELS[arm.model].fit == "ensemble"
    ]
    if wrong:
        raise InputError(
            f"{', '.join(wrong)} cannot be members of an ensemble here",
            remedy="Members are arms that are compared, with --models; no baselines and no ensembles.",
        )
    if len(named) < 2:
        raise InputError(
            "an ensemble needs two members", remedy=f"Name them with --members; by default: {', '.join(MEMBERS)}."
        )
    return named
