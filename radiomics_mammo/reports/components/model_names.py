"""Which competitors are yardsticks, which is the radiologists' own reading, and which a figure can hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

from radiomics_mammo.evaluation.training.registry import MODELS

READING = "readers"
MOST = 7
"""Curves in one figure that can still be told apart."""


def is_baseline(arm: str) -> bool:
    """Whether an arm, by its name (``model@block+sampler``), is a yardstick; one of another version is not."""
    model = re.split("[+@]", arm, maxsplit=1)[0]
    return model in MODELS and MODELS[model].baseline


def competing(arms: Mapping[str, str]) -> dict[str, str]:
    """Give the names and titles of the arms that are not yardsticks."""
    return {name: title for name, title in arms.items() if not is_baseline(name)}


def marked(arms: Mapping[str, str]) -> dict[str, str]:
    """Give the arms' titles, yardsticks said to be so."""
    return {name: f"{title} (baseline)" if is_baseline(name) else title for name, title in arms.items()}


def shown(arms: Mapping[str, str], *, auroc: Mapping[str, float], best: str, always: tuple[str, ...] = ()) -> list[str]:
    """Choose the arms of a figure, the best first, the others by AUROC.

    Where there are more than ``MOST``: the best, those in ``always`` and the radiologists' reading, then the next
    best that are not yardsticks.
    """
    ranked = sorted(arms, key=lambda name: (name != best, -auroc[name]))
    if len(ranked) <= MOST:
        return ranked
    wanted = {best, READING, *always} & set(ranked)
    for name in ranked:
        if len(wanted) < MOST and not is_baseline(name):
            wanted.add(name)
    return [name for name in ranked if name in wanted]
