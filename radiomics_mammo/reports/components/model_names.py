"""Baselines, the radiologists' assessment, and the candidates of a figure."""

from __future__ import annotations

from collections.abc import Mapping

from radiomics_mammo.evaluation.training.registry import is_baseline

RADIOLOGISTS = "radiologists"
COMPARED_WITH_BEST = (RADIOLOGISTS, "size")
"""Baselines that the best model is compared with in any case."""
MAX_CURVES = 7
"""Curves in one figure that can still be distinguished."""


def without_baselines(candidates: Mapping[str, str]) -> dict[str, str]:
    """Return the names and titles of the candidates that are not baselines."""
    return {name: title for name, title in candidates.items() if not is_baseline(name)}


def marked(candidates: Mapping[str, str]) -> dict[str, str]:
    """Return the candidates' titles, with ``(baseline)`` behind those of baselines."""
    return {name: f"{title} (baseline)" if is_baseline(name) else title for name, title in candidates.items()}


def row_mark(candidate: str, best: str) -> str:
    """Return the mark of a candidate's row: ``best``, ``baseline`` or empty."""
    return "best" if candidate == best else "baseline" if is_baseline(candidate) else ""


def selected_for_figure(
    candidates: Mapping[str, str], *, auroc: Mapping[str, float], best: str, always: tuple[str, ...] = ()
) -> list[str]:
    """Return the candidates of a figure, the best first, the others by AUROC.

    Of more than ``MAX_CURVES``: the best, those in ``always`` and the radiologists' assessment, then the next best
    that are not baselines.
    """
    ranked = sorted(candidates, key=lambda name: (name != best, -auroc[name]))
    if len(ranked) <= MAX_CURVES:
        return ranked
    wanted = {best, RADIOLOGISTS, *always} & set(ranked)
    for name in ranked:
        if len(wanted) < MAX_CURVES and not is_baseline(name):
            wanted.add(name)
    return [name for name in ranked if name in wanted]
