"""Lists of cases for tests of the summary: RSNA 2022 with its published marginals, CBIS-DDSM's own CSVs, small ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.readers.cbis_ddsm.reader import CbisDdsmReader
from radiomics_mammo.reports.dataset_summary.base import Dataset, Facts, Finding, Tables
from radiomics_mammo.reports.dataset_summary.read import read_dataset
from radiomics_mammo.reports.dataset_summary.rules import RULES, find
from radiomics_mammo.reports.dataset_summary.tables import TABLES, make_tables

CSV = Path(__file__).parents[3] / "shared" / "data" / "cbis_ddsm_csv"
needs_csv = pytest.mark.skipif(not CSV.is_dir(), reason="the official CSVs of CBIS-DDSM are not beside the project")

RSNA_COLUMNS: tuple[tuple[str, type], ...] = (
    ("split", str),
    ("site_id", int),
    ("laterality", str),
    ("view", str),
    ("image_id", str),
    ("prediction_id", str),
    ("age", float),
    ("cancer", int),
    ("biopsy", int),
    ("invasive", int),
    ("BIRADS", int),
    ("implant", int),
    ("density", str),
    ("machine_id", int),
    ("difficult_negative_case", int),
    ("encoding", str),
    ("photometric", str),
    ("bits_stored", int),
    ("voi", str),
    ("flipped", bool),
)
WOMEN, IMAGES, POSITIVES = 11_913, 54_706, 1_158
SITE_1 = 6_450  # women; 29,500 images or so


def rsna_frame(*, seed: int = 0) -> pd.DataFrame:
    """The public training set in numbers: sizes, cancers and missing values as published, everything else drawn.

    Machines belong to one site each, BIRADS is missing at all of site 2 and here and there, density at all of site 2.
    """
    rng = np.random.default_rng(seed)
    site = np.where(np.arange(WOMEN) < SITE_1, 1, 2)
    machine = np.where(site == 1, rng.choice([49, 48, 170, 190, 197, 216, 93], WOMEN), rng.choice([21, 29, 210], WOMEN))
    women = pd.DataFrame(
        {
            "patient_id": rng.permutation(WOMEN) + 5,
            "site_id": site,
            "age": np.clip(rng.normal(58.5, 10, WOMEN).round(), 26, 89),
            "implant": (rng.random(WOMEN) < 0.027).astype(int),
            "density": np.where(site == 1, rng.choice(list("ABCD"), WOMEN, p=[0.1, 0.43, 0.42, 0.05]), None),
            "machine_id": machine,
        }
    )
    rows = women.loc[np.repeat(np.arange(WOMEN), 4)].reset_index(drop=True)
    rows["laterality"] = np.tile(["LEFT", "LEFT", "RIGHT", "RIGHT"], WOMEN)
    rows["view"] = np.tile(["CC", "MLO", "CC", "MLO"], WOMEN)
    again = rng.permutation(len(rows))[: IMAGES - len(rows)]
    rows = pd.concat([rows, rows.loc[again]]).sort_values("patient_id", kind="stable", ignore_index=True)
    rows["image_id"] = (rng.permutation(IMAGES) * 7919 + 13).astype(str)
    rows = _with_outcomes(rows, rng)
    rows["case_id"] = rows["patient_id"].astype(str) + "_" + rows["image_id"]
    rows["prediction_id"] = rows["patient_id"].astype(str) + "_" + rows["laterality"].str[0]
    rows["split"] = "train"
    return rows[["case_id", "patient_id", *(name for name, _ in RSNA_COLUMNS if name in rows)]]


def _with_outcomes(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw breasts with cancer, the older the likelier, until just ``POSITIVES`` images have one."""
    breast = rows.groupby(["patient_id", "laterality"], sort=False).ngroup().to_numpy()
    n, age = np.bincount(breast), rows["age"].groupby(breast).first().to_numpy()
    order = np.argsort(rng.random(n.size) / np.exp(0.05 * (age - 58)), kind="stable")
    total = np.cumsum(n[order])
    sick = order[: int(np.searchsorted(total, POSITIVES - 10))]
    short = POSITIVES - int(n[sick].sum())
    left = np.setdiff1d(np.flatnonzero(n == 2), sick)[: short // 2]
    odd = np.setdiff1d(np.flatnonzero(n == 3), sick)[: short % 2]
    left = left[: (short - 3 * odd.size) // 2]
    cancer = np.isin(breast, np.concatenate([sick, left, odd])).astype(int)
    rows["cancer"] = cancer
    rows["biopsy"] = np.where(cancer == 1, 1, (rng.random(len(rows)) < 0.034).astype(int))
    rows["invasive"] = np.where(cancer == 1, (rng.random(len(rows)) < 0.71).astype(int), 0)
    rows["difficult_negative_case"] = np.where(cancer == 1, 0, (rng.random(len(rows)) < 0.144).astype(int))
    birads = np.where(cancer == 1, 0, rng.choice([0, 1, 2], len(rows), p=[0.28, 0.6, 0.12])).astype(object)
    birads[(rows["site_id"] == 2).to_numpy() | (rng.random(len(rows)) < 0.11)] = None
    rows["BIRADS"] = birads
    rows["age"] = rows["age"].astype(object)
    rows.loc[rng.choice(len(rows), 37, replace=False), "age"] = None
    return rows


def cbis_reader(folder: Path) -> CbisDdsmReader:
    """A reader of the official CSVs over a tree in which each of the four collections has one folder.

    That is enough for all of their cases to be listed; none can be loaded.
    """
    for path in CSV.glob("*_case_description_*.csv"):
        shutil.copy(path, folder)
    for lesion in ("Mass-Training_P_00001_LEFT_CC", "Mass-Test_P_00016_LEFT_CC", "Calc-Training_P_00005_RIGHT_CC",
                   "Calc-Test_P_00038_LEFT_CC"):  # fmt: skip
        place = folder / "CBIS-DDSM" / lesion / "1" / "2"
        place.mkdir(parents=True)
        (place / "000000.dcm").touch()
    return CbisDdsmReader(folder)


def small(**columns: object) -> pd.DataFrame:
    """A list of cases from columns; who is who from ``patient_id`` or, without it, one case a patient."""
    frame = pd.DataFrame(columns)
    if "case_id" not in frame:
        frame.insert(0, "case_id", [f"c{i}" for i in range(len(frame))])
    if "patient_id" not in frame:
        frame.insert(1, "patient_id", [f"p{i}" for i in range(len(frame))])
    return frame


def understood(frame: pd.DataFrame, **options: object) -> tuple[Dataset, Tables]:
    """The data set of a list and its tables."""
    dataset = read_dataset(frame, name="toy", **options)
    return dataset, make_tables(dataset)


class RunConfig(dict[str, pd.DataFrame]):
    """The tables of a data set, made when a rule asks for them."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()
        self.dataset = dataset

    def __missing__(self, name: str) -> pd.DataFrame:
        self[name] = TABLES[name](self.dataset)
        return self[name]


def ruled(rule: str, frame: pd.DataFrame, **options: object) -> list[Finding]:
    """What one rule finds in a list."""
    dataset = read_dataset(frame, name="toy", **options)
    return RULES[rule](Facts(dataset, RunConfig(dataset)))


def found(frame: pd.DataFrame, **options: object) -> dict[str, list[Finding]]:
    """What the rules find in a list, by rule."""
    by_rule: dict[str, list[Finding]] = {}
    for one in find(Facts(*understood(frame, **options))):
        by_rule.setdefault(one.rule, []).append(one)
    return by_rule
