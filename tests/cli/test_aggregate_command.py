"""The aggregate command: what it writes is a table that compare reads."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.aggregate import main
from radiomics_mammo.core.records import Failure
from radiomics_mammo.evaluation.cohort.feature_definition import same_definition
from radiomics_mammo.evaluation.cohort.join import embeddings_in
from radiomics_mammo.runs.run_files import PREDICTIONS
from radiomics_mammo.tables.failures import failures_path, write_failures
from radiomics_mammo.tables.feature_table import read_table, write_table
from tests.support import compare_runs

FEATURES = tuple(f"original_glcm_F{i}" for i in range(4))


def screening_table(path: Path, *, patients: int = 60, embedding: bool = False) -> Path:
    """Write four images a patient; one breast in five has cancer and is brighter."""
    rng = np.random.default_rng(3)
    rows = 4 * patients
    patient = np.repeat(np.arange(patients), 4)
    side = np.tile(["LEFT", "LEFT", "RIGHT", "RIGHT"], patients)
    sick = np.repeat(rng.random(2 * patients) < 0.2, 2)
    x = rng.normal(size=(rows, len(FEATURES))) + 2.0 * sick[:, None]
    frame = pd.DataFrame(
        {
            "case_id": [f"{w}_{i}" for i, w in enumerate(patient)],
            "patient_id": [str(w) for w in patient],
            "site_id": patient % 2 + 1,
            "laterality": side,
            "view": np.tile(["CC", "MLO"], 2 * patients),
            "prediction_id": [f"{w}_{s[0]}" for w, s in zip(patient, side, strict=True)],
            "age": 50.0 + patient % 20,
            "cancer": sick.astype(int),
            "BIRADS": np.where(patient % 2, 1, np.nan),
            "notes": None,
            "phantom": True,
        }
    )
    made = pd.concat([frame, pd.DataFrame(x, columns=list(FEATURES))], axis=1)
    if embedding:
        made = made[["case_id"]].assign(crop_embToy_E0000=rng.normal(size=rows))
    network = {"name": "toy", "prefix": "crop_embToy", "trained_on": ["cbis-ddsm"], "forced": True}
    own = {"embedding": network} if embedding else {"recipe_hash": "b" * 64, "engine": "cpu"}
    write_table(made, path, provenance={"phantom": True, **own})
    return path


def aggregate(*words: object) -> int:
    return main([str(word) for word in words])


def test_compare_predicts_breasts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images, out = screening_table(tmp_path / "images.parquet"), tmp_path / "breasts.parquet"
    assert aggregate(images, "--to", "breast", "--out", out) == 0
    said = capsys.readouterr().out
    assert "PHANTOM" in said and "240 rows, 120 breasts, 12 features (mean, max, difference of 4)" in said
    made = read_table(out)
    assert len(made.features) == 12 and made.frame["case_id"].tolist()[:2] == ["0_L", "0_R"]
    chosen = ("--label", "cancer", "--group", "patient_id", "--models", "prevalence,logistic")
    assert compare_runs.run(out, tmp_path / "run", *chosen) == 0
    predictions = pd.read_parquet(tmp_path / "run" / PREDICTIONS)
    assert set(predictions["case_id"]) == set(made.frame["case_id"])
    assert (predictions.groupby("patient_id")["fold"].nunique() == 1).all()


def test_the_table_says_what_it_was_made_of(tmp_path: Path) -> None:
    images, out = screening_table(tmp_path / "images.parquet"), tmp_path / "new" / "patients.parquet"
    assert aggregate(images, "--to", "patient", "--rules", "max", "--out", out) == 0
    made = read_table(out).provenance
    assert made["aggregated"]["sources"] == [
        {"name": "images.parquet", "sha256": hashlib.sha256(images.read_bytes()).hexdigest()}
    ]
    assert (made["aggregated"]["to"], list(made["aggregated"]["rules"])) == ("patient", ["max"])
    assert "0 (needs assessment) is the call-back" in made["aggregated"]["columns"]["BIRADS, assessment"]
    assert made["phantom"] and made["engine"] == "cpu"
    again = tmp_path / "again.parquet"
    assert aggregate(images, "--to", "patient", "--rules", "max", "--out", again) == 0
    assert again.read_bytes() == out.read_bytes()


def test_breasts_and_patients_are_other_features(tmp_path: Path) -> None:
    images = screening_table(tmp_path / "images.parquet")
    made = []
    for level in ("breast", "patient"):
        aggregate(images, "--to", level, "--rules", "mean", "--out", tmp_path / f"{level}.parquet")
        made.append(read_table(tmp_path / f"{level}.parquet"))
    assert made[0].features == made[1].features
    assert "recipe" in same_definition(made[0].provenance, made[1].provenance)
    assert not same_definition(made[0].provenance, made[0].provenance)


def test_tables_are_joined_first(tmp_path: Path) -> None:
    images = screening_table(tmp_path / "images.parquet")
    network = screening_table(tmp_path / "emb.parquet", embedding=True)
    out = tmp_path / "both.parquet"
    assert aggregate(images, network, "--to", "breast", "--out", out) == 0
    made = read_table(out)
    assert {"crop-mean_embToy_E0000", "original-mean_glcm_F0"} < set(made.features)
    for joined in made.provenance["joined"]:
        assert joined["features"] == ["crop-mean_embToy_E0000", "crop-max_embToy_E0000"]
    assert [one["name"] for one in made.provenance["aggregated"]["sources"]] == ["images.parquet", "emb.parquet"]


@pytest.mark.parametrize("alone", [True, False])
def test_what_a_network_was_trained_on_is_not_forgotten(tmp_path: Path, alone: bool) -> None:
    network = screening_table(tmp_path / "emb.parquet", embedding=True)
    if alone:
        whole = screening_table(tmp_path / "keys.parquet")
        frame = read_table(whole).frame.drop(columns=list(FEATURES)).assign(crop_embToy_E0000=1.0)
        write_table(frame, network, provenance=read_table(network).provenance)
        tables = [network]
    else:
        tables = [screening_table(tmp_path / "images.parquet"), network]
    assert aggregate(*tables, "--to", "patient", "--out", tmp_path / "out.parquet") == 0
    found = embeddings_in(read_table(tmp_path / "out.parquet").provenance)
    assert [one["prefix"] for one in found] == ["crop-mean_embToy", "crop-max_embToy"]
    assert all(one["forced"] and one["trained_on"] == ["cbis-ddsm"] for one in found)


def test_a_clinical_csv_alone(tmp_path: Path) -> None:
    """RSNA's own train.csv: no case_id, no features, cells missing."""
    text = """\
site_id,patient_id,image_id,laterality,view,age,cancer,biopsy,invasive,BIRADS,implant,density,machine_id,difficult_negative_case
2,10006,462822612,L,CC,61.0,0,0,0,,0,,29,False
2,10006,1459541791,L,MLO,61.0,0,0,0,,0,,29,False
1,10011,220375232,R,CC,,1,1,0,0.0,0,C,21,False
1,10011,270344397,L,CC,,0,0,0,2.0,0,C,21,True
"""
    (tmp_path / "train.csv").write_text(text)
    assert aggregate(tmp_path / "train.csv", "--to", "breast", "--out", tmp_path / "out.parquet") == 0
    made = read_table(tmp_path / "out.parquet", features_needed=False).frame.set_index("case_id")
    assert list(made.index) == ["10006_L", "10011_R", "10011_L"]
    assert made["cancer"].tolist() == [0, 1, 0] and made["n_images"].tolist() == [2, 1, 1]
    assert made["BIRADS"].tolist()[1:] == [0, 2] and made["density"].tolist()[1:] == ["C", "C"]
    assert made["difficult_negative_case"].tolist() == [False, False, True]
    assert made["age"].isna().tolist() == [False, True, True]


