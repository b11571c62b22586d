"""Sections on what the predictions are worth, each only where its table is there."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.training.registry import REFERENCE_MODEL
from radiomics_mammo.reports.components.model_names import READING, marked, shown
from radiomics_mammo.reports.components.page import Figure, PagePart
from radiomics_mammo.reports.components.tables import (
    certified_table,
    certified_test_table,
    inflation_table,
    label_shift_table,
    leakage_checks_table,
    metrics_table,
    operating_table,
    paired_table,
    records,
    resampling_table,
    share,
    subgroup_name,
    subgroup_table,
)
from radiomics_mammo.reports.components.wording import number
from radiomics_mammo.reports.figures.decision_curve import decision_figure
from radiomics_mammo.reports.figures.forest import ForestRow, forest_figure
from radiomics_mammo.reports.figures.reliability import Calibration, reliability_figure
from radiomics_mammo.reports.sections.best_model import best_sentence
from radiomics_mammo.reports.sections.confusion import confusion_figures, confusion_tables
from radiomics_mammo.reports.sections.embeddings import embedders_section, ensembles_section, learning_section
from radiomics_mammo.reports.sections.supplementary import more_tables
from radiomics_mammo.runs.results import DEFAULT_SENSITIVITY, Results
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

_CURVES = 4
_AT_TRAINING = "At the operating threshold, chosen in each fold on its training patients; counts are means over repeats"
_TEST_TWINS = "On held-out patients: each resampled model minus the same model without resampling, on the same draws"
_SHIFTED = "On held-out patients, with probabilities moved to another prevalence (see the notes on method)"
_AT_TEST = "On held-out patients at the operating threshold, chosen on predictions of the training patients"


def result_sections(run: Run, results: Results) -> list[PagePart]:
    """Put together what the run has tables for, in the order in which it is read."""
    found = (
        _pairs(run, results),
        ensembles_section(results.ensembles, run.info, tested=results.test_ensembles),
        embedders_section(results.probes, run.info),
        learning_section(results.learning_curves, run.info),
        _held_out(run.info, results),
        _trust(run, results),
        _at_work(run.info, results),
        _subgroups(run.info, results),
        _leakage(results),
        _canaries(results),
        more_tables(run.info, results),
    )
    return [section for section in found if section is not None]


def _pairs(run: Run, results: Results) -> PagePart | None:
    if results.pairs is None or results.pairs.empty:
        return None
    info = run.info
    said = ["Differences on the same patients, corrected for the number of comparisons."]
    against = [str(name) for name in results.pairs["against"].unique()]
    if len(against) == 1:
        said.append(f"Each line is a model's AUROC minus that of {info.candidates.get(against[0], against[0])}.")
    if results.selection_bias is not None and len(results.selection_bias):
        said.append(selection_bias_sentence(results.selection_bias, info.candidates))
    text = [" ".join(said), best_sentence(run)]
    page_table = paired_table(results.pairs, marked(info.candidates))
    return PagePart("pairs", "Is one better than another?", [one for one in text if one], tables=[page_table])


def selection_bias_sentence(table: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Say what choosing the best of several models owes to chance (BBC-CV)."""
    row = table.iloc[0]
    apparent, corrected, low, high = (number(row[name]) for name in ("apparent", "corrected", "low", "high"))
    optimism = "" if row["corrected"] < row["apparent"] else ": no optimism found"
    return (
        f"The best, {titles.get(row['name'], row['name'])}, scores {apparent}; corrected for having been chosen on the "
        f"same patients it is {corrected} ({low} to {high}){optimism}."
    )


def _held_out(info: RunInfo, results: Results) -> PagePart | None:
    text, page_tables, figures = [], [], []
    if results.test_summary is not None:
        text.append(
            "These patients had no part in training, tuning, calibration or the choice of a threshold or a model; each "
            "model was trained once on all training patients."
        )
        caption = "On held-out patients, with 95% intervals"
        page_tables.append(metrics_table(results.test_summary, marked(info.candidates), caption=caption))
    if results.test_differences is not None and len(results.test_differences):
        page_tables.append(resampling_table(results.test_differences, info.candidates, caption=_TEST_TWINS))
    if results.test_operating is not None:
        page_tables.append(operating_table(results.test_operating, marked(info.candidates), caption=_AT_TEST))
    if results.test_confusion is not None and len(results.test_confusion):
        heads = results.learning_curves
        figures = confusion_figures(results.test_confusion, info, name="test-confusion", heads=heads)
        page_tables += confusion_tables(
            results.test_confusion, marked(info.candidates), info.classes, who="of held-out patients"
        )
    if results.test_certified is not None and len(results.test_certified):
        text += _telling(results.test_certified, info)
        page_tables.append(certified_test_table(results.test_certified))
    if results.label_shift is not None and len(results.label_shift):
        text.append(shift_sentence(results.label_shift, positive=info.classes[1]))
        page_tables.append(label_shift_table(results.label_shift))
    if results.test_shifted is not None:
        page_tables.append(metrics_table(results.test_shifted, marked(info.candidates), caption=_SHIFTED))
    return PagePart("held-out", "On patients held out", text, figures, page_tables) if page_tables else None


def shift_sentence(table: pd.DataFrame, *, positive: str) -> str:
    """Say in words how the shares of positives differ between training and test."""
    row = table.iloc[0]
    head = f"{share(row['train'])} of the training units and {share(row['test'])} of the test units are {positive}"
    if pd.isna(row["low"]) or row["low"] <= 0 <= row["high"]:
        return f"{head}: no shift that can be told from chance."
    return (
        f"{head}: the labels shift. AUROC and sensitivities do not depend on it; predictive values, Brier score and "
        "calibration do."
    )


