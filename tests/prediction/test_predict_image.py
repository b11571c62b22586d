"""The command predict on one image and its mask."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from radiomics_mammo.embed import main as embed
from radiomics_mammo.evaluation.cohort.join import read_joined
from radiomics_mammo.evaluation.training.preprocessing import preparation
from radiomics_mammo.extract import main as extract
from radiomics_mammo.extraction.extractor import FeatureExtractor
from radiomics_mammo.predict import main as predict
from radiomics_mammo.prediction.score import IN_TRAINING
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.readers.phantom.write_rsna import write_rsna_tree
from radiomics_mammo.runs.model_metadata import training_range
from radiomics_mammo.runs.run_files import FOLDS
from radiomics_mammo.runs.saved_model import MODEL, load_model, save_model
from radiomics_mammo.tables.feature_table import Table, read_table
from tests.support.networks import write_onnx
from tests.support.saved_models import distribution_of, facts, fitted


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Twelve images with two regions each, and the manifest of the first region."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    lines = ["case_id,patient_id,image,mask,label"]
    for i in range(12):
        mask = np.zeros((48, 48), dtype=np.uint8)
        mask[6:20, 6 : 20 + i], mask[30:40, 30:44] = 1, 2
        Image.fromarray(rng.integers(0, 200 + i, (48, 48)).astype(np.uint8)).save(folder / f"i{i}.png")
        Image.fromarray(mask).save(folder / f"m{i}.png")
        lines.append(f"c{i},P_{i},i{i}.png,m{i}.png,2")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_an_image_is_measured_as_extract_measured_it(tmp_path, pictures, capsys):
    (tmp_path / "few.yaml").write_text("featureClass:\n  firstorder: [Mean, Entropy]\n  glcm: [Contrast]\n")
    table = tmp_path / "t.parquet"
    recipe = str(tmp_path / "few.yaml")
    manifest = str(pictures / "cases.csv")
    assert extract(["manifest", manifest, "--recipe", recipe, "--out", str(table), "--workers", "1"]) == 0
    found = read_table(table)
    run = trained_on(tmp_path / "run", found)
    assert predict([str(run), "--table", str(table), "--out", str(tmp_path / "p.csv")]) == 0
    by_table = pd.read_csv(tmp_path / "p.csv")
    out = tmp_path / "i.csv"
    one = ["--image", str(pictures / "i4.png"), "--mask", str(pictures / "m4.png"), "--label", "2"]
    assert predict([str(run), *one, "--patient", "P_4", "--out", str(out)]) == 0
    by_image = pd.read_csv(out)
    assert by_image["score"][0] == pytest.approx(float(by_table["score"][4]), rel=0, abs=0)
    assert by_image["remark"][0] == IN_TRAINING
    assert by_image["case_id"][0] == "i4.png"
    assert by_image["verdict"][0].startswith("this patient (if the region is all there is): ")
    assert by_image["p_patient"][0] == by_image["p"][0]
    capsys.readouterr()
    one[-1] = "7"
    assert predict([str(run), *one]) == 1
    assert "error: " in capsys.readouterr().err
    assert predict([str(run), "--image", str(pictures / "gone.png"), *one[2:]]) == 1
    assert predict([str(run), *one[:2]]) == 2
    assert "an image needs its mask" in capsys.readouterr().err
    assert predict([str(run), *one[:-1], "2", "--view", "CC"]) == 2
    assert "Leave --view out" in capsys.readouterr().err


def test_an_image_is_shown_to_the_network_that_the_model_was_trained_with(tmp_path, pictures, capsys):
    (tmp_path / "few.yaml").write_text("featureClass:\n  firstorder: [Mean, Entropy]\n")
    manifest, tables = str(pictures / "cases.csv"), [str(tmp_path / f"{name}.parquet") for name in ("r", "e")]
    recipe = ["--recipe", str(tmp_path / "few.yaml")]
    assert extract(["manifest", manifest, *recipe, "--out", tables[0], "--workers", "1"]) == 0
    assert embed(["manifest", manifest, "--out", tables[1], "--workers", "1"]) == 0
    for name, paths in (("alone", tables[1:]), ("both", tables)):
        run = trained_on(tmp_path / name, read_joined([Path(path) for path in paths]))
        out = [str(tmp_path / f"{name}_{kind}.csv") for kind in ("table", "image")]
        assert predict([str(run), "--table", *paths, "--out", out[0]]) == 0
        one = ["--image", str(pictures / "i4.png"), "--mask", str(pictures / "m4.png"), "--label", "2"]
        assert predict([str(run), *one, "--out", out[1]]) == 0
        by_table, by_image = (pd.read_csv(path) for path in out)
        assert float(by_image["score"][0]) == float(by_table["score"][4])
        assert by_image["out_of_range"][0] == 0  # of embeddings nobody is told
    info = tmp_path / "alone" / MODEL / "model.json"
    record = json.loads(info.read_text())
    record["facts"]["provenance"]["embedding"]["sha256"] = "0" * 64
    info.write_text(json.dumps(record))
    capsys.readouterr()
    assert predict([str(tmp_path / "alone"), *one]) == 2
    assert "is not what the model was trained with (sha256 differ)" in capsys.readouterr().err


def test_a_network_that_has_moved_is_named(tmp_path, pictures, capsys, monkeypatch):
    away = tmp_path / "away"
    away.mkdir()
    network, table = write_onnx(away / "net.onnx"), str(tmp_path / "e.parquet")
    manifest = str(pictures / "cases.csv")
    assert embed(["manifest", manifest, "--model", f"onnx:{network}", "--out", table, "--workers", "1"]) == 0
    run = trained_on(tmp_path / "run", read_table(table))
    one = ["--image", str(pictures / "i4.png"), "--mask", str(pictures / "m4.png"), "--label", "2"]
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert predict([str(run), *one]) == 2
    assert "Name its file with --weights" in capsys.readouterr().err
    assert predict([str(run), *one, "--weights", str(network)]) == 0


def test_an_image_can_be_measured_whichever_table_came_first(tmp_path, pictures):
    (tmp_path / "few.yaml").write_text("featureClass:\n  firstorder: [Mean, Entropy]\n")
    manifest, paths = str(pictures / "cases.csv"), [tmp_path / "e.parquet", tmp_path / "r.parquet"]
    recipe = ["--recipe", str(tmp_path / "few.yaml")]
    assert embed(["manifest", manifest, "--out", str(paths[0]), "--workers", "1"]) == 0
    assert extract(["manifest", manifest, *recipe, "--out", str(paths[1]), "--workers", "1"]) == 0
    run = trained_on(tmp_path / "run", read_joined(paths))
    one = ["--image", str(pictures / "i4.png"), "--mask", str(pictures / "m4.png"), "--label", "2"]
    assert predict([str(run), *one]) == 0


def trained_on(folder: Path, table) -> Path:
    """Train and save a model on a real table of the command extract."""
    x = table.frame[list(table.features)].to_numpy(np.float64)
    y = np.arange(len(x)) % 2
    steps = preparation(native_nulls=False).fit(x)
    model = replace(fitted(), preparation=steps, model=LogisticRegression().fit(steps.transform(x), y))
    low, high = training_range(x)
    said = facts(features=table.features, low=low, high=high, provenance=table.provenance)
    (folder / MODEL).mkdir(parents=True)
    save_model(folder / MODEL, model, facts=said, distribution=distribution_of(x, table.features))
    patients = table.frame["patient_id"].tolist()
    pd.DataFrame({"patient_id": patients}).to_parquet(folder / FOLDS)
    return folder


def test_a_whole_breast_is_found_as_extract_found_it(tmp_path, capsys):
    tree, table = tmp_path / "tree", tmp_path / "t.parquet"
    recipe = tmp_path / "few.yaml"
    recipe.write_text("featureClass: {firstorder: [Mean]}\nlattice: {windowPx: 16, featureClass: {glcm: [Contrast]}}\n")
    write_rsna_tree(PhantomReader(patients=2, seed=3, rows=160), tree, layout="underscore")
    assert extract(["rsna", str(tree), "--recipe", str(recipe), "--out", str(table), "--workers", "1"]) == 0
    run = str(trained_on(tmp_path / "run", read_table(table)))
    assert predict([run, "--table", str(table), "--out", str(tmp_path / "p.csv")]) == 0
    by_table = pd.read_csv(tmp_path / "p.csv")
    rows = read_table(table).frame
    for row in [int(np.flatnonzero(rows["view"] == view)[0]) for view in ("CC", "MLO")]:
        image = [
            "--image",
            rows["image_path"][row],
            "--view",
            rows["view"][row],
            "--laterality",
            rows["laterality"][row],
        ]
        out = tmp_path / f"{row}.csv"
        assert predict([run, *image, "--out", str(out)]) == 0
        assert float(pd.read_csv(out)["score"][0]) == float(by_table["score"][row])
    capsys.readouterr()
    assert predict([run, *image[:2]]) == 1
    assert "its view is unknown" in capsys.readouterr().err
    assert predict([run, *image, "--mask", image[1]]) == 2
    assert "Leave --mask out" in capsys.readouterr().err


def test_one_region_is_a_unit_whatever_the_model_predicts(tmp_path, pictures):
    extractor = FeatureExtractor("lesion", engine="cpu")
    cases = [{"image": pictures / f"i{i}.png", "mask": pictures / f"m{i}.png", "label": 2} for i in range(6)]
    frame = extractor.extract(cases)
    run = trained_on(tmp_path / "run", Table(frame, extractor.feature_names, frame.attrs["provenance"]))
    for unit in ("image", "breast", "patient"):
        model = load_model(run / MODEL)
        other = tmp_path / unit / MODEL
        other.mkdir(parents=True)
        save_model(other, model.fitted, facts=replace(model.facts, unit=unit), distribution=model.distribution)
        arguments = ["--image", str(pictures / "i4.png"), "--mask", str(pictures / "m4.png"), "--label", "2"]
        assert predict([str(tmp_path / unit), *arguments, "--out", str(tmp_path / f"{unit}.csv")]) == 0
        found = pd.read_csv(tmp_path / f"{unit}.csv")
        assert len(found) == 1
        assert found["verdict"][0].startswith("this patient (if the region is all there is): ")
