"""The options of ``compare``, and what they mean."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.errors import InputError

if TYPE_CHECKING:
    from radiomics_mammo.evaluation.cohort.cohort import Target
    from radiomics_mammo.evaluation.options import Options

DESCRIPTION = "Compare models on feature tables with nested cross-validation grouped by patient; write a run folder."
EPILOG = """\
models (each but the baselines may be followed by a sampler; xgboost+all names all of them):
  baselines              prevalence; size, shape, metadata, scanner (logistic regression on those columns alone);
                         readers (the radiologists' assessment, as it is)
  linear                 logistic (L2), lasso (L1), elasticnet, svm; they may choose few features first
  others                 svm-rbf, forest, extratrees, xgboost
  of embeddings          probe (linear probe), emb-logistic, emb-xgboost (both on principal components found in the
                         fold), head (dense head); MODEL@EMBEDDER for one of several, as probe@crop_embEfficientnetLite0
                         (a sampler comes first: emb-xgboost+smote@crop_embEfficientnetLite0)
  of both                fusion-logistic, fusion-xgboost (early); average, rank-average, stack (late, of --members)
  MODEL+SAMPLER          weights, oversampling, smote, borderline, adasyn, smoteenn, bagging (balanced)

what is written to OUT:
  predictions.parquet    out-of-fold: case_id, patient_id, model, repeat, fold, y, p (calibrated), raw, called
  summary.csv            model, metric, value, low, high (95% patient-bootstrap interval)
  differences.csv        each resampled model minus its plain twin, paired; uncalibrated.csv: before calibration
  pairs.csv, auroc.csv   differences in AUROC with Obuchowski and Nadeau-Bengio tests, Holm-adjusted; intervals
  ensembles.csv          each ensemble minus its best single member, paired; probes.csv: one row an embedder
  confusion.csv, learning_curves.csv (of dense heads), neighbours.csv, out_of_range.csv
  shap_features.csv, shap_groups.csv, shap_stability.csv, shap_interactions.csv, shap_clusters.csv, shap_permutation.csv
                         what the contributions come to, and what shuffled labels give
  operating.csv, certified.csv, subgroups.csv, reliability.csv, decision_curve.csv, selection_bias.csv
  auroc_inflation.csv, leakage_checks.csv                  AUROC inflation by common errors; checks for leakage
  tuned_parameters.csv, feature_selection.csv, folds.parquet, cases.parquet, shap.parquet, shap_values.parquet
  test_*.csv, test_predictions.parquet, label_shift.csv    with --test or --split official
  model/, model_card.html, model_card.json   the final model: python -m radiomics_mammo.predict OUT
  run.json, timings.json
A last column, data, says phantom where images were simulated, else real (cases.parquet: a column phantom).

Splits are made on the patient and stratified. Imputation, scaling, pruning, selection, resampling, tuning,
calibration and thresholds are fitted on training patients only. The same tables, options and seed give the same
files, whatever --workers is (timings.json aside); --minutes chooses --trials by the clock, and run.json says how
many it chose. OUT appears when the run is whole; an interrupted run goes on at the fold where it was.

examples:
  python -m radiomics_mammo.compare features/tables/cbis.parquet --out runs/cbis
  python -m radiomics_mammo.compare features/tables/cbis.parquet --split official --minutes 30 --out runs/official
  python -m radiomics_mammo.compare mine.csv clinical.csv --label pathology --positive MALIGNANT --out runs/mine
  python -m radiomics_mammo.compare t.parquet --test other.parquet --models logistic,xgboost+all --out runs/ext
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.compare",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tables",
        type=Path,
        nargs="+",
        metavar="TABLE",
        help="feature table, Parquet or CSV; further ones (embeddings, clinical) are joined on case_id",
    )
    parser.add_argument("--out", type=Path, required=True, help="run folder to write, for example runs/mine")
    parser.add_argument("--overwrite", action="store_true", help="replace a run that is there already")
    _add_question(parser)
    _add_sides(parser)
    _add_options(parser)
    _add_device(parser)
    _add_fine_options(parser)
    return parser


def _add_question(parser: argparse.ArgumentParser) -> None:
    from radiomics_mammo.evaluation.cohort.cohort import Target
    from radiomics_mammo.evaluation.cohort.prediction_units import RULES, UNITS

    asked = Target()
    group = parser.add_argument_group("what is asked of the table")
    group.add_argument("--label", default=asked.label, help="column with the outcome (default: %(default)s)")
    group.add_argument(
        "--group",
        default=asked.group,
        help="column with the patient; splits are made on it (default: %(default)s)",
    )
    group.add_argument("--positive", nargs="+", default=[], metavar="VALUE", help="values that count as 1, if not 0/1")
    group.add_argument(
        "--negative", nargs="+", default=[], metavar="VALUE", help="values that count as 0, if several remain"
    )
    group.add_argument(
        "--also-feature",
        action="append",
        default=[],
        metavar="COLUMN",
        help="let a numeric column in as a feature, or all that fit a pattern such as 'emb_*' (repeatable; the report "
        "names them). Readers' opinions and identity columns never are features otherwise; the assessment never is",
    )
    group.add_argument("--drop-unlabelled", action="store_true", help="leave rows without a label out")
    group.add_argument(
        "--unit",
        choices=list(UNITS),
        default=asked.unit,
        help="what one prediction is about: a row of the table (lesion), or all rows of an image, a breast, a patient "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--aggregate",
        choices=list(RULES),
        default=asked.aggregate,
        help="how the scores of a unit's rows become one, before calibration (default: %(default)s)",
    )


