"""Records of checklists, and the facts of a run that their answers state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.evaluation.metrics.subgroups import SUBGROUPS
from radiomics_mammo.evaluation.training.registry import split_name
from radiomics_mammo.reports.components.model_names import COMPARED_WITH_BEST
from radiomics_mammo.reports.components.numbers import estimate, records, with_interval
from radiomics_mammo.reports.components.run_facts import is_tuned, table_names, training_patients
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

YES, PARTLY, NO = "yes", "partly", "no"
NOT_APPLICABLE, AUTHORS = "not applicable", "for the authors"
ANSWERS = (YES, PARTLY, NO, NOT_APPLICABLE, AUTHORS)
"""``yes`` only where the run itself shows all that the item requires."""

_ACQUISITION = ("manufacturer", "model_name", "machine_id", "site_id", "spacing_row_mm", "bits_stored")
_CLUSTERS = ("machine_id", "site_id")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an item: one of ``ANSWERS``, and the evidence."""

    answer: str
    evidence: str


Ask = Callable[["Facts"], Answer]


def answered(macro: str, *what: str) -> Ask:
    """Return the function that answers an item by a macro of ``checklist_answers.j2``."""

    def ask(facts: Facts) -> Answer:
        values = {"what": what[0]} if what else {}
        answer, _, evidence = sentence(f"checklist_answers.{macro}", f=facts, **values).partition(" | ")
        return Answer(answer, evidence)

    return ask


def paper(what: str) -> Ask:
    """Return the function that leaves an item to the text of the paper."""
    return answered("paper", what)


