"""Rules on who is who: patients with several rows, on both sides of a split, doubled, seen from one side."""

from __future__ import annotations

import numpy as np

from radiomics_mammo.evaluation.metrics.subgroups import NOT_GIVEN
from radiomics_mammo.reports.components.numbers import percent, records
from radiomics_mammo.reports.dataset_summary.base import Facts, Finding, some

_RARE_VIEW = 0.02
_UNEVEN = 0.55


def several_rows(facts: Facts) -> list[Finding]:
    """Rows of one patient are no independent cases."""
    each = np.bincount(facts.dataset.group)
    if each.max() < 2:
        return []
    alone = float(each[each > 1].sum() / each.sum())
    return [
        Finding(
            "danger",
            "several-rows",
            f"{some(each.sum(), facts.dataset.row)} are of {some(each.size, 'patient')}: {each.mean():.1f} each, at "
            f"most {each.max()}; {percent(alone)} are of a patient with several. A random split of rows puts the same "
            "patients on both sides.",
            "Split by patient_id, and cluster intervals by it (compare does both).",
        )
    ]


def nobody_named(facts: Facts) -> list[Finding]:
    """Without patients every row is taken for a patient of its own."""
    frame = facts.dataset.frame
    if len(frame) < 2 or not (frame["patient_id"] == frame["case_id"]).fillna(False).all():
        return []
    return [
        Finding(
            "danger",
            "nobody-named",
            f"patient_id repeats case_id in all {len(frame):,} rows: nobody is named, so rows of one patient "
            "cannot be kept on one side of a split.",
            "Add a patient_id to the list, unless every row truly is another patient's.",
        )
    ]


def both_sides(facts: Facts) -> list[Finding]:
    """Patients on both sides of an official split."""
    own = facts.tables["splits"]
    shared = own[(own["column"] == "patient") & (own["level"] == "in several") & (own["rows"] > 0)]
    if shared.empty:
        return []
    n = int(shared["rows"].max())
    parts = [f"{percent(row['share'])} of the patients in {row['split']}" for row in records(shared)]
    return [
        Finding(
            "danger",
            "both-sides",
            f"{some(n, 'patient')} {'stands' if n == 1 else 'stand'} on several sides of the split: "
            f"{', '.join(parts)}.",
            "Leave them out of the training side (compare --split official does), or split by patient_id anew.",
        )
    ]


def doubled(facts: Facts) -> list[Finding]:
    """One name for two rows, one image of two patients, one row written twice."""
    frame, found = facts.dataset.frame, []
    twice = int(frame["case_id"].duplicated().sum())
    if twice:
        found.append(f"{twice:,} case_id stand on an earlier row too")
    if "image_id" in frame.columns:
        owners = frame.dropna(subset=["image_id"]).groupby("image_id")["patient_id"].nunique()
        shared = int((owners > 1).sum())
        if shared:
            found.append(f"{shared:,} image_id belong to several patients")
    rest = [name for name in frame.columns if name != "case_id"]
    telling = {"image_id", "abnormality_id"} & set(rest)
    again = int(frame[rest].duplicated().sum()) if telling else 0
    if again:
        found.append(f"{again:,} rows repeat another in everything but case_id")
    if not found:
        return []
    return [
        Finding(
            "danger",
            "doubled",
            f"Doubled rows: {'; '.join(found)}.",
            "Keep one of each; a copy in the test set is a case that was trained on.",
        )
    ]


def one_side(facts: Facts) -> list[Finding]:
    """Who has one breast only cannot be compared with the other side."""
    units = facts.tables["units"]
    own = units[units["what"] == "breasts per patient"].set_index("number")["units"]
    single = int(own.get(1, 0))
    if not single:
        return []
    return [
        Finding(
            "caution" if single > 0.05 * own.sum() else "note",
            "one-side",
            f"{some(single, 'patient')} of {own.sum():,} ({percent(single / own.sum())}) have pictures of one side "
            f"only.",
            "Left-right asymmetry is undefined for them; that a side is missing may itself go with the disease.",
        )
    ]


def one_view(facts: Facts) -> list[Finding]:
    """Breasts that were not seen in two views."""
    units = facts.tables["units"]
    own = units[units["what"] == "views per breast"].set_index("number")["units"]
    single = int(own.get(1, 0))
    if not single:
        return []
    return [
        Finding(
            "note",
            "one-view",
            f"{some(single, 'breast')} of {own.sum():,} ({percent(single / own.sum())}) "
            f"{'has' if single == 1 else 'have'} one view only.",
            "Features that need both views are undefined there; a mean or maximum over views is of one view.",
        )
    ]


def rare_views(facts: Facts) -> list[Finding]:
    """Views that hardly occur cannot be judged apart."""
    own = facts.tables["counts"]
    own = own[(own["column"] == "view") & (own["share"] < _RARE_VIEW) & (own["level"] != NOT_GIVEN)]
    if own.empty:
        return []
    said = ", ".join(f"{row['level']} {row['rows']:,}" for row in records(own))
    return [
        Finding(
            "note",
            "rare-views",
            f"Rare views: {said} of {some(len(facts.dataset.frame), facts.dataset.row)}.",
            "Judge CC and MLO; keep the others in a breast's sum or leave them out, and say which.",
        )
    ]


def uneven_sides(facts: Facts) -> list[Finding]:
    """More pictures of one side or in one view than of the other."""
    counts, said = facts.tables["counts"], []
    for column, wanted in (("laterality", {"LEFT", "RIGHT", "L", "R"}), ("view", {"CC", "MLO"})):
        own = counts[(counts["column"] == column) & counts["level"].isin(wanted)]
        if len(own) > 1:
            most, total = max(records(own), key=lambda row: int(row["rows"])), int(own["rows"].sum())
            if most["rows"] >= _UNEVEN * total:
                said.append(f"{percent(most['rows'] / total)} {most['level']} ({most['rows']:,} of {total:,})")
    if not said:
        return []
    return [
        Finding(
            "note",
            "uneven-sides",
            f"Not evenly of both sides and views: {', '.join(said)}.",
            "See in the rates whether the label is commoner there; keep the mixture alike in all folds.",
        )
    ]


def changes_within(facts: Facts) -> list[Finding]:
    """What should be one value for a patient, or a breast, and is not."""
    own = facts.tables["disagreements"]
    own = own[(own["column"] != facts.dataset.label) & (own["differ"] > 0)]
    if own.empty:
        return []
    said = ", ".join(f"{row['column']} in {some(row['differ'], row['unit'])}" for row in records(own))
    return [
        Finding(
            "caution",
            "changes-within",
            f"Not one value within a unit: {said}.",
            "Several examinations, several machines or an error: find out before rows are summed up.",
        )
    ]
