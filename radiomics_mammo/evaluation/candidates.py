"""Which candidates a table is compared with, and what its ensembles are made of."""

from __future__ import annotations

from collections.abc import Sequence

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import FEATURES, Candidate, Cohort
from radiomics_mammo.evaluation.training.registry import (
    DEFAULT_CANDIDATES,
    EMBEDDED_CANDIDATES,
    ENSEMBLES,
    FUSED_CANDIDATES,
    IMBALANCED,
    MEMBERS,
    MODELS,
    block_of,
    estimator_of,
    parse_candidate,
    parse_candidates,
)


def plan_candidates(cohort: Cohort, models: str) -> tuple[tuple[Candidate, ...], list[str]]:
    """Give the candidates asked for, or the default ones that the table has columns for, and say which it has not."""
    asked = parse_candidates(models) if models else default_candidates(cohort)
    lacking = [candidate for candidate in asked if not _able(candidate, cohort)]
    if models and lacking:
        raise InputError(
            f"no columns for {', '.join(candidate.name for candidate in lacking)}",
            remedy="Take them out of --models, or join a table that has the columns (embeddings come from "
            "python -m radiomics_mammo.embed).",
        )
    candidates = tuple(candidate for candidate in asked if candidate not in lacking)
    for candidate in candidates:
        if not MODELS[candidate.model].ensemble:
            estimator_of(candidate).require()
    if not models and min(cohort.units.y.mean(), 1 - cohort.units.y.mean()) < IMBALANCED:
        candidates = (*candidates, Candidate("xgboost", "bagging"))
    left_out = (
        [f"No columns for the baselines {', '.join(candidate.name for candidate in lacking)}."] if lacking else []
    )
    return candidates, left_out


def default_candidates(cohort: Cohort) -> tuple[Candidate, ...]:
    """Give the candidates that are compared where none are named: they depend on what the table has."""
    plain = [parse_candidate(name) for name in DEFAULT_CANDIDATES]
    candidates = [
        candidate
        for candidate in plain
        if cohort.radiomic or block_of(candidate) != FEATURES or MODELS[candidate.model].baseline
    ]
    if cohort.embedded is None:
        return tuple(candidates)
    candidates += [parse_candidate(name) for name in EMBEDDED_CANDIDATES]
    if len(cohort.embedders) > 1:
        candidates += [
            Candidate(name, block=one)
            for one in cohort.embedders
            for name in (EMBEDDED_CANDIDATES[0], EMBEDDED_CANDIDATES[-1])
        ]
    if cohort.radiomic:
        candidates += [parse_candidate(name) for name in (*FUSED_CANDIDATES, *ENSEMBLES)]
    return tuple(candidates)


def _able(candidate: Candidate, cohort: Cohort) -> bool:
    return MODELS[candidate.model].ensemble or cohort.offers(block_of(candidate))


def ensemble_members(candidates: Sequence[Candidate], asked: str) -> tuple[Candidate, ...]:
    """Settle what the ensembles among the candidates are made of.

    Raises
    ------
    InputError
        There are fewer than two members, one is not compared, or one cannot be a member.
    """
    if not any(MODELS[candidate.model].ensemble for candidate in candidates):
        if asked:
            raise InputError("--members: no ensemble is compared", remedy="Name average, rank-average or stack, too.")
        return ()
    named = (
        parse_candidates(asked)
        if asked
        else tuple(candidate for candidate in map(parse_candidate, MEMBERS) if candidate in candidates)
    )
    wrong = [
        candidate.name
        for candidate in named
        if candidate not in candidates or MODELS[candidate.model].baseline or MODELS[candidate.model].ensemble
    ]
    if wrong:
        raise InputError(
            f"{', '.join(wrong)} cannot be members of an ensemble here",
            remedy="Members are candidates that are compared, with --models; no baselines and no ensembles.",
        )
    if len(named) < 2:
        raise InputError(
            "an ensemble needs two members", remedy=f"Name them with --members; by default: {', '.join(MEMBERS)}."
        )
    return named
