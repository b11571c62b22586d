"""The model card as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.reports.components.columns import Column, Row, report_table
from radiomics_mammo.reports.components.numbers import estimate
from radiomics_mammo.reports.components.page import Estimate, PagePart, ReportTable, fill
from radiomics_mammo.reports.components.run_facts import table_names
from radiomics_mammo.reports.components.sentences import paragraphs, sentence
from radiomics_mammo.reports.components.tables import (
    CERTIFIED,
    INFLATION,
    LABEL_SHIFT,
    LEAKAGE_CHECKS,
    OPERATING,
    SUBGROUPS,
)

_FACTS = {
    "Model": {
        "Estimator": "estimator",
        "Settings": "settings",
        "Preprocessing": "preprocessing",
        "Calibration": "calibration",
        "Operating point": "operating_point",
        "Prediction unit": "unit",
        "Tuning": "tuning",
    },
    "Data": {
        "Training set": "training_set",
        "Positives": "positives",
        "Patient identifier": "patient_identifier",
        "Held-out test set": "test_set",
        "Images": "images",
        "Table": "table",
        "Licence of the images": "licence",
    },
    "Features": {"Number": "number", "Recipe": "recipe", "Engine": "engine"},
}


def card_page(card: Mapping[str, Any]) -> str:
    """Return the page of a card of :func:`radiomics_mammo.runs.model_card.model_card`."""
    performance = card["performance"]["cross_validation"]
    shown = [row for row in performance if row["metric"] in METRICS and METRICS[row["metric"]].shown]
    return fill(
        "model_card.html.j2",
        card=card,
        key_figures=[replace(_estimate(row), title=METRICS[row["metric"]].title) for row in shown],
        facts=[*_facts(card), PagePart("use", "How to load it", facts=_versions(card))],
        sections=_sections(card),
    )


def _facts(card: Mapping[str, Any]) -> list[PagePart]:
    tables = table_names(card["data"]["table"])
    parts = []
    for title, macros in _FACTS.items():
        texts = {name: sentence(f"model_card.{macro}", card=card, tables=tables) for name, macro in macros.items()}
        facts = [(name, text) for name, text in texts.items() if text]
        if title == "Features":
            facts += [
                (f"Network {network['name']}", sentence("model_card.network", network=network))
                for network in card["features"]["networks"]
            ]
        parts.append(PagePart(title.lower(), title, facts=facts))
    return parts


def _versions(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (title, ", ".join(f"{name} {number}" for name, number in card[key].items()))
        for key, title in (("versions", "Versions"), ("seeds", "Seeds"))
    ]


def _estimate(row: Mapping[str, Any]) -> Estimate:
    return estimate({name: _number(row[name]) for name in ("value", "low", "high")})


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _sections(card: Mapping[str, Any]) -> list[PagePart]:
    title = card["model"]["title"]
    operating = [{"model": title, **row} for row in card["operating"]]
    subgroups = sentence("performance.subgroup_table", title=title)
    requested = [
        row["sentence"]
        for row in card["certified"]
        if "sentence" in row and abs(row["target"] - card["sensitivity"]) < 1e-9
    ]
    parts = (
        _performance(card),
        _part("operating", "Operating point", operating, OPERATING, sentence("model_card.operating_caption")),
        _part(
            "certified",
            "Certified sensitivity",
            card["certified"],
            CERTIFIED,
            sentence("performance.certified_caption"),
            requested[:1],
        ),
        _part("subgroups", "Subgroup performance", card["subgroups"], SUBGROUPS, subgroups),
        _part(
            "inflation",
            "AUROC inflation by common leakage errors",
            card["auroc_inflation"],
            INFLATION,
            sentence("leakage.inflation_caption"),
        ),
        _part(
            "leakage-checks",
            "Leakage checks",
            card["leakage_checks"],
            LEAKAGE_CHECKS,
            sentence("leakage.checks_caption"),
        ),
    )
    return [part for part in parts if part is not None]


def _part(
    slug: str,
    title: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    caption: str,
    text: Sequence[str] = (),
) -> PagePart | None:
    table = _table(rows, columns, caption)
    return None if table is None else PagePart(slug, title, text, tables=[table])


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], caption: str) -> ReportTable | None:
    """Build a table of rows from JSON, where null stands for NaN."""
    if not rows:
        return None
    table = pd.DataFrame(rows)
    return report_table(table.where(table.notna(), float("nan")), columns, caption, stacked=True)


def _as_it_is(row: Row, key: str) -> Estimate:
    value: Estimate = row[key]
    return value


def _performance(card: Mapping[str, Any]) -> PagePart:
    performance = card["performance"]
    tested = {row["metric"]: _estimate(row) for row in performance["held_out"]}
    rows = [
        {"metric": METRICS[row["metric"]].title, "cv": _estimate(row), "test": tested.get(row["metric"])}
        for row in performance["cross_validation"]
        if row["metric"] in METRICS and (not tested or row["metric"] in tested)
    ]
    columns = [Column("Metric", "metric"), Column("Cross-validation", "cv", _as_it_is)]
    columns += [Column("Held-out test set", "test", _as_it_is)] if tested else []
    caption = sentence("model_card.performance_caption", intervals=performance["intervals"])
    tables = [report_table(pd.DataFrame(rows), columns, caption)]
    shift = _table(card["label_shift"], LABEL_SHIFT, sentence("performance.label_shift_caption"))
    tables += [shift] if shift else []
    corrected = performance["auroc_corrected_for_choice"]
    row = corrected and {name: _number(value) for name, value in corrected.items()}
    return PagePart("performance", "Performance", paragraphs("model_card.corrected", row=row), tables=tables)
