"""Rules on patients, breasts and views: dependence of rows, splits, duplicates, completeness."""

from __future__ import annotations

import numpy as np

from radiomics_mammo.evaluation.metrics.subgroups import NOT_GIVEN
from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.components.sentences import plural
from radiomics_mammo.reports.dataset_summary.base import Facts, Finding, finding

_RARE_VIEW = 0.02
_UNEVEN = 0.55


def several_rows(facts: Facts) -> list[Finding]:
    """Find patients with several rows, which are not independent."""
    each = np.bincount(facts.dataset.group)
    if each.max() < 2:
        return []
    return [
        finding(
            "several-rows",
            "danger",
            rows=plural(int(each.sum()), facts.dataset.row),
            patients=plural(each.size, "patient"),
            mean=each.mean(),
            most=each.max(),
            several=float(each[each > 1].sum() / each.sum()),
        )
    ]


def no_patient_id(facts: Facts) -> list[Finding]:
    """Find lists without patient ids."""
    frame = facts.dataset.frame
    if len(frame) < 2 or not (frame["patient_id"] == frame["case_id"]).fillna(False).all():
        return []
    return [finding("no-patient-id", "danger", rows=len(frame))]


def patients_in_several_splits(facts: Facts) -> list[Finding]:
    """Find patients in several parts of an official split."""
    table = facts.tables["splits"]
    parts = table[(table["column"] == "patient") & (table["level"] == "in several") & (table["rows"] > 0)]
    if parts.empty:
        return []
    n = int(parts["rows"].max())
    return [finding("patients-in-several-splits", "danger", n=n, parts=records(parts))]


def duplicates(facts: Facts) -> list[Finding]:
    """Find duplicate ids, images of two patients, duplicate rows."""
    frame = facts.dataset.frame
    ids, images, rows = int(frame["case_id"].duplicated().sum()), 0, 0
    if "image_id" in frame.columns:
        patients = frame.dropna(subset=["image_id"]).groupby("image_id")["patient_id"].nunique()
        images = int((patients > 1).sum())
    rest = [name for name in frame.columns if name != "case_id"]
    if {"image_id", "abnormality_id"} & set(rest):
        rows = int(frame[rest].duplicated().sum())
    return [finding("duplicates", "danger", ids=ids, images=images, rows=rows)] if ids or images or rows else []


def single_breast(facts: Facts) -> list[Finding]:
    """Find patients with images of one breast only."""
    single, total = _single(facts, "breasts per patient")
    severity = "caution" if single > 0.05 * total else "note"
    return [finding("one-breast", severity, n=single, total=total)] if single else []


def single_view(facts: Facts) -> list[Finding]:
    """Find breasts with one view only."""
    single, total = _single(facts, "views per breast")
    return [finding("one-view", "note", n=single, total=total)] if single else []


def _single(facts: Facts, what: str) -> tuple[int, int]:
    """Count the units with one part, and all."""
    table = facts.tables["units"]
    counts = table[table["what"] == what].set_index("number")["units"]
    return int(counts.get(1, 0)), int(counts.sum())


def rare_views(facts: Facts) -> list[Finding]:
    """Find views with too few images to be evaluated."""
    table = facts.tables["counts"]
    rare = (table["column"] == "view") & (table["proportion"] < _RARE_VIEW) & (table["level"] != NOT_GIVEN)
    rows = plural(len(facts.dataset.frame), facts.dataset.row)
    return [finding("rare-views", "note", views=records(table[rare]), rows=rows)] if rare.any() else []


def uneven_views(facts: Facts) -> list[Finding]:
    """Find sides and views with more images than the other."""
    table, parts = facts.tables["counts"], []
    for column, wanted in (("laterality", {"LEFT", "RIGHT", "L", "R"}), ("view", {"CC", "MLO"})):
        levels = table[(table["column"] == column) & table["level"].isin(wanted)]
        if len(levels) > 1:
            most, total = max(records(levels), key=lambda row: int(row["rows"])), int(levels["rows"].sum())
            if most["rows"] >= _UNEVEN * total:
                parts.append({**most, "total": total})
    return [finding("uneven-views", "note", parts=parts)] if parts else []


def inconsistent_values(facts: Facts) -> list[Finding]:
    """Find columns with several values for a patient, or a breast, that should have one."""
    table = facts.tables["disagreements"]
    differ = (table["column"] != facts.dataset.label) & (table["differ"] > 0)
    return [finding("inconsistent-values", "caution", columns=records(table[differ]))] if differ.any() else []
