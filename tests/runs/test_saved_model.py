"""Saved models: read back to the same scores, and nothing that they hold is ever run."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.training.calibration import Calibrator
from radiomics_mammo.evaluation.training.estimators.base import SklearnEstimator
from radiomics_mammo.evaluation.training.estimators.skops_io import TRUSTED, dump, load
from radiomics_mammo.evaluation.training.registry import MODELS, estimator_of, parse_candidate
from radiomics_mammo.runs import saved_model as names
from radiomics_mammo.runs.model_metadata import Certificate, certificates, facts_from, facts_record, training_range
from radiomics_mammo.runs.saved_model import load_model, save_model
from tests.support.saved_models import KINDS, facts, fitted, toy_rows, trained

ESTIMATOR = "estimator.skops"


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_scores_as_it_did(tmp_path, kind):
    made = fitted(kind)
    save_model(tmp_path, made, facts=facts())
    found = load_model(tmp_path)
    x, _ = toy_rows(seed=9)
    np.testing.assert_array_equal(found.fitted.score(x), made.score(x))
    assert found.fitted.candidate == made.candidate
    assert found.fitted.calibrator == made.calibrator
    assert found.fitted.threshold == made.threshold
    assert found.fitted.parameters == made.parameters
    assert found.notes == ()
    np.testing.assert_array_equal(found.facts.low, facts().low)
    assert facts_record(found.facts) == facts_record(facts())


def test_the_same_model_gives_the_same_bytes_in_another_process(tmp_path):
    kinds = ["logistic", "forest", "bagged-xgboost", "xgboost"]
    code = (
        "import sys; from pathlib import Path; from tests.support.saved_models import facts, fitted; "
        "from radiomics_mammo.runs.saved_model import save_model; "
        "junk = [str(i) * 3 for i in range(int(sys.argv[2]))]; "
        f"[save_model(Path(sys.argv[1]) / kind, fitted(kind), facts=facts()) for kind in {kinds}]"
    )
    for name, junk in (("a", "10"), ("b", "5000")):
        for kind in kinds:
            (tmp_path / name / kind).mkdir(parents=True)
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / name), junk], check=True, cwd=Path(__file__).parents[2]
        )
    for kind in kinds:
        one, two = ({file.name: file.read_bytes() for file in (tmp_path / name / kind).iterdir()} for name in "ab")
        assert one == two, kind
        assert len(one) == 3


def test_no_file_is_a_pickle_and_no_path_is_kept(tmp_path):
    save_model(tmp_path, fitted("forest"), facts=facts())
    for path in tmp_path.iterdir():
        assert b"pickle" not in path.read_bytes()
        assert str(tmp_path).encode() not in path.read_bytes()
    with zipfile.ZipFile(tmp_path / ESTIMATOR) as zipped:
        assert {entry.date_time for entry in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def planted(folder: Path, content: bytes, *, name: str = names.PREPARATION) -> None:
    """Put other bytes in a file's place, with the hash that goes with them: the hash is no protection here."""
    (folder / name).write_bytes(content)
    record = json.loads((folder / names.INFO).read_text())
    record["sha256"][name] = hashlib.sha256(content).hexdigest()
    (folder / names.INFO).write_text(json.dumps(record))


def test_a_pickle_in_the_files_place_is_not_run(tmp_path):
    mark = tmp_path / "run me"
    save_model(tmp_path, fitted("logistic"), facts=facts())
    for name in (names.PREPARATION, ESTIMATOR):
        planted(tmp_path, pickle.dumps(Evil(mark)), name=name)
    with pytest.raises(InputError, match="is damaged"):
        load_model(tmp_path)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Evil(mark)))  # it would have worked
    assert mark.exists()


