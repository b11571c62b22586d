"""The command predict, as a user runs it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.predict import main as predict
from radiomics_mammo.prediction.score import IN_TRAINING
from radiomics_mammo.prediction.verdicts import choose_certificate
from radiomics_mammo.runs.model_metadata import Certificate, training_range
from radiomics_mammo.runs.run_files import FOLDS
from radiomics_mammo.runs.saved_model import MODEL, save_model
from radiomics_mammo.tables.feature_table import write_table
from tests.support.cohorts import FEATURES, toy_frame
from tests.support.saved_models import facts, fitted, toy_distribution, toy_rows

MADE = {"recipe_hash": "a" * 64, "recipe_name": "lesion", "engine": "cpu", "features": list(FEATURES)}


def a_run(folder: Path, *, kind="logistic", patients=("P_00000",), made=MADE, **others) -> Path:
    """Write what predict needs of a run: a model, and the patients of its folds."""
    (folder / MODEL).mkdir(parents=True)
    made_of = facts(**{"provenance": made, **others})
    distribution = toy_distribution() if made_of.features == FEATURES else None
    save_model(folder / MODEL, fitted(kind), facts=made_of, distribution=distribution)
    pd.DataFrame({"case_id": [f"{p}_0" for p in patients], "patient_id": list(patients)}).to_parquet(folder / FOLDS)
    return folder


def a_table(path: Path, *, frame=None, made=MADE) -> Path:
    write_table(toy_frame(patients=12, seed=3) if frame is None else frame, path, provenance=made)
    return path


def predicted(tmp_path, *options, run=None, table=None) -> pd.DataFrame:
    run = run or a_run(tmp_path / "run")
    table = table or a_table(tmp_path / "t.parquet")
    out = tmp_path / "p.csv"
    assert predict([str(run), "--table", str(table), "--out", str(out), "--overwrite", *options]) == 0
    return pd.read_csv(out, keep_default_na=False)


@pytest.mark.parametrize("kind", ["logistic", "xgboost"])
def test_predictions_are_the_models_own(tmp_path, kind):
    found = predicted(tmp_path, run=a_run(tmp_path / "run", kind=kind))
    frame, model = toy_frame(patients=12, seed=3), fitted(kind)
    score = model.score(frame[list(FEATURES)].to_numpy())
    np.testing.assert_allclose(found["score"], score, rtol=1e-15)
    np.testing.assert_allclose(found["p"], model.calibrator(score), rtol=1e-15)
    assert found["case_id"].tolist() == frame["case_id"].tolist()
    called = np.where(model.calibrator(score) >= 0.4, "malignant", "benign")
    assert found["call"].tolist() == called.tolist()
    assert set(called) == {"benign", "malignant"}
    _, y = toy_rows()
    np.testing.assert_allclose(found["training_prevalence"], y.mean())
    assert set(found["data"]) == {"real"}


def test_verdicts_are_by_the_certificate_asked_for(tmp_path):
    found = predicted(tmp_path, run=a_run(tmp_path / "run"))
    p = found.groupby("patient_id")["p"].transform("max").to_numpy()
    np.testing.assert_array_equal(found["p_patient"], p)
    ruled_out = "this patient: below the certified threshold: rule-out at sensitivity 0.95, 90% confidence"
    for sure, said in (
        (p < 0.2, ruled_out),
        ((p >= 0.2) & (p < 0.7), "this patient: in the abstention band: a radiologist decides"),
        (p >= 0.7, "this patient: positive: at or above the upper certified threshold"),
    ):
        assert sure.any()
        assert set(found.loc[sure, "verdict"]) == {said}
    assert ((found["p"] < 0.2) & (found["verdict"] != ruled_out)).any()  # of a lesion alone nothing is certified
    none = predicted(tmp_path, "--sensitivity", "0.99", run=tmp_path / "run", table=tmp_path / "t.parquet")
    assert set(none["verdict"]) == {"no certificate: needs 230 patients"}


def test_the_certificate_is_the_one_that_compare_was_asked_for(tmp_path):
    run = a_run(tmp_path / "run", target_sensitivity=0.99)
    assert set(predicted(tmp_path, run=run)["verdict"]) == {"no certificate: needs 230 patients"}


def test_where_nobody_is_named_nobody_is_ruled_out(tmp_path):
    frame = toy_frame(patients=12, seed=3)
    nobody = {"no verdict: the certificate is by patient and the table names none"}
    found = predicted(tmp_path, table=a_table(tmp_path / "n.parquet", frame=frame.drop(columns="patient_id")))
    assert set(found["verdict"]) == nobody
    assert set(found["p_patient"]) == {""}
    run = tmp_path / "run"
    named = predicted(tmp_path, run=run, table=a_table(tmp_path / "t.parquet", frame=frame))
    frame.loc[[6, 19], "patient_id"] = ["", None]
    found = predicted(tmp_path, run=run, table=a_table(tmp_path / "t.parquet", frame=frame))
    assert set(found.loc[[6, 19], "verdict"]) == nobody
    others = ~np.isin(np.arange(24), [6, 7, 18, 19])
    assert found.loc[others, "verdict"].tolist() == named.loc[others, "verdict"].tolist()
    assert float(found["p_patient"][7]) == float(found["p"][7])


def test_who_lacks_a_row_is_not_ruled_out(tmp_path):
    frame = toy_frame(patients=12, seed=3)
    before = predicted(tmp_path, table=a_table(tmp_path / "t.parquet", frame=frame))
    p = before.groupby("patient_id")["p"]
    low = next(patient for patient, most in p.max().items() if most < 0.2)
    high = next(patient for patient, least in p.max().items() if least >= 0.7)
    spoilt = before.loc[before.groupby("patient_id")["p"].idxmin(), "case_id"]
    frame.loc[frame["case_id"].isin(spoilt) & frame["patient_id"].isin([low, high]), FEATURES[0]] = np.inf
    found = predicted(tmp_path, run=tmp_path / "run", table=a_table(tmp_path / "t.parquet", frame=frame))
    assert len(found) == 22
    said = found.set_index("patient_id")["verdict"]
    assert said[low] == "no verdict: a row of this patient could not be scored"
    assert said[high].startswith("this patient: positive")


def test_the_certificate_counts_groups_joined_by_patient(tmp_path):
    # Trained by study: both rows of a patient are studies of their own, but nobody is two patients.
    frame = toy_frame(patients=12, seed=3).assign(study=lambda f: f["case_id"], site=np.arange(24) // 8)
    table = a_table(tmp_path / "t.parquet", frame=frame)
    found = predicted(tmp_path, run=a_run(tmp_path / "r", group="study"), table=table)
    np.testing.assert_array_equal(found["p_patient"], found.groupby("patient_id")["p"].transform("max"))
    assert found["verdict"].str.startswith("this study: ").all()
    found = predicted(tmp_path, run=a_run(tmp_path / "s", group="site"), table=table)
    np.testing.assert_array_equal(found["p_patient"], found["p"].groupby(np.arange(24) // 8).transform("max"))
    found = predicted(tmp_path, run=a_run(tmp_path / "u", group="site", unit="patient"), table=table)
    assert found["patient_id"].tolist() == [f"P_{patient:05d}" for patient in range(12)]
    assert found["p_patient"].nunique() == 3


@pytest.mark.parametrize("unit", ["patient", "breast"])
def test_rows_without_a_patient_are_no_unit(tmp_path, unit, capsys):
    frame = toy_frame(patients=12, seed=3).assign(laterality="L")
    frame.loc[[6, 19], "patient_id"] = ["", None]
    frame.loc[3, FEATURES[0]] = np.inf
    run = a_run(tmp_path / "run", unit=unit)
    found = predicted(tmp_path, run=run, table=a_table(tmp_path / "t.parquet", frame=frame))
    assert found["cases"].tolist() == [1 if patient in (1, 3, 9) else 2 for patient in range(12)]
    assert "" not in set(found["patient_id"])
    failed = pd.read_csv(tmp_path / "p.csv.failures.csv", keep_default_na=False)
    assert failed["case_id"].tolist() == frame.loc[[3, 6, 19], "case_id"].tolist()
    wanted = f"the model predicts by {unit}, and this row names no patient"
    assert failed["cause"][1:].tolist() == [wanted, wanted]
    assert FEATURES[0] in failed["cause"][0]
    assert f"failed: P_00003_0: {wanted}" in capsys.readouterr().err


def test_patients_of_the_training_set_are_flagged(tmp_path):
    found = predicted(tmp_path, run=a_run(tmp_path / "run", patients=("P_00003", "P_77777")))
    flagged = found["remark"] == IN_TRAINING
    assert set(found.loc[flagged, "patient_id"]) == {"P_00003"}
    assert flagged.sum() == 2
    assert found["in_training"].tolist() == flagged.tolist()


def test_a_model_without_its_run_does_not_know_the_training_patients(tmp_path, capsys):
    run = a_run(tmp_path / "run")
    (run / FOLDS).unlink()
    found = predicted(tmp_path, run=run / MODEL)
    assert set(found["in_training"]) == {""}
    assert "trained on is not known" in capsys.readouterr().err


def test_values_outside_the_training_range_are_named(tmp_path):
    frame = toy_frame(patients=12, seed=3)
    low, high = training_range(toy_rows()[0])
    x = np.clip(frame[list(FEATURES)].to_numpy(), low, high)
    x[3, 2], x[3, 5], x[7, 0] = high[2] + 1, low[5] - 1, np.nan
    frame[list(FEATURES)] = x
    found = predicted(tmp_path, table=a_table(tmp_path / "t.parquet", frame=frame))
    # A null where no training row has one counts, too.
    assert found["out_of_range"].tolist() == [{3: 2, 7: 1}.get(i, 0) for i in range(24)]
    assert found["out_of_range_features"][7] == FEATURES[0]
    assert found["out_of_range_features"][3] == f"{FEATURES[2]}, {FEATURES[5]}"
    assert found["null_features"].tolist() == [1 if i == 7 else 0 for i in range(24)]


def test_rows_of_a_patient_become_one_prediction(tmp_path):
    run = a_run(tmp_path / "run", unit="patient", rule="mean")
    frame = toy_frame(patients=12, seed=3)
    frame.loc[5, FEATURES[2]] = 1e3  # the second row of patient 2
    found = predicted(tmp_path, run=run, table=a_table(tmp_path / "t.parquet", frame=frame))
    rows = fitted().score(frame[list(FEATURES)].to_numpy())
    by_hand = pd.Series(rows).groupby(frame["patient_id"], sort=False).mean()
    assert found["patient_id"].tolist() == by_hand.index.tolist()
    np.testing.assert_allclose(found["score"], by_hand)
    assert set(found["cases"]) == {2}
    assert found["out_of_range_features"][2] == FEATURES[2]


def test_a_broken_row_costs_that_row(tmp_path, capsys):
    frame = toy_frame(patients=12, seed=3)
    frame.loc[4, FEATURES[1]] = np.inf
    found = predicted(tmp_path, table=a_table(tmp_path / "t.parquet", frame=frame))
    assert len(found) == 23
    assert "P_00002_0" not in set(found["case_id"])
    failed = pd.read_csv(tmp_path / "p.csv.failures.csv")
    assert failed["case_id"].tolist() == ["P_00002_0"]
    assert FEATURES[1] in failed["cause"][0]
    assert "failed: P_00002_0" in capsys.readouterr().err


@pytest.mark.reported("Faults", "formulas in predict --out x.csv and its failures.csv", "text, apostrophe in front")
def test_no_cell_of_the_predictions_is_a_formula(tmp_path):
    frame = toy_frame(patients=12, seed=3)
    frame.loc[[0, 2], "case_id"] = ["=cmd|'/c calc'!A1", "@SUM(1)"]
    frame.loc[[1, 3], "patient_id"] = ["+1", "-2"]
    frame.loc[2, FEATURES[0]] = np.inf
    found = predicted(tmp_path, table=a_table(tmp_path / "t.parquet", frame=frame))
    assert found["case_id"][0] == "'=cmd|'/c calc'!A1"
    assert found["patient_id"][[1, 2]].tolist() == ["'+1", "'-2"]
    failed = pd.read_csv(tmp_path / "p.csv.failures.csv")
    assert failed["case_id"].tolist() == ["'@SUM(1)"]


def test_nothing_but_broken_rows_is_a_failure(tmp_path):
    frame = toy_frame(patients=2)
    frame[list(FEATURES)] = np.inf
    table = a_table(tmp_path / "t.parquet", frame=frame)
    assert predict([str(a_run(tmp_path / "run")), "--table", str(table)]) == 1


@pytest.mark.reported("Tables", "predict: a row whose features are all, or mostly, empty", "a failure row")
@pytest.mark.parametrize("n_null", [len(FEATURES), len(FEATURES) // 2 + 1])
def test_a_row_without_features_has_no_prediction(tmp_path, capsys, n_null):
    frame = toy_frame(patients=12, seed=3)
    frame.loc[4, list(FEATURES[:n_null])] = np.nan
    found = predicted(tmp_path, table=a_table(tmp_path / "t.parquet", frame=frame))
    assert found["case_id"].tolist() == frame["case_id"].drop(4).tolist()
    failed = pd.read_csv(tmp_path / "p.csv.failures.csv")
    assert failed["cause"].tolist() == [f"{n_null} of the 8 features that the model takes are null"]
    assert f"failed: P_00002_0: {n_null} of the 8" in capsys.readouterr().err
    assert not found.loc[found["patient_id"] == "P_00002", "verdict"].str.contains("rule-out").any()


@pytest.mark.reported("Tables", "predict: a null where training had none", "counts as out of range; no verdict")
@pytest.mark.parametrize("kind", ["logistic", "xgboost"])
def test_a_new_null_takes_the_verdict_away(tmp_path, capsys, kind):
    frame = toy_frame(patients=12, seed=3)
    frame.loc[4, FEATURES[3]] = np.nan
    frame.loc[8, FEATURES[1]] = np.nan  # null in every ninth training row
    run = a_run(tmp_path / "run", kind=kind)
    found = predicted(tmp_path, run=run, table=a_table(tmp_path / "t.parquet", frame=frame))
    taken = found["verdict"] == "out_of_distribution"
    assert np.flatnonzero(taken).tolist() == [4, 5]  # of both rows: the verdict is the patient's
    assert FEATURES[3] in found["out_of_range_features"][4]
    assert f"1 of 24 predictions lack features that no training row lacked ({FEATURES[3]})" in capsys.readouterr().err


@pytest.mark.reported("Tables", "predict: a value between 3.4e38 and 1e150", "one row, one failure")
@pytest.mark.parametrize("kind", ["logistic", "forest", "xgboost", "svm-rbf"])
def test_a_value_beyond_float32_costs_its_row(tmp_path, kind):
    frame = toy_frame(patients=12, seed=3)
    frame.loc[[4, 9], FEATURES[1]] = [3.5e38, -1e100]
    run = a_run(tmp_path / "run", kind=kind)
    found = predicted(tmp_path, run=run, table=a_table(tmp_path / "t.parquet", frame=frame))
    assert found["case_id"].tolist() == frame["case_id"].drop([4, 9]).tolist()
    assert np.isfinite(found["p"]).all()
    failed = pd.read_csv(tmp_path / "p.csv.failures.csv")
    assert failed["case_id"].tolist() == frame.loc[[4, 9], "case_id"].tolist()


@pytest.mark.reported("Tables", "predict: a table of other settings", "names the table and the setting")
def test_the_setting_that_differs_is_named(tmp_path, capsys):
    run = a_run(tmp_path / "run", made={**MADE, "recipe_text": "setting:\n  binWidth: 25\n  label: 1\n"})
    other = {**MADE, "recipe_hash": "b" * 64, "recipe_text": "setting:\n  binWidth: 32\n  label: 1\n"}
    message = said_no(capsys, run, "--table", a_table(tmp_path / "t.parquet", made=other))
    assert "t.parquet" in message
    assert "setting.binWidth 25 against 32" in message
    assert "label" not in message
    frame, few = toy_frame(patients=12, seed=3), list(FEATURES[:3])
    first = frame.drop(columns=few)
    one = a_table(tmp_path / "one.parquet", frame=first, made={**MADE, "features": list(FEATURES[3:])})
    two = a_table(tmp_path / "two.parquet", frame=frame[["case_id", *few]], made={**other, "features": few})
    message = said_no(capsys, run, "--table", one, two)
    assert message.startswith(f"error: {two}")
    assert "3 features of two.parquet" in message


def said_no(capsys, *arguments) -> str:
    assert predict([str(one) for one in arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({**MADE, "recipe_hash": "b" * 64}, "another recipe or engine"),
        ({**MADE, "engine": "pyradiomics"}, "another recipe or engine"),
    ],
)
def test_a_table_of_another_definition_is_refused_even_if_trusted(tmp_path, capsys, made, said):
    table, run = a_table(tmp_path / "t.parquet", made=made), a_run(tmp_path / "run")
    for option in ((), ("--trust-table",)):
        assert said in said_no(capsys, run, "--table", table, *option)


def test_cpu_and_cuda_are_one_definition(tmp_path):
    assert len(predicted(tmp_path, table=a_table(tmp_path / "t.parquet", made={**MADE, "engine": "cuda"}))) == 24


def test_a_table_without_provenance_needs_trust_table(tmp_path, capsys):
    table, run = tmp_path / "t.csv", a_run(tmp_path / "run")
    toy_frame(patients=12, seed=3).to_csv(table, index=False)
    said = said_no(capsys, run, "--table", table)
    assert "--trust-table" in said
    assert "this table does not state" in said
    found = predicted(tmp_path, "--trust-table", run=run, table=table)
    np.testing.assert_allclose(
        found["score"], fitted().score(toy_frame(patients=12, seed=3)[list(FEATURES)].to_numpy())
    )
    assert "2 of 24 predictions are of patients that it was trained on" in capsys.readouterr().err
    other = a_run(tmp_path / "other", made={})
    assert "the model was trained on does not state" in said_no(
        capsys, other, "--table", a_table(tmp_path / "t.parquet")
    )


def test_bad_input_is_said_in_one_line(tmp_path, capsys):
    run, table = a_run(tmp_path / "run"), a_table(tmp_path / "t.parquet")
    frame = toy_frame(patients=12, seed=3)
    fewer = a_table(
        tmp_path / "fewer.parquet",
        frame=frame.drop(columns=FEATURES[3]),
        made={**MADE, "features": [n for n in FEATURES if n != FEATURES[3]]},
    )
    twice = a_table(tmp_path / "twice.parquet", frame=pd.concat([frame, frame]))
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.csv").write_text("mine")
    for arguments, said in (
        ((tmp_path / "none", "--table", table), "no such run folder"),
        ((tmp_path / "empty", "--table", table), "no saved model"),
        ((run, "--table", fewer), f"1 of the 8 features that the model takes are missing: {FEATURES[3]}"),
        ((run, "--table", twice), "case_id is not unique"),
        ((run, "--table", a_table(tmp_path / "no.parquet", frame=frame.drop(columns="case_id"))), "no column case_id"),
        ((run, "--table", a_table(tmp_path / "zero.parquet", frame=frame.iloc[:0])), "no rows"),
        ((run, "--table", table, "--sensitivity", "0.5"), "one for each of 0.95, 0.99"),
        ((run, "--table", table, "--label", "1"), "are for --image"),
        ((run, "--table", table, "--out", tmp_path / "p.xlsx"), "neither CSV nor Parquet"),
        ((run, "--table", table, "--out", tmp_path / "there.csv"), "--overwrite"),
        ((run, "--table", table, "--out", tmp_path / "no" / "p.csv"), "no such folder"),
        ((run, "--image", "x.png", "--mask", "y.png"), "does not state its recipe"),
    ):
        assert said in said_no(capsys, *arguments)
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_phantoms_and_patients_are_kept_apart_loudly(tmp_path, capsys):
    found = predicted(tmp_path, run=a_run(tmp_path / "run", phantom=True))
    said = capsys.readouterr()
    assert "PHANTOM MODEL ON REAL CASES" in said.err
    assert "PHANTOM" in said.out
    assert set(found["data"]) == {"phantom"}
    frame = toy_frame(patients=12, seed=3).assign(phantom=lambda f: f.index == 0)
    found = predicted(tmp_path, run=a_run(tmp_path / "r"), table=a_table(tmp_path / "t.parquet", frame=frame))
    assert "1 of 24 rows are simulated" in capsys.readouterr().err
    assert found["data"].tolist() == ["phantom"] + ["real"] * 23


def test_the_screen_shows_at_most_twenty_rows_and_takes_nothing_for_markup(tmp_path, capsys):
    frame = toy_frame(patients=12, seed=3)
    frame.loc[0, "case_id"] = "[red]evil[/red]"
    table = a_table(tmp_path / "t.parquet", frame=frame)
    assert predict([str(a_run(tmp_path / "run")), "--table", str(table)]) == 0
    said = capsys.readouterr().out
    assert "[red]evil[/red]" in said
    assert "and 4 more" in said
    assert "P_00009_1" in said
    assert "P_00010_0" not in said
    assert "Prior of the probabilities:" in said


def test_parquet_and_csv_say_the_same(tmp_path):
    text = predicted(tmp_path)
    out = tmp_path / "p.parquet"
    assert predict([str(tmp_path / "run"), "--table", str(tmp_path / "t.parquet"), "--out", str(out)]) == 0
    whole = pd.read_parquet(out)
    assert list(whole.columns) == list(text.columns)
    np.testing.assert_array_equal(whole["p"], text["p"])


def test_of_several_confidences_the_highest_counts():
    both = tuple(Certificate(0.95, c, 0.1, None, 9) for c in (0.8, 0.95, 0.9))
    found = choose_certificate(replace(facts(), certificates=both), target=0.95)
    assert found is not None
    assert found.confidence == 0.95
    assert choose_certificate(replace(facts(), certificates=()), target=0.95) is None
    assert choose_certificate(facts()) == facts().certificates[0]
    assert choose_certificate(replace(facts(), target_sensitivity=0.99)) == facts().certificates[1]
    with pytest.raises(InputError, match="no certificate"):
        choose_certificate(facts(), target=0.9)


def test_help_says_what_the_probabilities_are(capsys):
    with pytest.raises(SystemExit):
        predict(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    for wanted in ("training_prevalence", "--trust-table", "--image", "exit codes", "not a medical device"):
        assert wanted in said
