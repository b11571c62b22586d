"""The model card as a page: one file, no network, fit to be printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.reports.components.method_facts import table_names
from radiomics_mammo.reports.components.page import Estimate, PagePart, ReportTable, fill
from radiomics_mammo.reports.components.tables import (
    certified_table,
    inflation_table,
    label_shift_table,
    leakage_checks_table,
    operating_table,
    share,
    subgroup_table,
)
from radiomics_mammo.reports.components.wording import estimate, number

Facts = list[tuple[str, str]]


def card_page(card: Mapping[str, Any]) -> str:
    """Show a card of :func:`radiomics_mammo.runs.model_card.model_card`.

    Parameters
    ----------
    card : mapping
        As it was made, or read back from JSON.
    """
    return fill(
        "model_card.html.j2",
        card=card,
        headline=_headline(card["performance"]),
        facts={"The model": _model(card), "The data": _data(card), "Features": _features(card["features"])},
        sections=_sections(card),
        versions=", ".join(f"{name} {number}" for name, number in card["versions"].items()),
        seeds=", ".join(f"{name} {number}" for name, number in card["seeds"].items()),
    )


def _headline(performance: Mapping[str, Any]) -> list[Estimate]:
    return [_figure(row) for row in performance["cross_validation"] if _shown(row["metric"])]


def _shown(metric: str) -> bool:
    return metric in METRICS and METRICS[metric].shown


def _figure(row: Mapping[str, Any]) -> Estimate:
    return estimate(METRICS[row["metric"]].title, {name: _float(row[name]) for name in ("value", "low", "high")})


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _model(card: Mapping[str, Any]) -> Facts:
    model, classes = card["model"], card["data"]["classes"]
    settings = ", ".join(f"{name} {value}" for name, value in model["settings"].items())
    by = model["unit"] if model["unit"] == "lesion" else f"{model['unit']}, {model['rule']} of its cases"
    return [
        ("Kind", f"{model['title']} ({model['candidate']})"),
        ("Settings", settings or "none to choose"),
        ("Before it", "; ".join(card["preparation"])),
        ("Calibration", f"{model['calibration']}, fitted on predictions for patients that were held out"),
        ("Called", f"{classes[1]} from {number(model['threshold'])} on ({model['operating_rule']})"),
        ("Predicts", f"by {by}"),
        ("Chosen by", ", ".join(f"{name} {value}" for name, value in card["tuning"].items()) or "not recorded"),
    ]


def _data(card: Mapping[str, Any]) -> Facts:
    data = card["data"]
    held = data["held_out"]
    return [
        ("Trained on", f"{data['units']} units ({card['model']['unit']}) of {data['patients']} patients"),
        (
            "Positive",
            f"{data['positives']} ({share(data['prevalence'])}): {data['classes'][1]}, by the column {data['label']}",
        ),
        ("Patients told apart by", data["group"]),
        ("Held out", f"{held['units']} units of {held['patients']} patients" if held else "nobody"),
        ("Images", "simulated (phantom)" if card["phantom"] else "real"),
        ("Table", f"{table_names(data['table'])}, SHA-256 {data['table_sha256']}"),
        *([("Licence of the images", card["licence_of_data"])] if card["licence_of_data"] else []),
    ]


def _features(features: Mapping[str, Any]) -> Facts:
    return [
        ("Number", f"{features['count']}"),
        ("Recipe", f"{features['recipe_name'] or 'not recorded'} {features['recipe_hash']}".strip()),
        ("Engine", features["engine"] or "not recorded"),
        *(
            (f"Network {one['name']}", f"{one['dims']} outputs, {one['prefix']}; {one.get('source', 'not recorded')}")
            for one in features["networks"]
        ),
    ]


def _sections(card: Mapping[str, Any]) -> list[PagePart]:
    title = card["model"]["title"]
    made = (
        _worth(card),
        _section("operating", "At its threshold", _operating(card), text=""),
        _section("certified", "Certified sensitivity", _certified(card["certified"]), text=_asked(card)),
        _section("subgroups", "For whom it works", _sheet(card["subgroups"], subgroup_table, title=title), text=""),
        _section(
            "leakage", "What mistakes would have bought", _sheet(card["auroc_inflation"], inflation_table), text=""
        ),
        _section(
            "leakage_checks", "Does anything leak?", _sheet(card["leakage_checks"], leakage_checks_table), text=""
        ),
    )
    return [one for one in made if one is not None]


def _section(slug: str, title: str, page_table: ReportTable | None, *, text: str) -> PagePart | None:
    return None if page_table is None else PagePart(slug, title, [text] if text else [], tables=[page_table])


def _sheet(rows: Sequence[Mapping[str, Any]], make: Any, **more: Any) -> ReportTable | None:
    """Make a table of rows that went through JSON; null is NaN again."""
    if not rows:
        return None
    table = pd.DataFrame(rows)
    empty = [name for name in table.columns if table[name].isna().all()]  # a column of objects, until it is told
    page_table: ReportTable = make(table.astype(dict.fromkeys(empty, "float64")), **more)
    return page_table


def _worth(card: Mapping[str, Any]) -> PagePart:
    found = card["performance"]
    tested = {row["metric"]: row for row in found["held_out"]}
    rows: list[list[str | Estimate]] = [
        [METRICS[row["metric"]].title, _figure(row), *([_figure(tested[row["metric"]])] if tested else [])]
        for row in found["cross_validation"]
        if row["metric"] in METRICS and (not tested or row["metric"] in tested)
    ]
    headings = ["Figure", "Cross-validation", *(["Held-out patients"] if tested else [])]
    text = []
    if found["auroc_corrected_for_choice"]:
        value, low, high = (
            number(_float(found["auroc_corrected_for_choice"][k])) for k in ("corrected", "low", "high")
        )
        text.append(f"Corrected for having been chosen on the same patients, its AUROC is {value} ({low} to {high}).")
    page_tables = [ReportTable(f"With intervals ({found['intervals']})", headings, rows)]
    shift = _sheet(card["label_shift"], _shift)
    return PagePart("worth", "What it is worth", text, tables=[*page_tables, *([shift] if shift else [])])


def _shift(table: pd.DataFrame) -> ReportTable:
    return label_shift_table(table.astype(dict.fromkeys(("low", "high", "p"), "float64")))


def _operating(card: Mapping[str, Any]) -> ReportTable | None:
    named = [{"model": card["model"]["title"], **row} for row in card["operating"]]
    return _sheet(named, operating_table, titles={}, caption="Calls in cross-validation, means over repeats")


def _asked(card: Mapping[str, Any]) -> str:
    """Give the sentence of the sensitivity that the run was asked for; empty where there is none."""
    said = [
        row["sentence"]
        for row in card["certified"]
        if "sentence" in row and abs(row["target"] - card["sensitivity"]) < 1e-9
    ]
    return said[0] if said else ""


def _certified(rows: Sequence[Mapping[str, Any]]) -> ReportTable | None:
    if not rows:
        return None
    floats = [name for name, value in rows[0].items() if name != "sentence" and not isinstance(value, str)]
    table = pd.DataFrame(rows).astype(dict.fromkeys(floats, "float64"))
    if "specificity" in table:
        return certified_table(table)
    cells = [
        [share(row["target"]), share(row["confidence"]), number(row["threshold"]), number(row["upper"])]
        for row in table.to_dict("records")
    ]
    return ReportTable("Certified by patient", ["Sensitivity", "Confidence", "Threshold", "Upper"], cells)