def doctored(content: bytes, change) -> bytes:
    """Change the schema of a skops file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "schema.json":
                schema = json.loads(text)
                change(schema)
                text = json.dumps(schema).encode()
            new.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize(
    ("loader", "module", "name"),
    [
        ("FunctionNode", "os", "system"),
        ("ObjectNode", "subprocess", "Popen"),
        ("TypeNode", "subprocess", "Popen"),
        # skops itself trusts these: they are still not what our models are made of.
        ("ObjectNode", "sklearn.compose._column_transformer", "ColumnTransformer"),
        ("MethodNode", "builtins", "dict"),
        ("ReduceNode", "builtins", "list"),
        ("PartialNode", "functools", "partial"),
    ],
)
def test_a_type_that_is_not_listed_is_named_and_refused(tmp_path, loader, module, name):
    save_model(tmp_path, fitted("logistic"), facts=facts())

    def plant(schema):
        schema["content"]["content"]["verbose"] = {
            "__class__": name,
            "__module__": module,
            "__loader__": loader,
            "content": {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": '"x"'},
        }

    planted(tmp_path, doctored((tmp_path / names.PREPARATION).read_bytes(), plant))
    with pytest.raises(InputError, match=f"{module}.{name}.*not trusted") as error:
        load_model(tmp_path)
    assert error.value.path == str(tmp_path / names.PREPARATION)


def test_what_could_not_be_read_back_is_not_written(tmp_path):
    from sklearn.neighbors import KNeighborsClassifier

    x, y = toy_rows()
    made = replace(fitted("logistic"), model=KNeighborsClassifier().fit(np.nan_to_num(x), y))
    with pytest.raises(InputError, match="KNeighborsClassifier"):
        save_model(tmp_path, made, facts=facts())
    assert list(tmp_path.iterdir()) == []


def nested(deep: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as zipped:
        zipped.writestr("schema.json", "[" * deep + "]" * deep)
    return held.getvalue()


def test_parts_within_parts_without_end_are_damage(tmp_path):
    save_model(tmp_path, fitted("logistic"), facts=facts())
    planted(tmp_path, nested(200_000))
    with pytest.raises(InputError, match="is damaged") as error:
        load_model(tmp_path)
    assert error.value.path == str(tmp_path / names.PREPARATION)
    (tmp_path / names.INFO).write_text("[" * 200_000 + "]" * 200_000)
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path)


def test_a_baseline_cannot_be_kept(tmp_path):
    made = replace(fitted("logistic"), model=DummyClassifier().fit([[0], [1]], [0, 1]))
    with pytest.raises(InputError, match="DummyClassifier"):
        save_model(tmp_path, made, facts=facts())
    for name in ("size", "prevalence", "stack", "unheard-of"):
        save_model(tmp_path, replace(fitted("logistic"), candidate=Candidate(name)), facts=facts())
        with pytest.raises(InputError, match=f"'{name}' is no model that predicts new cases"):
            load_model(tmp_path)


def test_the_trusted_types_are_classes_that_exist_and_no_functions():
    import importlib

    candidates = [parse_candidate(f"{name}+bagging") for name in ("logistic", "xgboost")]
    kinds = [estimator_of(one) for one in candidates] + [one.estimator for one in MODELS.values() if one.estimator]
    types = [TRUSTED, *(one.types for one in kinds if isinstance(one, SklearnEstimator))]
    for name in {name for listed in types for name in listed}:
        module, _, attribute = name.rpartition(".")
        assert isinstance(getattr(importlib.import_module(module), attribute), type), name
    assert all(len(set(listed)) == len(listed) for listed in types)


@pytest.mark.parametrize("name", [names.PREPARATION, ESTIMATOR])
def test_a_missing_or_changed_file_is_said(tmp_path, name):
    save_model(tmp_path, fitted("logistic"), facts=facts())
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:-1] + b"x")
    with pytest.raises(InputError, match="SHA-256 differs"):
        load_model(tmp_path)
    planted(tmp_path, content[: len(content) // 2], name=name)
    with pytest.raises(InputError, match="is damaged"):
        load_model(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path)


def test_a_damaged_booster_is_said(tmp_path):
    save_model(tmp_path, fitted("xgboost"), facts=facts())
    planted(tmp_path, b"{not a booster", name="booster.ubj")
    with pytest.raises(InputError, match=r"booster\.ubj: is damaged"):
        load_model(tmp_path)


def edited(folder: Path, **entries) -> None:
    record = json.loads((folder / names.INFO).read_text())
    (folder / names.INFO).write_text(json.dumps({**record, **entries}))


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"format": 1}, "not a model of format 3"),
        ({"sha256": {"../../etc/passwd": "0"}}, "lists the files"),
        ({"sha256": None}, "no sha256"),
        ({"facts": {}}, "is damaged"),
        ({"calibrator": {"kind": "magic", "x": [], "y": []}}, "magic"),
        ({"threshold": "high"}, "is damaged"),
        ({"libraries": {"scikit-learn": "99.1"}}, "saved by scikit-learn 99.1, which is newer"),
        ({"libraries": {"skops": "99.0.dev1"}}, "newer"),
    ],
)
def test_a_wrong_record_is_said(tmp_path, entries, said):
    save_model(tmp_path, fitted("logistic"), facts=facts())
    edited(tmp_path, **entries)
    with pytest.raises(InputError, match=said):
        load_model(tmp_path)


def test_a_newer_library_of_the_estimator_is_refused(tmp_path):
    save_model(tmp_path, fitted("xgboost"), facts=facts())
    edited(tmp_path, libraries={"xgboost": "99.0"})
    with pytest.raises(InputError, match=r"saved by xgboost 99\.0, which is newer"):
        load_model(tmp_path)


def test_a_folder_without_a_model_says_how_to_get_one(tmp_path):
    with pytest.raises(InputError, match=r"no saved model here.*compare again"):
        load_model(tmp_path)
    (tmp_path / names.INFO).write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path)


def test_an_older_scikit_learn_is_noted(tmp_path):
    types = estimator_of(parse_candidate("logistic")).types
    content = dump(trained("logistic"), types=types)
    older = doctored(content, lambda schema: age(schema["content"]["content"]))
    _, notes = load(older, path=tmp_path, types=types)
    assert len(notes) == 1
    assert "saved by scikit-learn 1.2.0" in notes[0]


def age(content) -> None:
    content["_sklearn_version"]["content"] = '"1.2.0"'
    content["_sklearn_version"]["__id__"] = 10**6


def test_numbers_of_a_search_are_written_as_plain_ones(tmp_path):
    made = replace(fitted("logistic"), parameters={"C": np.float64(0.5), "k": np.int64(3), "penalty": "l1"})
    save_model(tmp_path, made, facts=facts())
    assert load_model(tmp_path).fitted.parameters == {"C": 0.5, "k": 3, "penalty": "l1"}


def test_isotonic_calibrators_come_back(tmp_path):
    made = replace(fitted("xgboost"), calibrator=Calibrator("isotonic", (0.1, 0.5), (0.0, 0.9)))
    save_model(tmp_path, made, facts=facts())
    np.testing.assert_allclose(load_model(tmp_path).fitted.calibrator(np.array([0.3, 0.9])), [0.45, 0.9], rtol=1e-15)


def test_training_range_and_what_lies_outside():
    x = np.array([[1.0, np.nan, 5.0], [3.0, np.nan, np.nan]])
    low, high = training_range(x)
    np.testing.assert_array_equal(low, [1, np.nan, 5])
    np.testing.assert_array_equal(high, [3, np.nan, 5])
    known = replace(facts(), features=("a", "b", "c"), low=low, high=high)
    outside = known.outside(np.array([[1.0, np.nan, 5.0], [3.1, 7.0, np.nan], [0.9, np.nan, 4.9]]))
    np.testing.assert_array_equal(outside, [[0, 0, 0], [1, 1, 0], [1, 0, 1]])
    assert facts_record(facts_from(json.loads(json.dumps(facts_record(known))))) == facts_record(known)


def test_certificates_come_from_the_table_and_give_verdicts():
    table = pd.DataFrame(
        {
            "target": [0.95, 0.99],
            "confidence": 0.9,
            "threshold": [0.1, np.nan],
            "upper": [0.7, np.nan],
            "needed": [45, 230],
            "sentence": "",
        }
    )
    one, two = certificates(table)
    assert one == Certificate(0.95, 0.9, 0.1, 0.7, 45)
    assert one.verdict(0.0999) == "below the certified threshold: rule-out at sensitivity 0.95, 90% confidence"
    assert one.verdict(0.1) == one.verdict(0.6999) == "in the abstention band: a radiologist decides"
    assert one.verdict(0.7) == "positive: at or above the upper certified threshold"
    assert two.verdict(0.5) == "no certificate: needs 230 patients"
    assert replace(one, upper=None).verdict(0.99) == "in the abstention band: a radiologist decides"


def test_boosters_keep_their_nulls_and_their_rounds():
    x, _ = toy_rows(seed=4)
    assert np.isnan(x).any()
    assert trained("xgboost").num_boosted_rounds() == 12


@pytest.mark.reported("Faults", "forest whose nodes point outside, or back (crash or hang in the library)", "refused")
@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("forest", "left_child", 10**6),
        ("forest", "right_child", 0),
        ("forest", "feature", 999),
        ("bagged-forest", "left_child", 10**6),
        ("bagged-forest", "right_child", 0),
    ],
)
def test_a_forged_forest_is_refused(kind, field, value):
    estimator = fitted(kind).estimator
    content = estimator.save(trained(kind))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            nodes = np.load(io.BytesIO(part)) if name.endswith(".npy") else np.zeros(0)
            if nodes.dtype.names and field in nodes.dtype.names:
                nodes[field][0] = value
                changed = io.BytesIO()
                np.save(changed, nodes)
                part = changed.getvalue()
            new.writestr(name, part)
    assert estimator.load(content, path=Path("m"))[0] is not None
    with pytest.raises(InputError, match="point nowhere"):
        estimator.load(out.getvalue(), path=Path("m"))