def test_images_that_failed_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images, out = screening_table(tmp_path / "images.parquet", patients=2), tmp_path / "out.parquet"
    write_failures(failures_path(images), [])
    assert aggregate(images, "--to", "breast", "--out", out) == 0
    assert "images failed" not in capsys.readouterr().out
    cells = {part.name: "x" for part in fields(Failure)}
    write_failures(failures_path(images), [Failure(**{**cells, "case_id": f"9_{i}"}) for i in range(3)])
    assert aggregate(images, "--to", "breast", "--out", out, "--overwrite") == 0
    said = capsys.readouterr().out
    assert "note: 3 images failed (images.parquet.failures.csv)" in said and "no row (first: 9_0)" in said


def test_a_header_alone_is_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train.csv").write_text("patient_id,laterality,view,cancer\n")
    assert aggregate(tmp_path / "train.csv", "--to", "breast", "--out", tmp_path / "out.parquet") == 2
    assert "holds no rows" in capsys.readouterr().err and not (tmp_path / "out.parquet").exists()


def test_what_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images, out = screening_table(tmp_path / "images.parquet", patients=2), tmp_path / "out.parquet"
    assert aggregate(images, "--to", "patient", "--out", out) == 0
    before = out.read_bytes()
    assert aggregate(images, "--to", "breast", "--out", out) == 2
    assert "--overwrite" in capsys.readouterr().err and out.read_bytes() == before
    assert aggregate(images, "--to", "breast", "--out", out, "--overwrite") == 0
    assert aggregate(images, "--to", "breast", "--out", images, "--overwrite") == 2
    assert "one of the tables to read" in capsys.readouterr().err
    assert aggregate(images, "--to", "breast", "--out", tmp_path / "out.xlsx") == 2
    assert aggregate(images, "--to", "breast", "--out", tmp_path / "out.csv") == 0
    assert read_table(tmp_path / "out.csv").provenance == read_table(out).provenance
    assert aggregate(tmp_path / "absent.parquet", "--to", "breast", "--out", tmp_path / "x.parquet") == 2
    assert "no such table" in capsys.readouterr().err


def test_help_states_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    for rule in (
        "three CC images do not outweigh one MLO",
        "|left - right|",
        "is the call-back",
        "image_id, view",
        "this breast minus the other",
    ):
        assert rule in said
