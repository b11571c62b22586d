"""Sections on ensembles, on embedders and on how dense heads learnt, each only where its table is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.reports.components import wording
from radiomics_mammo.reports.components.method_facts import learners
from radiomics_mammo.reports.components.page import Estimate, Figure, PagePart, ReportTable
from radiomics_mammo.reports.components.tables import p_value, records, spanned
from radiomics_mammo.reports.figures.learning_curve import FIGURES, KEYS, at_chosen, learning_figure
from radiomics_mammo.runs.run_info import RunInfo

_SHOWN = ("auroc", "average_precision", "brier")
Rows = list[Sequence[str | Estimate]]


_BEST = "The best member was chosen on these predictions, which favours it"
_TESTED = "On held-out patients; the member was chosen on the training patients"


def ensembles_section(
    table: pd.DataFrame | None, info: RunInfo, *, tested: pd.DataFrame | None = None
) -> PagePart | None:
    """Say of each ensemble what it adds to its best single member.

    Parameters
    ----------
    table, tested : pandas.DataFrame or None
        Columns ensemble, members, against, metric, value, low, high, p_holm, verdict; out of fold, and of held-out
        patients.
    info : RunInfo
    """
    if table is None or table.empty:
        return None
    text, page_table = _ensembles(table, info, _BEST)
    page_tables = [page_table] if tested is None else [page_table, _ensembles(tested, info, _TESTED)[1]]
    return PagePart("ensembles", "Does an ensemble help?", [" ".join(text)], tables=page_tables)


def _ensembles(table: pd.DataFrame, info: RunInfo, chosen: str) -> tuple[list[str], ReportTable]:
    text: list[str] = []
    rows: Rows = []
    there = [name for name in _SHOWN if name in set(table["metric"])]
    for (ensemble, against), own in table.groupby(["ensemble", "against"], sort=False):
        found = {str(row["metric"]): row for row in records(own)}
        cells = [spanned(found[name], "value", "low", "high", signed=True) for name in there]
        first = found["auroc"]
        title, best = info.candidates.get(str(ensemble), str(ensemble)), info.candidates.get(str(against), str(against))
        members = [info.candidates.get(name, name) for name in str(first["members"]).split("; ")]
        verdict = "" if pd.isna(first["verdict"]) else str(first["verdict"])
        rows.append([title, best, *cells, p_value(first["p_holm"]), verdict, "; ".join(members)])
        text.append(_ensemble_sentence(title, best, cells[there.index("auroc")], verdict))
    page_table = ReportTable(
        "Each ensemble minus its best single member, on the same patients, with 95% intervals; p is of the AUROC, "
        f"corrected by Holm's method. {chosen}",
        ["Ensemble", "Minus", *(METRICS[name].heading for name in there), "p, Holm", "Verdict", "Members"],
        rows,
        words=["Minus", "Verdict", "Members"],
        stacked=True,
    )
    return text, page_table


def _ensemble_sentence(title: str, best: str, cell: Estimate, verdict: str) -> str:
    spread = f" ({cell.interval})" if cell.interval else ""
    called = f": {verdict}" if verdict else ""
    return f"{title} minus its best single member, {best}: {cell.value}{spread} in AUROC{called}."


def forced(info: RunInfo) -> list[str]:
    """Warn of weights that may have seen the cases that they are judged on."""
    return [
        f"FORCED: the weights of {one['name']} are known to be trained on {_told(one, 'trained_on')}. They may have "
        "seen these very cases: what they score here says nothing about new patients."
        for one in info.embeddings
        if one.get("forced")
    ]


def embedders_section(table: pd.DataFrame | None, info: RunInfo) -> PagePart | None:
    """Show a linear probe for each embedder, and where its weights come from.

    Parameters
    ----------
    table : pandas.DataFrame or None
        Columns embedder, dims, auroc, low, high, test_auroc, test_low, test_high.
    info : RunInfo
    """
    page_tables = [] if table is None or table.empty else [_probes(table, info)]
    if info.embeddings:
        page_tables.append(_weights(info.embeddings))
    if not page_tables:
        return None
    text = ["A linear probe shows what the frozen features of a network hold: nothing of the network is trained here."]
    return PagePart("embedders", "What the embeddings hold", text, tables=page_tables, warnings=forced(info))


def _probes(table: pd.DataFrame, info: RunInfo) -> ReportTable:
    names = {one["prefix"]: embedder_title(one) for one in info.embeddings}
    tested = bool(table["test_auroc"].notna().any())
    rows: Rows = [
        [
            names.get(row["embedder"], row["embedder"]),
            f"{row['dims']:.0f}",
            spanned(row, "auroc", "low", "high"),
            *([spanned(row, "test_auroc", "test_low", "test_high")] if tested else []),
        ]
        for row in records(table)
    ]
    return ReportTable(
        "Linear probe of each embedder: L2 logistic regression on its features alone, with 95% intervals clustered by "
        "patient (Obuchowski); those of the models side by side are drawn by bootstrap",
        ["Embedder", "Features", "AUROC", *(["AUROC, held-out patients"] if tested else [])],
        rows,
        name="probes",
    )


def _weights(embeddings: Sequence[dict[str, Any]]) -> ReportTable:
    rows: Rows = [
        [
            embedder_title(one),
            f"{one['dims']}",
            _picture(one),
            *(_told(one, name) for name in ("source", "licence")),
            _collections(one) + (" (FORCED)" if one.get("forced") else ""),
            _told(one, "sha256"),
        ]
        for one in embeddings
    ]
    return ReportTable(
        "Where the weights come from",
        ["Embedder", "Features", "What it is shown", "Source", "Licence", "Known collections in training", "SHA-256"],
        rows,
        words=["What it is shown", "Source", "Licence", "Known collections in training", "SHA-256"],
        stacked=True,
        name="weights",
    )


def embedder_title(embedder: Mapping[str, Any]) -> str:
    """Name an embedder and what it saw, which a table of another tool does not tell."""
    return f"{embedder['name']} on {embedder['input']}" if "input" in embedder else str(embedder["name"])


def _picture(embedder: Mapping[str, Any]) -> str:
    """Say what picture the network was given; its size, the context around the lesion, its channels, and flips."""
    said = [f"{embedder['size']} px"] if "size" in embedder else []
    said += [f"{name} {embedder[name]}" for name in ("context", "channels") if embedder.get(name)]
    said += ["averaged over flips"] if embedder.get("flip") else []
    return ", ".join(said) or "not recorded"


def _collections(embedder: Mapping[str, Any]) -> str:
    return "none" if embedder.get("trained_on") == [] else _told(embedder, "trained_on")


def _told(embedder: Mapping[str, Any], name: str) -> str:
    value = embedder.get(name)
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value or "not recorded")


def learning_section(table: pd.DataFrame | None, info: RunInfo) -> PagePart | None:
    """Show how the dense heads learnt.

    Parameters
    ----------
    table : pandas.DataFrame or None
        Columns model, repeat, fold, inner, epoch, part, loss, auroc, accuracy, chosen.
    info : RunInfo
    """
    if table is None or table.empty:
        return None
    figures = []
    for i, (model, own) in enumerate(table.groupby("model", sort=False), start=1):
        title, name = info.candidates.get(str(model), str(model)), f"learning-{i}"
        svg = learning_figure(own, title=title, name=name, note="phantom" if info.phantom else "")
        caption = (
            f"{title}: each line is one training on the inner folds of an outer fold, seen on the patients that it "
            "learnt from and on its validation patients, who are none of those held out; the dot is the number of "
            "epochs "
            "that was chosen for the outer fold."
        )
        figures.append(Figure(svg, caption, name=name))
    text = [
        "A gap that grows between training and validation is overfitting: the number of epochs is chosen before it "
        "costs AUROC on the validation patients."
    ]
    return PagePart("learning", "How the dense heads learnt", text, figures=figures, tables=[_epochs(table, info)])


def _epochs(table: pd.DataFrame, info: RunInfo) -> ReportTable:
    best = at_chosen(table)
    rows: Rows = []
    for (model, *key), own in best.groupby(["model", *KEYS], sort=False):
        parts = {str(row["part"]): row for row in records(own)}
        cells = [
            wording.number(float(parts[part][column])) if part in parts else "–"
            for column in FIGURES
            for part in ("training", "validation")
        ]
        name = info.candidates.get(str(model), str(model))
        rows.append([name, *(f"{one:.0f}" for one in key), f"{own['chosen'].iloc[0]:.0f}", *cells])
    words = [f"{word}, {part}" for word in FIGURES.values() for part in ("training", "validation")]
    return ReportTable(
        "Each training on inner folds at the number of epochs that was chosen for the outer fold; a training that "
        f"stopped sooner has no line (fold −1: of the model that is trained on {learners(info)})",
        ["Model", "Repeat", "Fold", "Inner", "Epoch", *words],
        rows,
        folded=f"All {len(rows)} trainings",
        name="epochs",
    )
