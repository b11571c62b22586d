"""Tables of what belongs together: images of a breast, breasts of a patient, machines of a site, sides of a split."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.cohort.column_roles import columns_with_role
from radiomics_mammo.evaluation.metrics.arrays import Codes
from radiomics_mammo.reports.dataset_summary.base import Dataset, plural
from radiomics_mammo.reports.dataset_summary.estimates import proportion_of

_PER_PATIENT = ("age", "site_id", "site", "machine_id", "machine", "implant", "breast_density", "density")
_PER_BREAST = ("implant", "breast_density", "density")
_PARTS = {"type": "abnormality_type", "split": "split", "pathology": "pathology"}
_SITES, _MACHINES = ("site_id", "site"), ("machine_id", "machine")


def units(dataset: Dataset) -> pd.DataFrame:
    """Count how many of one unit are in another, such as images per patient."""
    names = list(dataset.units)
    wanted = [(part, whole) for i, whole in enumerate(names) for part in names[:i]]
    tables = {f"{plural(part)} per {whole}": (dataset.units[part], dataset.units[whole]) for part, whole in wanted}
    if "view" in dataset.frame.columns and "breast" in dataset.units:
        views = np.asarray(pd.factorize(dataset.frame["view"])[0], dtype=np.int64)
        views_of = dataset.frame.groupby(["patient_id", "laterality", "view"], sort=False, dropna=False).ngroup()
        each = np.arange(len(views), dtype=np.int64)
        tables[f"{dataset.rows} per view of a breast"] = each, np.asarray(views_of.to_numpy(np.int64))
        tables["views per breast"] = views, dataset.units["breast"]
    if "abnormality_id" in dataset.frame.columns and "breast" in dataset.units:
        tables["views per lesion"] = _views_of_lesions(dataset)
    rows = [(what, number, n) for what, pair in tables.items() for number, n in _within(*pair)]
    return pd.DataFrame(rows, columns=["what", "number", "units"])


def _within(part: Codes, whole: Codes) -> list[tuple[int, int]]:
    """Count wholes by how many distinct parts they have; a part below 0 is none."""
    pairs = np.unique(np.stack([whole, part])[:, part >= 0], axis=1)
    number, n = np.unique(np.unique(pairs[0], return_counts=True)[1], return_counts=True)
    return list(zip(number.tolist(), n.tolist(), strict=True))


def _views_of_lesions(dataset: Dataset) -> tuple[Codes, Codes]:
    """Return the views and the lesions, by number in the breast and type."""
    names = [
        name for name in ("patient_id", "abnormality_type", "laterality", "abnormality_id") if name in dataset.frame
    ]
    lesion = dataset.frame.groupby(names, sort=False, dropna=False).ngroup().to_numpy(np.int64)
    return dataset.units[dataset.row], np.asarray(lesion)


def balance(dataset: Dataset) -> pd.DataFrame:
    """Compute the prevalence at each level, and the scores of constant predictions.

    A unit is positive when any of its rows is; a unit without any known label is left out. Intervals are Wilson's,
    clustered by patient; ``accuracy`` is that of always predicting the more frequent class, ``pf1_prevalence`` and
    ``pf1_one`` the probabilistic F1 of giving every case the proportion of positives, or 1.
    """
    rows = []
    for unit, codes in dataset.units.items():
        label = pd.Series(dataset.y).groupby(codes).max().to_numpy()
        patient = pd.Series(dataset.group).groupby(codes).first().to_numpy()
        known = label >= 0
        if not known.any():
            continue
        result = proportion_of(label[known] == 1, patient[known])
        p, positives = result.value, int((label == 1).sum())
        cells = (unit, int(known.sum()), int((~known).sum()), positives, p, result.low, result.high)
        rows.append((*cells, max(p, 1 - p), p, 2 * p / (1 + p), p * (1 - p)))
    names = ["unit", "units", "unlabelled", "positives", "proportion", "low", "high"]
    return pd.DataFrame(rows, columns=[*names, "accuracy", "pf1_prevalence", "pf1_one", "brier"])


def disagreements(dataset: Dataset) -> pd.DataFrame:
    """Count breasts and patients whose rows differ in what should be one value."""
    frame, rows = dataset.frame, []
    for unit, wanted in (("breast", _PER_BREAST), ("patient", _PER_PATIENT)):
        if unit not in dataset.units:
            continue
        label = [dataset.label] if dataset.label else []
        for name in [*label, *columns_with_role(frame.columns, wanted)]:
            if name in dataset.levels:
                each = frame[name].groupby(dataset.units[unit]).agg(["count", "nunique"])
                each = each[each["count"] > 1]
                rows.append((name, unit, len(each), int((each["nunique"] > 1).sum())))
    return pd.DataFrame(rows, columns=["column", "unit", "units", "differ"])


def scanners(dataset: Dataset) -> pd.DataFrame:
    """Count rows, patients and positives of every machine at every site."""
    site, machine = (next(iter(columns_with_role(dataset.levels, names)), None) for names in (_SITES, _MACHINES))
    names = ["site", "machine", "rows", "patients", "positives"]
    if site is None or machine is None:
        return pd.DataFrame(columns=names)
    keys = [dataset.levels[site].rename("site"), dataset.levels[machine].rename("machine")]
    values = pd.DataFrame({"patient": dataset.group, "positive": dataset.y == 1})
    result = values.groupby(keys, observed=True).agg(
        rows=("patient", "size"), patients=("patient", "nunique"), positives=("positive", "sum")
    )
    return result.reset_index().astype({"site": str, "machine": str})[names]


def parts(dataset: Dataset) -> pd.DataFrame:
    """Count rows and patients by type of abnormality, side of the split, pathology."""
    names = ["type", "split", "pathology", "rows", "patients"]
    result = {cells: next(iter(columns_with_role(dataset.levels, [column])), None) for cells, column in _PARTS.items()}
    keys = {cells: dataset.levels[name].astype(str) for cells, name in result.items() if name is not None}
    if not {"type", "split"} <= set(keys):
        return pd.DataFrame(columns=names)
    rows = pd.DataFrame(keys).assign(patient=dataset.group)
    counted = [rows.assign(pathology="all"), *([rows] if "pathology" in keys else [])]
    tables = [each.groupby(names[:3])["patient"].agg(rows="size", patients="nunique").reset_index() for each in counted]
    return pd.concat(tables, ignore_index=True)[names]


def splits(dataset: Dataset) -> pd.DataFrame:
    """Count levels on each side of the split, and patients on both."""
    names = ["column", "level", "split", "rows", "proportion"]
    split = next((each.name for each in dataset.of_role("split") if each.distinct > 1), None)
    if split is None:
        return pd.DataFrame(columns=names)
    parts_of_split = dataset.levels[split]
    counted = []
    for name, levels in dataset.levels.items():
        if name != split:
            result = pd.crosstab(levels, parts_of_split)
            for side in result.columns:
                rows = result[side].to_numpy(np.int64)
                cells = zip(result.index, rows.tolist(), (rows / max(rows.sum(), 1)).tolist(), strict=True)
                counted += [(name, str(level), str(side), n, proportion) for level, n, proportion in cells]
    subset = parts_of_split[parts_of_split.notna()].groupby(dataset.group).nunique()
    for side in parts_of_split.cat.categories:
        patients = np.unique(dataset.group[(parts_of_split == side).to_numpy()])
        several = int((subset.loc[patients] > 1).sum())
        for level, n in (("in one", patients.size - several), ("in several", several)):
            counted.append(("patient", level, str(side), n, n / max(patients.size, 1)))
    return pd.DataFrame(counted, columns=names)
