"""What a checklist is made of: items, each with the question that a run answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from radiomics_mammo.evaluation.training.registry import split_name
from radiomics_mammo.reports.components.numbers import number
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

YES, PARTLY, NO = "yes", "partly", "no"
NOT_APPLICABLE, AUTHORS = "not applicable", "for the authors"
ANSWERS = (YES, PARTLY, NO, NOT_APPLICABLE, AUTHORS)
"""``yes`` only where the run itself shows all that the item asks for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run says to an item: one of ``ANSWERS``, and the evidence."""

    answer: str
    evidence: str


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """A run, and what many items ask of it.

    Attributes
    ----------
    run : Run
    results : Results
    folds, repeats : int
    crossing : int
        Patients who are in two folds of one repeat, counted in the predictions.
    """

    run: Run
    results: Results
    folds: int
    repeats: int
    crossing: int

    @property
    def reader(self) -> str:
        """Return the name of the reader of the images; empty for another tool's table."""
        return str((self.run.info.provenance.get("reader") or {}).get("reader", ""))

    @property
    def collection(self) -> Mapping[str, Any]:
        """Return what the table records about the collection: name, licence, citation, outlines."""
        collection: Mapping[str, Any] = self.run.info.provenance.get("collection") or {}
        return collection

    @property
    def best(self) -> str:
        """The title of the best model; empty if there is none."""
        info = self.run.info
        return info.candidates.get(info.best, info.best)

    def has_candidate(self, *models: str) -> list[str]:
        """Give the titles of candidates of these models, whatever they look at and however resampled."""
        info = self.run.info
        return [title for name, title in info.candidates.items() if split_name(name).model in models]

    @property
    def reference(self) -> str:
        """What the paired differences are against, by title; empty if there are none."""
        table, candidates = self.results.pairs, self.run.info.candidates
        names = [] if table is None else [str(name) for name in table["against"].unique()]
        return ", ".join(candidates.get(name, name) for name in names)

    def metric(self, name: str, *, model: str = "") -> str:
        """Write a metric of a model (the best) with its interval; empty where the run has none or it is undefined."""
        table, model = self.run.summary, model or self.run.info.best
        own = table[(table["model"] == model) & (table["metric"] == name)]
        if own.empty:
            return ""
        value, low, high = (float(own[column].iloc[0]) for column in ("value", "low", "high"))
        if value != value:
            return ""
        return number(value) if low != low else f"{number(value)} ({number(low)} to {number(high)})"


Ask = Callable[[Facts], Answer]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a checklist.

    Attributes
    ----------
    number, topic : str
        As the checklist has them.
    text : str
        What is asked, in short and in our own words.
    ask : callable (Facts) -> Answer
    """

    number: str
    topic: str
    text: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Checklist:
    """A published checklist.

    Attributes
    ----------
    slug, title : str
    source : str
        The publication.
    items : sequence of Item
    """

    slug: str
    title: str
    source: str
    items: Sequence[Item]


def facts_of(run: Run, results: Results) -> Facts:
    """Count what items ask of the folds."""
    table = run.predictions
    last = table[["fold", "repeat"]].max()
    return Facts(run, results, int(last["fold"]) + 1, int(last["repeat"]) + 1, _crossing(table))


def _crossing(table: pd.DataFrame) -> int:
    folds = table.groupby(["repeat", "patient_id"], sort=False)["fold"].nunique()
    return int(folds[folds > 1].index.get_level_values("patient_id").nunique())
