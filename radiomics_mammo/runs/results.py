"""The tables of a run that say what its predictions are worth; each of them may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd
import pyarrow as pa

from radiomics_mammo.errors import InputError
from radiomics_mammo.runs.run_folder import FOLDS

RESULTS: dict[str, str] = {
    "pairs": "pairs.csv",
    "reliability": "reliability.csv",
    "decision_curve": "decision_curve.csv",
    "operating": "operating.csv",
    "certified": "certified.csv",
    "subgroups": "subgroups.csv",
    "auroc_inflation": "auroc_inflation.csv",
    "leakage_checks": "leakage_checks.csv",
    "selection_bias": "selection_bias.csv",
    "uncalibrated": "uncalibrated.csv",
    "test_summary": "test_summary.csv",
    "test_differences": "test_differences.csv",
    "test_shifted": "test_shifted.csv",
    "test_certified": "test_certified.csv",
    "test_operating": "test_operating.csv",
    "label_shift": "label_shift.csv",
    "feature_selection": "feature_selection.csv",
    "tuned_parameters": "tuned_parameters.csv",
    "test_auroc": "test_auroc.csv",
    "auroc": "auroc.csv",
    "ensembles": "ensembles.csv",
    "test_ensembles": "test_ensembles.csv",
    "probes": "probes.csv",
    "learning_curves": "learning_curves.csv",
    "confusion": "confusion.csv",
    "test_confusion": "test_confusion.csv",
    "neighbours": "neighbours.csv",
    "out_of_range": "out_of_range.csv",
    "shap_features": "shap_features.csv",
    "shap_groups": "shap_groups.csv",
    "shap_stability": "shap_stability.csv",
    "shap_interactions": "shap_interactions.csv",
    "shap_clusters": "shap_clusters.csv",
    "shap_permutation": "shap_permutation.csv",
}
"""File names by the field of :class:`Results` that they are read into."""

DEFAULT_SENSITIVITY = 0.95
"""Certified sensitivity that is put into words where a run does not say which it was asked for."""

_AGAIN = "Run python -m radiomics_mammo.compare again with --overwrite."


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """Tables of a run beyond predictions, summary and differences; None where the run has none.

    Attributes
    ----------
    pairs : pandas.DataFrame or None
        Each candidate against the headline: difference in AUROC with intervals, p-values and a verdict.
    reliability, decision_curve, operating : pandas.DataFrame or None
        Calibration by bins, net benefit over thresholds, and what comes of the operating thresholds.
    certified, subgroups : pandas.DataFrame or None
        Certified sensitivity, and the best model by subgroup.
    auroc_inflation, leakage_checks : pandas.DataFrame or None
        Prices of the usual mistakes, and the checks that run every time.
    selection_bias : pandas.DataFrame or None
        What choosing the best model owes to chance.
    uncalibrated : pandas.DataFrame or None
        Metrics of resampled twins before calibration (``against`` empty), and their paired differences.
    test_summary, test_differences, test_shifted : pandas.DataFrame or None
        Of held-out patients: the summary, the differences of twins, and the summary after moving the probabilities to
        another prevalence.
    test_certified, test_operating, label_shift : pandas.DataFrame or None
        Of held-out patients: what certified thresholds and calls lead to, and how their share of positives differs.
    feature_selection, tuned_parameters, auroc, test_auroc : pandas.DataFrame or None
        Features and settings that the folds chose; three intervals of each AUROC side by side.
    ensembles, test_ensembles, probes, learning_curves : pandas.DataFrame or None
        Each ensemble minus its best member, out of fold and on held-out patients; one linear probe an embedder; how
        dense heads learnt.
    confusion, test_confusion : pandas.DataFrame or None
        Counts and classification report at 0.5, at the chosen and at the certified threshold.
    neighbours, out_of_range : pandas.DataFrame or None
        The training cases nearest to each case, and its values beyond those of the training cases.
    shap_features, shap_groups, shap_stability, shap_interactions, shap_clusters, shap_permutation : pandas.DataFrame
    or None
        What the contributions come to: by feature, by family and filter, over folds, in pairs, in groups of
        correlated features, and with labels shuffled.
    """

    pairs: pd.DataFrame | None = None
    reliability: pd.DataFrame | None = None
    decision_curve: pd.DataFrame | None = None
    operating: pd.DataFrame | None = None
    certified: pd.DataFrame | None = None
    subgroups: pd.DataFrame | None = None
    auroc_inflation: pd.DataFrame | None = None
    leakage_checks: pd.DataFrame | None = None
    selection_bias: pd.DataFrame | None = None
    uncalibrated: pd.DataFrame | None = None
    test_summary: pd.DataFrame | None = None
    test_differences: pd.DataFrame | None = None
    test_shifted: pd.DataFrame | None = None
    test_certified: pd.DataFrame | None = None
    test_operating: pd.DataFrame | None = None
    label_shift: pd.DataFrame | None = None
    feature_selection: pd.DataFrame | None = None
    tuned_parameters: pd.DataFrame | None = None
    test_auroc: pd.DataFrame | None = None
    auroc: pd.DataFrame | None = None
    ensembles: pd.DataFrame | None = None
    test_ensembles: pd.DataFrame | None = None
    probes: pd.DataFrame | None = None
    learning_curves: pd.DataFrame | None = None
    confusion: pd.DataFrame | None = None
    test_confusion: pd.DataFrame | None = None
    neighbours: pd.DataFrame | None = None
    out_of_range: pd.DataFrame | None = None
    shap_features: pd.DataFrame | None = None
    shap_groups: pd.DataFrame | None = None
    shap_stability: pd.DataFrame | None = None
    shap_interactions: pd.DataFrame | None = None
    shap_clusters: pd.DataFrame | None = None
    shap_permutation: pd.DataFrame | None = None


def results_of(tables: Mapping[str, pd.DataFrame]) -> Results:
    """Take from tables by name those that :class:`Results` has a field for."""
    return Results(**{one.name: tables.get(one.name) for one in fields(Results)})


def read_results(folder: Path) -> Results:
    """Read what a run folder has of ``RESULTS``.

    Raises
    ------
    InputError
        One of them is there and cannot be read.
    """
    return Results(**{one.name: _read(folder / RESULTS[one.name]) for one in fields(Results)})


def read_patients(folder: Path) -> frozenset[str] | None:
    """Give the ``patient_id`` of everybody in the run's folds: whom its models were trained on.

    Returns
    -------
    frozenset of str, or None
        None where the folder has no fold assignment (a model that was copied out of its run).

    Raises
    ------
    InputError
        The fold assignment cannot be read.
    """
    path = folder / FOLDS
    if not path.exists():
        return None
    try:
        return frozenset(pd.read_parquet(path, columns=["patient_id"])["patient_id"].astype(str))
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise _unreadable(path, error) from error


def _read(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' own parser errors are ValueErrors
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    said = " ".join(str(error).split())[:200]
    return InputError(f"cannot be read ({said})", path=path, remedy=_AGAIN)