def _trust(run: Run, results: Results) -> PagePart | None:
    note = "phantom" if run.info.phantom else ""
    figures = []
    if results.reliability is not None and len(results.reliability):
        drawn = _calibrations(results.reliability, run.info)
        caption = (
            f"Reliability of out-of-fold probabilities, in bins of equal size; bars are 95% intervals of "
            f"{drawn[0].title}, clustered by patient. On the diagonal the probabilities are right."
        )
        figures.append(Figure(reliability_figure(drawn, note=note), caption))
    if results.decision_curve is not None and len(results.decision_curve):
        titles = _curves(results.decision_curve, run)
        caption = (
            f"Decision curves: net benefit (Vickers and Elkin 2006) over the probability at which one would act; the "
            f"band is the pointwise 95% interval of {next(iter(titles.values()))}. A model is of use where it lies "
            "above calling everybody and calling nobody."
        )
        figures.append(
            Figure(decision_figure(results.decision_curve, titles=titles, reading=READING, note=note), caption)
        )
    if not figures:
        return None
    return PagePart("trust", "Can the probabilities be trusted, and are they of use?", figures=figures)


def _calibrations(table: pd.DataFrame, info: RunInfo) -> list[Calibration]:
    if "model" not in table:
        return [Calibration(info.candidates.get(info.best, "The model"), table)]
    own = {str(name): part for name, part in table.groupby("model", sort=False)}
    order = list(
        dict.fromkeys(name for name in (info.best, REFERENCE_MODEL, REFERENCE_MODEL.partition("+")[0]) if name in own)
    )
    return [Calibration(info.candidates.get(name, name), own[name]) for name in (order or list(own)[:1])]


def _curves(table: pd.DataFrame, run: Run) -> Mapping[str, str]:
    there = set(table["model"])
    candidates = {name: title for name, title in run.info.candidates.items() if name in there}
    rows = run.summary[run.summary["metric"] == "auroc"]
    auroc = {str(name): float(value) for name, value in zip(rows["model"], rows["value"], strict=True)}
    ranked = shown(candidates, auroc=auroc, best=run.info.best, always=(REFERENCE_MODEL,))
    kept = [name for name in ranked if name in {run.info.best, REFERENCE_MODEL, *ranked[:_CURVES]}]
    return {name: candidates[name] for name in kept}


def _at_work(info: RunInfo, results: Results) -> PagePart | None:
    text, page_tables, figures = [], [], []
    if results.confusion is not None and len(results.confusion):
        figures = confusion_figures(results.confusion, info, name="confusion", heads=results.learning_curves)
        page_tables += confusion_tables(
            results.confusion, marked(info.candidates), info.classes, who="of out-of-fold predictions"
        )
    if results.operating is not None and len(results.operating):
        page_tables.append(operating_table(results.operating, marked(info.candidates), caption=_AT_TRAINING))
    if results.certified is not None and len(results.certified):
        text += [
            f"How few {info.classes[1]} patients are missed: the certificates are of out-of-fold predictions of "
            f"{info.candidates.get(info.best, 'the best model')}. Each row holds for itself, not all of them together.",
            *_telling(results.certified, info),
        ]
        page_tables.append(certified_table(results.certified))
    return (
        PagePart("at-work", "At work: thresholds and what they cost", text, figures, page_tables)
        if page_tables
        else None
    )


def _telling(table: pd.DataFrame, info: RunInfo) -> list[str]:
    """Give the sentence of the sensitivity that the run was asked for; none where it has no line."""
    wanted = table[(table["target"] - info.command.get("sensitivity", DEFAULT_SENSITIVITY)).abs() < 1e-9]
    return [str(sentence) for sentence in wanted["sentence"]]


def _subgroups(info: RunInfo, results: Results) -> PagePart | None:
    table = results.subgroups
    if table is None or table.empty:
        return None
    if "model" in table and (table["model"] == info.best).any():
        table = table[table["model"] == info.best]
    text = (
        "Intervals of small groups are wide, and looking at many groups finds a striking one by chance: read them as "
        "questions, not as findings."
    )
    title = info.candidates.get(info.best, "The best model")
    caption = f"AUROC of {title} by subgroup, with clustered 95% intervals; the line is everybody together."
    return PagePart(
        "subgroups",
        "For whom it works",
        [text],
        [Figure(_subgroup_forest(table, info), caption, name="subgroup-forest")],
        [subgroup_table(table, title=title)],
    )


def _subgroup_forest(table: pd.DataFrame, info: RunInfo) -> Markup:
    rows = [
        ForestRow(subgroup_name(row), float(row["auroc"]), float(row["low"]), float(row["high"]))
        for row in records(table)
    ]
    everyone = {"All": rows[0].value} if rows[0].value == rows[0].value else {}
    note = "phantom" if info.phantom else ""
    return forest_figure(rows, name="subgroup-forest", what="AUROC by subgroup", lines=everyone, note=note)


def _leakage(results: Results) -> PagePart | None:
    if results.auroc_inflation is None or results.auroc_inflation.empty:
        return None
    text = (
        "None of the figures above were made this way. The prices show what published figures may owe to such mistakes."
    )
    return PagePart(
        "leakage", "What mistakes would have bought", [text], tables=[inflation_table(results.auroc_inflation)]
    )


def _canaries(results: Results) -> PagePart | None:
    if results.leakage_checks is None or results.leakage_checks.empty:
        return None
    page_table = leakage_checks_table(results.leakage_checks)
    failed = sum(row[1] == "FAILED" for row in page_table.rows)
    text = "All checks passed." if not failed else f"{failed} of {len(page_table.rows)} checks failed: read them first."
    return PagePart("leakage_checks", "Does anything leak?", [text], tables=[page_table])
