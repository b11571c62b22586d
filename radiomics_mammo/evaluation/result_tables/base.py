"""Records of result tables: columns, needs, and the function that computes a table.

Nothing here imports pandas: the registry is read by ``compare --help``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from radiomics_mammo.evaluation.cohort.records import Candidate, Units
    from radiomics_mammo.evaluation.explanation.explain import ShapResults
    from radiomics_mammo.evaluation.options import ComparisonOptions
    from radiomics_mammo.evaluation.summary import Comparison
    from radiomics_mammo.evaluation.training.cross_validation import Outcome
    from radiomics_mammo.evaluation.training.plan import Plan

Kind = Literal["text", "integer", "number", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result table.

    Attributes
    ----------
    name : str
        With ``*`` it stands for any number of columns that match it, none included.
    kind : {'text', 'integer', 'number', 'flag'}
    null : str
        When a cell is null; empty where it never is.
    """

    name: str
    description: str
    kind: Kind = "number"
    null: str = ""


def text(name: str, description: str, *, null: str = "") -> Column:
    """Return a column of text."""
    return Column(name, description, "text", null)


def integer(name: str, description: str) -> Column:
    """Return a column of whole numbers."""
    return Column(name, description, "integer")


def number(name: str, description: str, *, null: str = "") -> Column:
    """Return a column of real numbers."""
    return Column(name, description, "number", null)


def flag(name: str, description: str) -> Column:
    """Return a column of true and false."""
    return Column(name, description, "flag")


def bounds(prefix: str = "", *, of: str = "95% interval", null: str = "no interval exists") -> tuple[Column, Column]:
    """Return the two columns of an interval, ``prefix_low`` and ``prefix_high``."""
    before = f"{prefix}_" if prefix else ""
    return number(f"{before}low", f"{of}, lower bound", null=null), number(f"{before}high", "upper bound", null=null)


@dataclass(frozen=True, slots=True, eq=False)
class TableContext:
    """What the function of a result table is given.

    Attributes
    ----------
    best : Candidate or None
        The candidate with the highest AUROC, baselines aside.
    shap : ShapResults or None
        SHAP values of the explained model; None where no tree model was compared.
    tables : dict of str to pandas.DataFrame
        The tables computed so far, in the order of the registry.
    """

    plan: Plan
    outcome: Outcome
    options: ComparisonOptions
    comparison: Comparison
    best: Candidate | None
    test_comparison: Comparison | None = None
    shap: ShapResults | None = None
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Names of the candidates."""
        return [candidate.name for candidate in self.plan.candidates]

    @property
    def units(self) -> Units:
        """Prediction units of the cross-validated cohort."""
        return self.plan.cohort.units

    @property
    def test_units(self) -> Units:
        """Prediction units of the test set."""
        assert self.plan.test is not None
        return self.plan.test.units

    @property
    def best_index(self) -> int:
        """Position of the best candidate."""
        assert self.best is not None
        return self.plan.candidates.index(self.best)

    def test_p(self) -> NDArray[np.float64]:
        """Return the test predictions, shape (n_candidates, 1, n_units)."""
        import numpy as np

        return np.stack([self.outcome.test[name].p for name in self.names])[:, None]

    def test_called(self) -> NDArray[np.bool_]:
        """Return the calls on the test set, shape (n_candidates, 1, n_units)."""
        import numpy as np

        predicted = [self.outcome.test[name] for name in self.names]
        return np.stack([each.p >= each.tuned.threshold for each in predicted])[:, None]


@dataclass(frozen=True, slots=True)
class Need:
    """A condition under which a table is computed."""

    description: str
    met: Callable[[TableContext], bool]


def _probes_single_embedder(context: TableContext) -> bool:
    single = len(context.plan.cohort.embedders) == 1
    return any(each.model == "probe" and (bool(each.block) or single) for each in context.plan.candidates)


NEEDS: Mapping[str, Need] = {
    "best": Need("a model that is no baseline", lambda c: c.best is not None),
    "two models": Need("two models", lambda c: len(c.names) > 1 and c.best is not None),
    "test set": Need("a test set", lambda c: c.plan.test is not None),
    "shift": Need("--shift", lambda c: bool(c.options.shift)),
    "inflation": Need("AUROC inflation switched on", lambda c: c.options.leakage),
    "ensemble": Need("an ensemble", lambda c: bool(c.plan.members)),
    "dense head": Need("a dense head", lambda c: any(each.curves is not None for each in c.outcome.tuned.values())),
    "feature selection": Need("a model that selects features", lambda c: bool(c.outcome.rankings)),
    "probe": Need("a linear probe of one embedder", _probes_single_embedder),
    "SHAP": Need("a tree model", lambda c: c.shap is not None),
    "interactions": Need("an XGBoost model", lambda c: c.shap is not None and c.shap.interactions is not None),
}
"""Conditions by the word that a table names in ``needs``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTable:
    """A table that ``compare`` writes: a line of ``RESULT_TABLES``.

    Attributes
    ----------
    compute : callable (TableContext) -> pandas.DataFrame
        Imports what it needs when it is called.
    needs : tuple of str
        Keys of ``NEEDS``, all of which must be met.

    Examples
    --------
    >>> from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
    >>> table = RESULT_TABLES["confusion"]
    >>> table.file
    'confusion.csv'
    >>> [column.name for column in table.columns][:3]
    ['model', 'at', 'threshold']
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    compute: Callable[[TableContext], pd.DataFrame]
    needs: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Name of the file in the run folder."""
        return f"{self.name}.csv"

    @property
    def condition(self) -> str:
        """The needs in words; empty where the table is always computed."""
        return " and ".join(NEEDS[need].description for need in self.needs)

    def is_needed(self, context: TableContext) -> bool:
        """Return whether a study meets all needs of the table."""
        return all(NEEDS[need].met(context) for need in self.needs)
