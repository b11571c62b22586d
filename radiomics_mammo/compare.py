"""Compare models on feature tables with nested cross-validation grouped by person; write a run folder."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.console import complain, progress, run_command, say
from radiomics_mammo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from radiomics_mammo.models.data.cohort import Question
    from radiomics_mammo.models.data.sides import Sides
    from radiomics_mammo.models.run.model_facts import ModelFacts
    from radiomics_mammo.models.run.record import Asked
    from radiomics_mammo.models.run.runinfo import RunInfo
    from radiomics_mammo.models.study import Options, Study
    from radiomics_mammo.models.training.device import Device
    from radiomics_mammo.models.training.fitted import Fitted
    from radiomics_mammo.models.training.plan import Plan
    from radiomics_mammo.models.training.store import FoldStore

_EXPLAINED_ROWS = 20_000  # repeats are explained until their rows pass this; the first always is
_EXPLAINED_FEATURES = 30  # features whose values are kept beside their contributions, for the figures

EPILOG = """\
models (each but the baselines may be followed by a sampler; xgboost+all names all of them):
  baselines              prevalence; size, shape, metadata, scanner (logistic regression on those columns alone);
                         readers (the radiologists' assessment, as it is)
  linear                 logistic (L2), lasso (L1), elasticnet, svm; they may choose few features first
  others                 svm-rbf, forest, extratrees, xgboost
  MODEL+SAMPLER          weights, oversampling, smote, borderline, adasyn, smoteenn, bagging (balanced)

what is written to OUT:
  predictions.parquet    out-of-fold: case_id, patient_id, model, repeat, fold, y, p (calibrated), raw, called
  summary.csv            model, metric, value, low, high (95% patient-bootstrap interval)
  differences.csv        each resampled model minus its plain twin, paired; as_trained.csv: before calibration
  pairs.csv, auroc.csv   differences in AUROC with Obuchowski and Nadeau-Bengio tests, Holm-adjusted; intervals
  operating.csv, certified.csv, subgroups.csv, reliability.csv, decision_curve.csv, winner.csv
  leakage.csv, canaries.csv                  what usual mistakes would have been worth; checks for leaks
  tuned.csv, selection.csv, folds.parquet, cases.parquet, shap.parquet, shap_values.parquet
  test_*.csv, test_predictions.parquet, label_shift.csv    with --test or --split official
  model/, model_card.html, model_card.json   the model that is kept: python -m radiomics_mammo.predict OUT
  run.json, timings.json
A last column, data, says phantom where images were simulated, else real (cases.parquet: a column phantom).

Splits are made on the person and stratified. Imputation, scaling, pruning, selection, resampling, tuning,
calibration and thresholds are fitted on training people only. The same tables, options and seed give the same
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
        description=__doc__,
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
    from radiomics_mammo.models.data.cohort import Question
    from radiomics_mammo.models.data.units import RULES, UNITS

    asked = Question()
    group = parser.add_argument_group("what is asked of the table")
    group.add_argument("--label", default=asked.label, help="column with the outcome (default: %(default)s)")
    group.add_argument(
        "--group",
        default=asked.group,
        help="column with the person; splits are made on it (default: %(default)s)",
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
        help="let a numeric column in as a feature (repeatable; the report names it). Readers' opinions and "
        "identity columns never are features otherwise",
    )
    group.add_argument("--drop-unlabelled", action="store_true", help="leave rows without a label out")
    group.add_argument(
        "--unit",
        choices=list(UNITS),
        default=asked.unit,
        help="what one prediction is about: a row of the table (lesion), or all rows of an image, a breast, a person "
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
        help="a held-out or external table (several are joined): people in it are left out of training",
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
    from radiomics_mammo.models.study import Options

    plain = Options()
    group = parser.add_argument_group("how it is compared")
    group.add_argument("--models", default="", help="comma-separated (default: all baselines and models)")
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
        help="draws of people for the intervals (default: %(default)s)",
    )
    group.add_argument(
        "--workers", type=int, default=0, help="processes (default: all usable cores); changes the time only"
    )


def _add_device(parser: argparse.ArgumentParser) -> None:
    from radiomics_mammo.models.study import Options
    from radiomics_mammo.models.training.device import DEVICES, TREE_METHODS

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
    from radiomics_mammo.models.study import Options
    from radiomics_mammo.models.training.calibrate import CALIBRATIONS
    from radiomics_mammo.models.training.ranking import RANKINGS

    plain = Options()
    group = parser.add_argument_group("inside a fold, and what is kept")
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
    group.add_argument("--keep", default="", metavar="ARM", help="whose model is kept (default: the best AUROC)")
    group.add_argument(
        "--sensitivity",
        type=float,
        default=plain.sensitivity,
        help="to be certified, by person (default: %(default)s)",
    )
    group.add_argument("--confidence", type=float, default=plain.confidence, help="of it (default: %(default)s)")
    group.add_argument("--no-leakage", action="store_true", help="skip the table of what mistakes would be worth")


def _question(args: argparse.Namespace) -> Question:
    from radiomics_mammo.models.data.cohort import Question

    return Question(
        label=args.label,
        group=args.group,
        positive=tuple(args.positive),
        negative=tuple(args.negative),
        also_features=tuple(args.also_feature),
        drop_unlabelled=args.drop_unlabelled,
        unit=args.unit,
        aggregate=args.aggregate,
    )


def _options(args: argparse.Namespace) -> Options:
    from joblib import cpu_count

    from radiomics_mammo.models.study import Options, check_options

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
        trials=plain.trials if args.trials is None else args.trials,
        inner=args.inner_folds,
        select=args.select,
        calibration=args.calibration,
        operate_at=args.operate_at,
        keep=args.keep,
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        0 when the run is written, 2 for wrong input or output, 130 for Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    return run_command(lambda: _compare(args))


def _compare(args: argparse.Namespace) -> int:
    from radiomics_mammo.models.data.sides import read_sides
    from radiomics_mammo.models.run.record import Asked
    from radiomics_mammo.models.run.runfolder import new_run
    from radiomics_mammo.models.run.unfinished import fold_store
    from radiomics_mammo.models.study import plan_study
    from radiomics_mammo.models.training.device import resolve_device

    asked = Asked(
        tuple(args.tables), _question(args), _options(args), tuple(args.test), args.split == "official", args.minutes
    )
    started = time.perf_counter()
    options = asked.options
    device = resolve_device(tree_method=options.tree_method, device=options.device)
    with _stopping(), new_run(args.out, overwrite=args.overwrite) as folder:
        sides = read_sides(asked.tables, question=asked.question, test=asked.test, official=asked.official)
        plan = plan_study(sides, options=options, device=device)
        seconds = {"read": time.perf_counter() - started}
        with fold_store(args.out, asked.decides()) as store:
            asked, plan = _within_minutes(asked, plan, store)
            _say_plan(plan, sides, device, asked.options)
            study = _study(plan, asked.options, store)
            info = _write(folder, study, asked=asked, sides=sides, device=device, seconds=seconds)
    _say_result(args.out, info, study, seconds)
    return 0


def _within_minutes(asked: Asked, plan: Plan, store: FoldStore) -> tuple[Asked, Plan]:
    """Turn minutes into a number of trials, and say it: the same number gives the same run."""
    from radiomics_mammo.models.training.budget import trials_within

    if not asked.minutes:
        return asked, plan
    trials = store.trials()
    if trials is None:
        say("timing one fold with default settings …")
        trials = trials_within(plan, minutes=asked.minutes, workers=asked.options.workers)
        store.keep_trials(trials)
    say(f"{trials} trials a model fit into about {asked.minutes:g} minutes (--trials {trials} repeats this run)")
    options = replace(asked.options, trials=trials)
    return replace(asked, options=options), replace(plan, tuning=replace(plan.tuning, trials=trials))


def _study(plan: Plan, options: Options, store: FoldStore) -> Study:
    from radiomics_mammo.models.study import run_study
    from radiomics_mammo.models.training.crossval import steps

    with progress(steps(plan), what="models trained") as advance:
        return run_study(plan, options=options, store=store, on_done=lambda name: advance(note=name))


def _write(
    folder: Path, study: Study, *, asked: Asked, sides: Sides, device: Device, seconds: dict[str, float]
) -> RunInfo:
    """Explain, keep the model, and write everything."""
    from radiomics_mammo.explain.contributions import importance
    from radiomics_mammo.models.run.keep import keep_model
    from radiomics_mammo.models.run.record import run_info, write_run, write_timings

    seconds |= study.seconds
    started = time.perf_counter()
    contributions = _explain(study, asked.options)
    seconds["explain"] = time.perf_counter() - started
    info = run_info(study, asked=asked, sides=sides, device=device, failures=_copy_failures(asked.tables[0], folder))
    top = [] if contributions is None else importance(contributions).index[:_EXPLAINED_FEATURES].tolist()
    write_run(folder, info, study, contributions=contributions, top=top)
    started = time.perf_counter()
    kept = keep_model(folder, study, info)
    if kept is not None:
        _write_card(folder, info, study, *kept)
    seconds["keep"] = time.perf_counter() - started
    write_timings(folder, stages=seconds, study=study, workers=asked.options.workers)
    return info


def _write_card(folder: Path, info: RunInfo, study: Study, fitted: Fitted, facts: ModelFacts) -> None:
    from radiomics_mammo.atomic import write_bytes
    from radiomics_mammo.explain.card_page import card_page
    from radiomics_mammo.models.run.model_card import card_json, model_card
    from radiomics_mammo.models.run.results import results_of
    from radiomics_mammo.models.run.runfolder import CARD, CARD_JSON

    card = model_card(info, fitted, facts, summary=study.compared.summary, results=results_of(study.tables))
    write_bytes(folder / CARD_JSON, card_json(card))
    write_bytes(folder / CARD, card_page(card).encode())


@contextmanager
def _stopping() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        complain("stopped: no run was written; the finished folds are kept, and the same command goes on from there")
        raise


def _explain(study: Study, options: Options) -> pd.DataFrame | None:
    """Compute SHAP values of the best tree model on the rows that each of its folds left out."""
    from radiomics_mammo.explain.contributions import contribution_table, contributions
    from radiomics_mammo.models.run.record import unit_names
    from radiomics_mammo.models.training.held_out import measure_held_out

    plan = study.plan
    if study.best_tree is None:
        return None
    repeats = min(plan.n_repeats, max(1, _EXPLAINED_ROWS // plan.cohort.y.size))
    with progress(repeats * plan.n_folds, what=f"folds of {study.best_tree.name} explained") as advance:
        parts = measure_held_out(
            plan,
            study.best_tree,
            study.outcome,
            repeats=repeats,
            measure=contributions,
            workers=options.workers,
            on_done=lambda _: advance(),
        )
    return contribution_table(parts, unit_names(plan.cohort), plan.cohort.features)


def _copy_failures(table: Path, folder: Path) -> int:
    """Keep the failures table with the run and count its cases; -1 where extract left none."""
    from radiomics_mammo.failures import failures_path, read_failures
    from radiomics_mammo.models.run.runfolder import FAILURES

    path = failures_path(table)
    if not path.is_file():
        return -1
    count = len(read_failures(path))
    shutil.copyfile(path, folder / FAILURES)
    return count


def _say_plan(plan: Plan, sides: Sides, device: Device, options: Options) -> None:
    from radiomics_mammo.models.run.record import is_phantom

    cohort, units = plan.cohort, plan.cohort.units
    if is_phantom(sides):
        say("PHANTOM: simulated images; the figures say nothing about patients.")
    negative, positive = cohort.classes
    of = "" if units.kind == "lesion" else f", in {units.y.size} units ({units.kind}, {units.rule} of its rows)"
    say(
        f"{cohort.y.size} cases of {cohort.n_people} people{of}: {int(units.y.sum())} {positive}, "
        f"{int((units.y == 0).sum())} {negative}; {len(cohort.features)} features"
    )
    if plan.test is not None:
        tested = plan.test.units
        say(f"held out: {tested.y.size} of {plan.test.n_people} people, {int(tested.y.sum())} {positive}")
    say(
        f"{len(plan.arms)} models, {plan.n_folds} folds x {plan.n_repeats} repeats, split by {cohort.group_column}, "
        f"{plan.tuning.trials} trials in {plan.tuning.folds} inner folds; XGBoost on {device.device}; "
        f"{options.workers} workers"
    )
    for remark in (*cohort.remarks, *([device.note] if device.note else [])):
        say(f"note: {remark}")


def _say_result(out: Path, info: RunInfo, study: Study, seconds: dict[str, float]) -> None:
    from radiomics_mammo.compared import say_tables
    from radiomics_mammo.models.run.runfolder import CARD, INFO

    say_tables(info, study)
    for note in info.notes:
        say(f"note: {note}")
    say(", ".join(f"{stage} {value:.1f} s" for stage, value in seconds.items()))
    say(f"run: {out / INFO}")
    if info.kept:
        say(f"model card: {out / CARD}; new cases: python -m radiomics_mammo.predict {out} --table TABLE")
    say(f"next: python -m radiomics_mammo.report {out}")


if __name__ == "__main__":
    sys.exit(main())
