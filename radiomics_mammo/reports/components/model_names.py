"""Which competitors are baselines, which is the radiologists' own reading, and which a figure can hold."""

from __future__ import annotations

from collections.abc import Mapping

from radiomics_mammo.evaluation.training.registry import is_baseline

READING = "radiologists"
MOST = 7
"""Curves in one figure that can still be told apart."""


def competing(candidates: Mapping[str, str]) -> dict[str, str]:
    """Give the names and titles of the candidates that are not baselines."""
    return {name: title for name, title in candidates.items() if not is_baseline(name)}


def marked(candidates: Mapping[str, str]) -> dict[str, str]:
    """Give the candidates' titles, baselines said to be so."""
    return {name: f"{title} (baseline)" if is_baseline(name) else title for name, title in candidates.items()}


def shown(
    candidates: Mapping[str, str], *, auroc: Mapping[str, float], best: str, always: tuple[str, ...] = ()
) -> list[str]:
    """Choose the candidates of a figure, the best first, the others by AUROC.

    Where there are more than ``MOST``: the best, those in ``always`` and the radiologists' reading, then the next
    best that are not baselines.
    """
    ranked = sorted(candidates, key=lambda name: (name != best, -auroc[name]))
    if len(ranked) <= MOST:
        return ranked
    wanted = {best, READING, *always} & set(ranked)
    for name in ranked:
        if len(wanted) < MOST and not is_baseline(name):
            wanted.add(name)
    return [name for name in ranked if name in wanted]
