"""Embeddings in a comparison: kept apart from radiomic features, reduced inside the fold, fused early and late."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import EMBEDDINGS, FUSION, Candidate
from radiomics_mammo.evaluation.cohort.records import FEATURES as RADIOMIC
from radiomics_mammo.evaluation.cohort.train_test import TrainTest
from radiomics_mammo.evaluation.metrics.confusion import confusion_table
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.evaluation.study import plan_study, table_context
from radiomics_mammo.evaluation.summary import compare_candidates, explained_candidate
from radiomics_mammo.evaluation.training.calibration import logit
from radiomics_mammo.evaluation.training.cross_validation import cross_validate, fit_final_model, fold_data, refit
from radiomics_mammo.evaluation.training.device import Device
from radiomics_mammo.evaluation.training.embedding_transforms import FARTHEST, Compress
from radiomics_mammo.evaluation.training.ensembles import rank_average
from radiomics_mammo.evaluation.training.fold_data import FoldData
from radiomics_mammo.evaluation.training.fold_store import FoldStore
from radiomics_mammo.evaluation.training.plan import WHOLE
from radiomics_mammo.evaluation.training.preprocessing import source_columns
from radiomics_mammo.evaluation.training.registry import DEFAULT_CANDIDATES, parse_candidate, parse_candidates
from radiomics_mammo.evaluation.training.samplers import SAMPLERS
from radiomics_mammo.runs.model_metadata import ModelFacts
from radiomics_mammo.runs.saved_model import load_model, save_model
from radiomics_mammo.tables.feature_table import Table, embedder_of, feature_parts, is_embedding, is_feature_name
from tests.support.cohorts import FEATURES, embedded_frame
from tests.support.plans import cohort_of, plan_of

TWO = {"crop_embToy": 12, "breast_embOther": 5}


def test_embedding_columns_are_told_by_their_name():
    assert is_embedding("crop_embEfficientnetLite0_E0001")
    for name in ("original_glcm_Contrast", "crop_embedding_E0001", "emb_0001", "crop_emb_E1", "original_emb_Energy"):
        assert not is_embedding(name), name
    for name in ("mask_embVgg16_E0001", "breast_embToy_Embedding"):  # no outline's and no breast's own columns
        assert is_feature_name(name)
        assert feature_parts(name)[1].startswith("emb")
    assert not is_feature_name("mask_glcm_Contrast")
    assert embedder_of("crop_embEfficientnetLite0_E0001") == "crop_embEfficientnetLite0"


def test_embeddings_are_kept_apart_and_each_block_has_its_columns():
    frame = embedded_frame(patients=20, widths=TWO)
    shuffled = frame[[*frame.columns[:-12], *frame.columns[-12:][::-1]]]  # the columns of both embedders mixed up
    cohort = cohort_of(shuffled)
    assert cohort.features == FEATURES
    assert cohort.x.shape == (40, 8)
    assert set(cohort.embedders) == set(TWO)
    some = np.array([3, 0])
    for block in (RADIOMIC, EMBEDDINGS, FUSION, *TWO):
        assert cohort.offers(block)
        wanted = frame.loc[some, list(cohort.names(block))].to_numpy()
        np.testing.assert_array_equal(cohort.take(block, some), wanted)
    assert {embedder_of(name) for name in cohort.names("breast_embOther")} == {"breast_embOther"}
    assert cohort.widths(FUSION) == cohort.widths(EMBEDDINGS) != (17,)
    assert cohort.widths("crop_embToy") == (12,)
    assert cohort.widths(RADIOMIC) == ()
    assert len(cohort.columns) == 25
    assert not cohort.offers("crop_embNobody")


def test_a_table_of_embeddings_only_and_one_without():
    alone = cohort_of(embedded_frame(patients=20, radiomic=False))
    assert not alone.radiomic
    assert alone.x is alone.embedded.x
    assert alone.offers(EMBEDDINGS)
    assert not alone.offers(FUSION)
    without = cohort_of()
    assert without.radiomic
    assert not without.offers(EMBEDDINGS)
    frame = embedded_frame(patients=20)
    frame.loc[3, "crop_embToy_E0004"] = np.nan
    with pytest.raises(InputError, match="embeddings are null in 1 rows"):
        cohort_of(frame)


def test_components_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(40, 17)) * rng.uniform(0.1, 9, 17), rng.normal(size=(6, 17))
    x[:, 3] = 0.1  # constant, and yet its deviation is not 0 in floating point
    found = Compress((12, 5), 3).fit(x).transform(new)
    for at, part in enumerate((slice(0, 12), slice(12, 17))):
        own = make_pipeline(StandardScaler(), PCA(3, svd_solver="full")).fit(x[:, part])
        np.testing.assert_allclose(found[:, 3 * at : 3 * at + 3], own.transform(new[:, part]), atol=1e-10)
    kept = Compress((12, 5), 0).fit(x)
    new[:, 3] = x[0, 3]
    np.testing.assert_allclose(kept.transform(new), StandardScaler().fit(x).transform(new), atol=1e-12)
    assert kept.sizes() == [12, 5]
    new[0, 5], new[1, 3] = 1e6, 0.1 + 1e-9  # hardly varied before; did not vary at all
    assert kept.transform(new)[0, 5] == FARTHEST
    assert abs(kept.transform(new)[1, 3]) < 1e-6
    nothing = np.full((40, 17), 0.1)  # a network that sees nothing
    np.testing.assert_allclose(Compress((17,), 3).fit(nothing).transform(nothing), 0, atol=1e-12)
    wide = Compress((12, 5), 64).fit(x[:8])
    assert wide.sizes() == [8, 5]  # no more than there are rows or columns


def test_components_are_found_on_training_rows_only():
    frame = embedded_frame(patients=30)
    plan = plan_of(frame, candidates="emb-logistic", folds=3)
    held = plan.test_units(0, 1)
    other = replace(plan.cohort.embedded, x=plan.cohort.embedded.x.copy())
    other.x[held] += 1_000.0
    changed = replace(plan, cohort=replace(plan.cohort, embedded=other))
    one, two = (fold_data(p, Candidate("emb-logistic"), repeat=0, fold=1) for p in (plan, changed))
    np.testing.assert_array_equal(one.prepared(WHOLE).train, two.prepared(WHOLE).train)
    assert (one.test_rows() != two.test_rows()).all()


def test_early_fusion_gives_both_and_knows_where_they_come_from():
    plan = plan_of(embedded_frame(patients=40, widths=TWO), candidates="fusion-xgboost,fusion-logistic", folds=2)
    bench = fold_data(plan, Candidate("fusion-logistic"), repeat=0, fold=0)
    made = bench.prepared(WHOLE)
    source = source_columns(made.steps)
    assert source.size == made.train.shape[1]
    assert set(source.tolist()) == set(range(8)) | {8, 9}
    order = list(plan.cohort.embedders)
    assert np.count_nonzero(source == 8 + order.index("breast_embOther")) == 5
    _, fitted = refit(plan, Candidate("fusion-xgboost"), cross_validate(plan), repeat=0, fold=0)
    assert fitted.block == FUSION
    assert np.isfinite(fitted.score(bench.test_rows())).all()


def test_signal_in_embeddings_is_found_by_each_model_and_noise_is_not():
    candidates = "probe,emb-logistic,emb-xgboost,head"
    strong = plan_of(embedded_frame(patients=80, strength=2.5), candidates=candidates, folds=2)
    assert all(roc_auc_score(strong.cohort.y, p[0]) > 0.85 for p in cross_validate(strong).p)
    noise = plan_of(embedded_frame(patients=150, strength=0), candidates=candidates, folds=2)
    assert all(0.3 < roc_auc_score(noise.cohort.y, p[0]) < 0.7 for p in cross_validate(noise).p)


def test_ranks_are_among_the_training_units_and_counted_by_hand():
    known = np.array([[0.1, 5.0], [0.2, 6.0], [0.2, 7.0], [0.4, 8.0]])
    found = rank_average(known, np.array([[0.2, 9.0], [0.0, 5.5]]))
    # 0.2: one below and two equal of four; 9: all below. 0.0: none below; 5.5: one below.
    np.testing.assert_allclose(found, [((1 + 1) / 4 + 1) / 2, (0 + 1 / 4) / 2])


def test_ensembles_are_made_of_their_members_scores():
    candidates = "logistic,emb-logistic,average,rank-average,stack"
    plan = plan_of(embedded_frame(patients=60), candidates=candidates, members="logistic,emb-logistic", folds=3)
    found = cross_validate(plan)
    choices = {name: found.tuned[name, 0, 1] for name in ("logistic", "emb-logistic", "average", "stack")}
    bench = FoldData(plan, repeat=0, fold=1, block=RADIOMIC)
    held = np.column_stack(
        [choices[name].calibrator(choices[name].out_of_fold) for name in ("logistic", "emb-logistic")]
    )
    test = plan.test_units(0, 1)
    p = found.p[:2, 0, test].T
    np.testing.assert_allclose(found.raw[2, 0, test], p.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(found.raw[3, 0, test], rank_average(held, p), atol=1e-12)
    stack = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1_000))
    stack.fit(logit(held), bench.unit_y)
    np.testing.assert_allclose(found.raw[4, 0, test], stack.predict_proba(logit(p))[:, 1], atol=1e-6)
    assert choices["stack"].parameters["members"] == ["logistic", "emb-logistic"]
    assert not np.isnan(found.p).any()


def test_a_members_own_test_rows_have_no_part_in_an_ensemble():
    candidates = "logistic,emb-logistic,stack,average"
    plan = plan_of(embedded_frame(patients=60), candidates=candidates, members="logistic,emb-logistic", folds=3)
    held = plan.test_units(0, 1)
    y = plan.cohort.y.copy()
    y[held] = 1 - y[held]
    units = replace(plan.cohort.units, y=y)
    turned = cross_validate(replace(plan, cohort=replace(plan.cohort, y=y, units=units)))
    np.testing.assert_array_equal(turned.p[:, 0, held], cross_validate(plan).p[:, 0, held])


def test_kept_folds_give_the_same_ensemble(tmp_path):
    candidates = "logistic,head,stack"
    plan = plan_of(embedded_frame(patients=30), candidates=candidates, members="logistic,head", folds=2)
    first = cross_validate(plan, store=FoldStore(tmp_path))
    again = cross_validate(plan, store=FoldStore(tmp_path))
    np.testing.assert_array_equal(first.p, again.p)
    curves = [one.tuned["head", 0, 0].curves for one in (first, again)]
    np.testing.assert_array_equal(*curves)
    assert first.tuned["head", 0, 0].out_of_fold is not None
    assert plan_of(candidates="logistic").members == ()
    assert cross_validate(plan_of(candidates="logistic")).tuned["logistic", 0, 0].out_of_fold is None


def test_tables_of_ensembles_probes_and_heads():
    candidates = "logistic,probe,probe@crop_embToy,probe@breast_embOther,head,average"
    plan = plan_of(embedded_frame(patients=40, widths=TWO), candidates=candidates, members="logistic,probe", folds=2)
    context = table_context(plan, cross_validate(plan), options=ComparisonOptions(bootstrap=30))
    summary = context.comparison.summary
    for name in ("auroc", "ensembles", "learning_curves", "probes"):
        assert RESULT_TABLES[name].is_needed(context)
        context.tables[name] = RESULT_TABLES[name].compute(context)
    ensembles = context.tables["ensembles"].set_index("metric")
    value = summary.set_index(["model", "metric"])["value"]
    best = max(("logistic", "probe"), key=lambda name: value[name, "auroc"])
    assert (ensembles["against"] == best).all()
    for metric in ("auroc", "brier"):
        assert ensembles.loc[metric, "value"] == pytest.approx(value["average", metric] - value[best, metric])
    assert ensembles.loc["auroc", "members"] == "logistic; probe"
    curves = context.tables["learning_curves"]
    assert set(curves["part"]) == {"training", "validation"}
    assert curves.groupby("fold")["inner"].nunique().eq(2).all()
    assert (curves.groupby("fold")["epoch"].max() >= curves.groupby("fold")["chosen"].first()).all()
    probes = context.tables["probes"].set_index("embedder")
    assert probes["dims"].to_dict() == TWO
    assert probes.loc["breast_embOther", "auroc"] == pytest.approx(value["probe@breast_embOther", "auroc"])
    assert probes["test_auroc"].isna().all()


def test_counts_and_report_are_those_of_scikit_learn():
    rng = np.random.default_rng(3)
    y = (rng.random(200) < 0.3).astype(np.int8)
    p = np.clip(0.3 * y + rng.random(200) * 0.7, 0, 1)[None, None]
    table = confusion_table(["m"], y, p, p >= 0.4, certified={"m": 0.2}).set_index("at")
    for at, cut in (("half", 0.5), ("chosen", 0.4), ("certified", 0.2)):
        told = classification_report(y, p[0, 0] >= cut, output_dict=True)
        row = table.loc[at]
        for said, key in (
            ("negative", "False" if "False" in told else "0"),
            ("positive", "True" if "True" in told else "1"),
        ):
            for name, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
                assert row[f"{name}_{said}"] == pytest.approx(told[key][theirs])
            assert row[f"support_{said}"] == told[key]["support"]
        assert row["accuracy"] == pytest.approx(told["accuracy"])
    assert np.isnan(table.loc["chosen", "threshold"])
    nobody = confusion_table(["m"], y, p, p > 2, certified={}).set_index("at")
    assert np.isnan(nobody.loc["chosen", "precision_positive"])
    assert list(nobody.index) == ["half", "chosen"]


def _study(frame, **options):
    device = Device("hist", "cpu", "hist", "")
    cohort = cohort_of(frame)
    table = Table(frame, cohort.columns, {})
    return plan_study(
        TrainTest(cohort, None, table, None, ()), options=ComparisonOptions(folds=2, **options), device=device
    )


def test_default_candidates_follow_the_columns():
    names = [candidate.name for candidate in _study(embedded_frame(patients=40, widths=TWO)).candidates]
    assert {"probe", "head", "probe@crop_embToy", "head@breast_embOther", "fusion-xgboost", "stack"} <= set(names)
    assert names[0] == "prevalence"
    alone = {candidate.name for candidate in _study(embedded_frame(patients=40, radiomic=False)).candidates}
    assert {"prevalence", "metadata", "probe", "emb-logistic", "emb-xgboost", "head"} <= alone
    assert not alone & {"logistic", "xgboost", "fusion-xgboost", "stack", "size"}
    assert {candidate.name for candidate in _study(embedded_frame(patients=40)).members} == {
        "logistic",
        "xgboost+oversampling",
        "emb-logistic",
        "emb-xgboost",
    }
    plain = _study(embedded_frame(patients=40)[lambda f: [c for c in f.columns if not is_embedding(c)]])
    assert {candidate.name for candidate in plain.candidates} <= set(DEFAULT_CANDIDATES)
    assert plain.members == ()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"models": "logistic,stack"}, "an ensemble needs two members"),
        ({"models": "logistic,svm,stack", "members": "logistic,forest"}, "forest cannot be members"),
        ({"models": "logistic,svm,stack,average", "members": "logistic,average"}, "average cannot be members"),
        ({"models": "logistic,metadata,stack", "members": "logistic,metadata"}, "metadata cannot be members"),
        ({"models": "logistic,svm", "members": "logistic,svm"}, "no ensemble is compared"),
        ({"models": "probe@crop_embNobody"}, "no columns for probe@crop_embNobody"),
    ],
)
def test_what_cannot_be_put_together_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        _study(embedded_frame(patients=40), **options)


def test_embedders_behind_an_candidates_name():
    assert parse_candidate("head@breast_embOther") == Candidate("head", block="breast_embOther")
    assert parse_candidate("emb-xgboost+smote@crop_embToy").name == "emb-xgboost+smote@crop_embToy"
    assert [candidate.block for candidate in parse_candidates("probe+all@crop_embToy")] == ["crop_embToy"] * len(
        SAMPLERS
    )
    for text, said in (
        ("logistic@crop_embToy", "is not understood"),
        ("probe@", "is not understood"),
        ("probe@crop_embToy+smote", "is not understood"),
        ("head+smote", "smote does not go with head"),
        ("stack+weights", "weights does not go with stack"),
    ):
        with pytest.raises(InputError, match=said):
            parse_candidates(text)


def test_the_explained_candidate_is_a_booster_that_looks_at_features():
    candidates = parse_candidates("forest,xgboost,emb-xgboost,fusion-xgboost,xgboost+bagging")
    p = np.linspace(0, 1, 5 * 40).reshape(5, 1, 40)
    plan = plan_of(embedded_frame(patients=20))
    summary = compare_candidates(candidates, plan.cohort.units, p, draws=5, seed=0).summary
    best = {"forest": 0.9, "xgboost": 0.6, "emb-xgboost": 0.95, "fusion-xgboost": 0.7, "xgboost+bagging": 0.99}
    summary["value"] = summary["model"].map(best)
    assert explained_candidate(summary, candidates) == Candidate("fusion-xgboost")
    assert explained_candidate(summary, candidates[:1]) == Candidate("forest")
    assert explained_candidate(summary, parse_candidates("emb-xgboost")) is None


@pytest.mark.parametrize(
    "candidate", ["probe", "emb-logistic", "emb-xgboost", "head", "fusion-logistic", "fusion-xgboost"]
)
def test_models_of_embeddings_are_saved_and_score_as_they_did(candidate, tmp_path):
    plan = plan_of(embedded_frame(patients=30), candidates=candidate, folds=2)
    fitted, _ = fit_final_model(plan, Candidate(candidate), cross_validate(plan))
    x = plan.cohort.take(fitted.block, np.arange(10))
    names = plan.cohort.names(fitted.block)
    nothing = np.full(len(names), np.nan)
    facts = ModelFacts(
        title=candidate, features=names, low=nothing, high=nothing, label="malignant", classes=("benign", "malignant"),
        unit="lesion", rule="max", units=60, patients=30, positives=24, operating="youden",
        target_sensitivity=0.95, certificates=(),
        provenance={}, phantom=False, seed=0, versions={}, group="patient_id",
    )  # fmt: skip
    save_model(tmp_path, fitted, facts=facts)
    again = load_model(tmp_path).fitted
    assert again.block == fitted.block
    np.testing.assert_array_equal(again.score(x), fitted.score(x))