def _add_sides(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("who is held out")
    group.add_argument(
        "--test",
        type=Path,
        nargs="+",
        default=[],
        metavar="TABLE",
        help="a held-out or external table (several are joined): patients in it are left out of training",
    )
    group.add_argument(
        "--split", choices=("official",), help="official: test on the rows that CBIS-DDSM calls test (column split)"
    )
    group.add_argument(
        "--shift",
        default="",
        metavar="em|SHARE",
        help="move the test set's probabilities to another prevalence: em estimates it without labels",
    )


def _add_options(parser: argparse.ArgumentParser) -> None:
    from radiomics_mammo.evaluation.options import Options

    plain = Options()
    group = parser.add_argument_group("how it is compared")
    group.add_argument("--models", default="", help="comma-separated (default: all that the tables have columns for)")
    group.add_argument(
        "--members",
        default="",
        help="candidates that average, rank-average and stack are made of (default: the usual four)",
    )
    group.add_argument("--folds", type=int, default=plain.folds, help="default: %(default)s")
    group.add_argument("--repeats", type=int, default=plain.repeats, help="default: %(default)s")
    group.add_argument("--seed", type=int, default=plain.seed, help="default: %(default)s")
    group.add_argument(
        "--trials",
        type=int,
        default=None,
        help=f"settings tried for each model in each fold; the first are the defaults (default: {plain.trials})",
    )
    group.add_argument(
        "--minutes", type=float, default=0.0, help="choose the number of trials so that the run takes about so long"
    )
    group.add_argument(
        "--bootstrap",
        type=int,
        default=plain.bootstrap,
        metavar="DRAWS",
        help="draws of patients for the intervals (default: %(default)s)",
    )
    group.add_argument(
        "--workers", type=int, default=0, help="processes (default: all usable cores); changes the time only"
    )


def _add_device(parser: argparse.ArgumentParser) -> None:
    from radiomics_mammo.evaluation.options import Options
    from radiomics_mammo.evaluation.training.device import DEVICES, TREE_METHODS

    plain = Options()
    group = parser.add_argument_group("what XGBoost trains with")
    group.add_argument(
        "--tree-method",
        choices=TREE_METHODS,
        default=plain.tree_method,
        help="XGBoost's; gpu_hist is taken for hist on CUDA where there is a device (default: %(default)s)",
    )
    group.add_argument(
        "--device",
        choices=DEVICES,
        default=plain.device,
        help="what XGBoost trains on: cuda fails without one, auto takes it if it is there (default: cpu)",
    )


def _add_fine_options(parser: argparse.ArgumentParser) -> None:
    from radiomics_mammo.evaluation.options import Options
    from radiomics_mammo.evaluation.training.calibration import CALIBRATIONS
    from radiomics_mammo.evaluation.training.feature_selection import RANKINGS

    plain = Options()
    group = parser.add_argument_group("inside a fold, and the final model")
    group.add_argument(
        "--inner-folds", type=int, default=plain.inner, help="folds for tuning and calibration (default: %(default)s)"
    )
    group.add_argument(
        "--select",
        choices=("auto", "none", *RANKINGS),
        default=plain.select,
        help="few features first: auto lets linear models and SVMs tune it; a name does it for all but XGBoost, "
        "which chooses by itself (default: %(default)s)",
    )
    group.add_argument("--calibration", choices=CALIBRATIONS, default=plain.calibration, help="default: %(default)s")
    group.add_argument(
        "--operate-at",
        default=plain.operate_at,
        metavar="RULE",
        help="where calls are made: sensitivity:0.9, specificity:0.9, youden or a probability (default: %(default)s)",
    )
    group.add_argument(
        "--final-model", default="", metavar="MODEL", help="model that is saved for predict (default: the best AUROC)"
    )
    group.add_argument(
        "--sensitivity",
        type=float,
        default=plain.sensitivity,
        help="to be certified, by patient (default: %(default)s)",
    )
    group.add_argument("--confidence", type=float, default=plain.confidence, help="of it (default: %(default)s)")
    group.add_argument("--no-leakage", action="store_true", help="skip the AUROC inflation by common leakage errors")


def target_of(args: argparse.Namespace) -> Target:
    """Give what is asked of the tables."""
    from radiomics_mammo.evaluation.cohort.cohort import Target

    return Target(
        label=args.label,
        group=args.group,
        positive=tuple(args.positive),
        negative=tuple(args.negative),
        also_features=tuple(args.also_feature),
        drop_unlabelled=args.drop_unlabelled,
        unit=args.unit,
        aggregate=args.aggregate,
    )


def options_of(args: argparse.Namespace) -> Options:
    """Give how it is compared, checked.

    Raises
    ------
    InputError
        Naming the option and what it may be.
    """
    from joblib import cpu_count

    from radiomics_mammo.evaluation.options import Options, check_options

    if args.minutes < 0 or (args.minutes and args.trials is not None):
        raise InputError(
            "--minutes chooses the number of trials, and --trials names it"
            if args.minutes > 0
            else f"--minutes is {args.minutes:g}",
            remedy="Use one of the two, with a positive number.",
        )
    plain = Options()
    options = Options(
        folds=args.folds,
        repeats=args.repeats,
        seed=args.seed,
        models=args.models,
        members=args.members,
        trials=plain.trials if args.trials is None else args.trials,
        inner=args.inner_folds,
        select=args.select,
        calibration=args.calibration,
        operate_at=args.operate_at,
        final_model=args.final_model,
        sensitivity=args.sensitivity,
        confidence=args.confidence,
        shift=args.shift,
        bootstrap=args.bootstrap,
        tree_method=args.tree_method,
        device=args.device,
        leakage=not args.no_leakage,
        workers=args.workers or cpu_count(),
    )
    check_options(options, test=bool(args.test or args.split))
    return options
