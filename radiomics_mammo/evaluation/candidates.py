"""Choice of the candidates of a comparison, and of the members of its ensembles."""

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
    """Return the requested or default candidates, and remarks on those left out."""
    requested = parse_candidates(models) if models else default_candidates(cohort)
    missing = [candidate for candidate in requested if not _able(candidate, cohort)]
    if models and missing:
        raise InputError(
            f"no columns for {', '.join(candidate.name for candidate in missing)}",
            remedy="Take them out of --models, or join a table that has the columns (embeddings come from "
            "python -m radiomics_mammo.embed).",
        )
    candidates = tuple(candidate for candidate in requested if candidate not in missing)
    for candidate in candidates:
        if not MODELS[candidate.model].ensemble:
            estimator_of(candidate).require()
    if not models and min(cohort.units.y.mean(), 1 - cohort.units.y.mean()) < IMBALANCED:
        candidates = (*candidates, Candidate("xgboost", "bagging"))
    left_out = (
        [f"No columns for the baselines {', '.join(candidate.name for candidate in missing)}."] if missing else []
    )
    return candidates, left_out


def default_candidates(cohort: Cohort) -> tuple[Candidate, ...]:
    """Return the candidates that are compared by default."""
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
            Candidate(name, block=prefix)
            for prefix in cohort.embedders
            for name in (EMBEDDED_CANDIDATES[0], EMBEDDED_CANDIDATES[-1])
        ]
    if cohort.radiomic:
        candidates += [parse_candidate(name) for name in (*FUSED_CANDIDATES, *ENSEMBLES)]
    return tuple(candidates)


def _able(candidate: Candidate, cohort: Cohort) -> bool:
    return MODELS[candidate.model].ensemble or cohort.offers(block_of(candidate))


def ensemble_members(candidates: Sequence[Candidate], requested: str) -> tuple[Candidate, ...]:
    """Return the members of the ensembles among the candidates."""
    if not any(MODELS[candidate.model].ensemble for candidate in candidates):
        if requested:
            raise InputError("--members: no ensemble is compared", remedy="Name average, rank-average or stack, too.")
        return ()
    named = (
        parse_candidates(requested)
        if requested
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