def patients(what: str) -> Ask:
    """Return the function that leaves an item to the authors; it does not apply to a phantom."""
    return answered("patients", what)


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Facts of a run that answers state.

    Attributes
    ----------
    crossing : int
        Patients who are in two folds of one repeat, counted in the predictions.
    """

    run: Run
    results: Results
    folds: int
    repeats: int
    crossing: int

    @property
    def info(self) -> RunInfo:
        """The record of the run."""
        return self.run.info

    @property
    def command(self) -> Mapping[str, Any]:
        """The options of the run; one that is not recorded is empty."""
        return defaultdict(str, self.info.command)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The provenance of the table; an entry that is not recorded is empty."""
        return defaultdict(str, self.info.provenance)

    @property
    def reader(self) -> str:
        """The name of the reader of the images; empty for another tool's table."""
        return str((self.info.provenance.get("reader") or {}).get("reader", ""))

    @property
    def collection(self) -> Mapping[str, Any]:
        """The collection that the table records; empty where it does not."""
        blank = dict.fromkeys(("name", "licence", "citation", "outlines"), "")
        return {**blank, **(self.info.provenance.get("collection") or {})}

    @property
    def extraction_version(self) -> str:
        """The version that extracted the table; empty if it is not recorded."""
        return str((self.info.provenance.get("versions") or {}).get("radiomics-mammo", ""))

    @property
    def best(self) -> str:
        """The title of the best model; empty if there is none."""
        return self.title(self.info.best)

    @property
    def tuned(self) -> bool:
        """Whether more than the default settings were tried."""
        return is_tuned(self.info.command)

    @property
    def training_patients(self) -> str:
        """The patients that the final model is trained on."""
        return training_patients(self.info)

    @property
    def test_table(self) -> str:
        """The file name of the test table."""
        return table_names(self.info.test["table"])

    @property
    def forced(self) -> list[str]:
        """Embedders whose weights may have been trained on the cases."""
        return [each["name"] for each in self.info.embeddings if each.get("forced")]

    @property
    def rarer(self) -> int:
        """The number of units of the rarer class."""
        return min(self.info.positives, self.info.units - self.info.positives)

    @property
    def acquisition_columns(self) -> list[str]:
        """Columns of the cases on image acquisition that have values."""
        cases = self.run.cases
        return [name for name in _ACQUISITION if name in cases.columns and cases[name].notna().any()]

    @property
    def sites(self) -> int:
        """The number of values of ``site_id``."""
        return int(self.run.cases["site_id"].nunique()) if "site_id" in self.run.cases.columns else 0

    @property
    def characteristics(self) -> list[str]:
        """Titles of the columns that results are shown by."""
        return list(dict.fromkeys(title for name, title in SUBGROUPS.items() if name in self.run.cases.columns))

    @property
    def subgroup_titles(self) -> list[str]:
        """Titles of the columns of the subgroup analysis."""
        table = self.results.subgroups
        titles = [] if table is None else dict.fromkeys(table["title"].astype(str))
        return [title for title in titles if title != "All"]

    @property
    def cluster_columns(self) -> list[str]:
        """Columns on site or machine in the subgroup analysis."""
        table = self.results.subgroups
        return [] if table is None else sorted(set(table["column"].dropna()) & set(_CLUSTERS))

    @property
    def permutation_test(self) -> str:
        """The sentence of the permutation test; empty where it was not made."""
        table = self.results.leakage_checks
        sentences = [] if table is None else table.loc[table["check"] == "permutation_test", "sentence"].tolist()
        return str(sentences[0]) if sentences else ""

    @property
    def bias(self) -> dict[str, Any] | None:
        """The selection bias of the best model; None where it was not estimated."""
        table = self.results.selection_bias
        return None if table is None else records(table)[0]

    @property
    def ensembles(self) -> list[str]:
        """Names of the ensembles."""
        table = self.results.ensembles
        return [] if table is None else list(dict.fromkeys(table["ensemble"].astype(str)))

    @property
    def resampled(self) -> list[str]:
        """Candidates with resampling."""
        return [name for name in self.info.candidates if "+" in name]

    @property
    def paired_resampled(self) -> list[str]:
        """Titles of those that are compared with the same model without resampling."""
        return [self.title(name) for name in self.resampled if name in set(self.run.differences["model"])]

    @property
    def unpaired_resampled(self) -> list[str]:
        """Titles of those that are not."""
        return [self.title(name) for name in self.resampled if name not in set(self.run.differences["model"])]

    @property
    def weighted(self) -> list[str]:
        """Titles of the dense heads, which are trained with class weights."""
        return self.titles_of("head")

    @property
    def metrics(self) -> list[str]:
        """Titles of the metrics of the run."""
        return [METRICS[name].title for name in dict.fromkeys(self.run.summary["metric"]) if name in METRICS]

    @property
    def counted(self) -> bool:
        """Whether classifications at a threshold are counted."""
        return self.results.confusion is not None or self.results.operating is not None

    @property
    def operating(self) -> dict[str, Any] | None:
        """The best model at its operating threshold; None where it is not counted."""
        table = self.results.operating
        rows = [] if table is None else records(table[table["model"] == self.info.best])
        return rows[0] if rows else None

    @property
    def confounders(self) -> dict[str, str]:
        """Titles of the models that use only the machine or clinical data."""
        names = ("scanner", "metadata")
        return {name: self.info.candidates[name] for name in names if name in self.info.candidates}

    @property
    def varied(self) -> list[str]:
        """The sensitivity analyses of the run."""
        return [
            *(["subgroups"] if self.subgroup_titles else []),
            *(["leaky protocols, with their AUROC inflation"] if self.results.auroc_inflation is not None else []),
            *([f"{self.repeats} repeats with other folds"] if self.repeats > 1 else []),
        ]

    @property
    def reference(self) -> str:
        """Titles of the models that the paired differences are against; empty if there are none."""
        table = self.results.pairs
        names = [] if table is None else [str(name) for name in table["against"].unique()]
        return ", ".join(self.title(name) for name in names)

    @property
    def best_baselines(self) -> list[str]:
        """Titles of the baselines that the best model is compared with in any case."""
        return self.titles_of(*COMPARED_WITH_BEST) if self.best and self.results.pairs is not None else []

    def title(self, candidate: str) -> str:
        """Return the title of a candidate."""
        return self.info.candidates.get(candidate, candidate)

    def titles_of(self, *models: str) -> list[str]:
        """Return the titles of the candidates of some models."""
        return [title for name, title in self.info.candidates.items() if split_name(name).model in models]

    def tested(self, models: Sequence[str]) -> bool:
        """Return whether the best model was tested against one of these models, or is one of them."""
        pairs, best = self.results.pairs, self.info.best
        if pairs is None or pairs.empty or not best:
            return False
        against_best = pairs.loc[pairs["against"] == best, "model"].map(lambda name: split_name(name).model)
        return bool(against_best.isin(models).any() or split_name(best).model in models)

    def metric(self, name: str, *, model: str = "") -> str:
        """Return a metric of a model (the best) with its interval; empty where the run has none."""
        table, model = self.run.summary, model or self.info.best
        rows = records(table[(table["model"] == model) & (table["metric"] == name)])
        return "" if not rows or pd.isna(rows[0]["value"]) else with_interval(estimate(rows[0]))


@dataclass(frozen=True, slots=True)
class Item:
    """A row of a checklist, its text paraphrased."""

    number: str
    topic: str
    text: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Checklist:
    """A published checklist."""

    slug: str
    title: str
    source: str
    items: Sequence[Item]


def facts_of(run: Run, results: Results) -> Facts:
    """Return the facts of a run."""
    table = run.predictions
    last = table[["fold", "repeat"]].max()
    folds = table.groupby(["repeat", "patient_id"], sort=False)["fold"].nunique()
    crossing = int(folds[folds > 1].index.get_level_values("patient_id").nunique())
    return Facts(run, results, int(last["fold"]) + 1, int(last["repeat"]) + 1, crossing)
