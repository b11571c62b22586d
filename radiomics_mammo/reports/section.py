"""The record of a report section, and what it is built from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.reports.cases.records import Pictures
from radiomics_mammo.reports.components.page import PagePart
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

Meaning = Callable[[str], str]


def no_meaning(_: str) -> str:
    """Return no explanation of any feature."""
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class ReportInputs:
    """Inputs of the sections; ``meaning`` is a feature's on a mammogram."""

    run: Run
    results: Results = field(default_factory=Results)
    pictures: Pictures = field(default_factory=Pictures)
    meaning: Meaning = no_meaning

    def has(self, name: str) -> bool:
        """Return whether a table or an attribute of the run is there and not empty."""
        sources = (self.results, self.run, self.run.info)
        values = [getattr(source, name) for source in sources if hasattr(source, name)]
        if not values:
            raise AttributeError(f"no input of a section is called {name!r}")
        return any(value is not None and len(value) > 0 for value in values)

    @property
    def note(self) -> str:
        """The note that figures carry: ``phantom`` for simulated images."""
        return "phantom" if self.run.info.phantom else ""

    @property
    def y(self) -> NDArray[np.int8]:
        """The labels in the order of ``run.cases``; shape (n_cases,)."""
        labels = self.run.predictions.drop_duplicates("case_id").set_index("case_id")["y"]
        return np.asarray(labels.loc[self.run.cases["case_id"]], dtype=np.int8)


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report, registered in ``SECTIONS``.

    Attributes
    ----------
    build : callable (ReportInputs) -> PagePart or None
        The content, without slug and title; None where the inputs hold nothing to show.
    needs : tuple of str
        Inputs that must be there: names of result tables (``pairs``) or of attributes of the run (``contributions``);
        ``a or b`` for alternatives.
    chapter : str
        The slug of the chapter that it belongs to; empty for a chapter of its own.
    """

    slug: str
    title: str
    build: Callable[[ReportInputs], PagePart | None]
    needs: tuple[str, ...] = ()
    chapter: str = ""

    def missing(self, inputs: ReportInputs) -> list[str]:
        """Return the needs that are not there, by file name where there is a file."""
        absent = [need for need in self.needs if not any(inputs.has(name) for name in need.split(" or "))]
        return [" or ".join(_file_name(name) for name in need.split(" or ")) for need in absent]


def _file_name(name: str) -> str:
    return _RUN_INPUTS.get(name) or RESULT_TABLES[name].file


_RUN_INPUTS = {
    "best": "a model that uses features",
    "contributions": "SHAP values",
    "values": "feature values",
    "differences": "models with and without resampling",
    "embeddings": "embeddings",
}
