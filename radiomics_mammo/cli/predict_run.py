"""One run of ``predict``, and its output on the screen."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path

import pandas as pd
from rich.table import Table as RichTable
from rich.text import Text

from radiomics_mammo.cli.predict_options import PredictOptions
from radiomics_mammo.core.console import (
    EXIT_ALL_FAILED,
    EXIT_OUT_OF_DISTRIBUTION,
    print_error,
    print_message,
    print_table,
)
from radiomics_mammo.errors import CaseError, InputError
from radiomics_mammo.evaluation.cohort.join import read_joined
from radiomics_mammo.prediction.score import Scored, check_table, score_table
from radiomics_mammo.prediction.verdicts import by_verdict, choose_certificate
from radiomics_mammo.runs.model_metadata import Certificate, ModelFacts
from radiomics_mammo.runs.results import read_patients
from radiomics_mammo.runs.run_folder import write_table
from radiomics_mammo.runs.saved_model import INFO, MODEL, SavedModel, load_model
from radiomics_mammo.tables.failures import failures_path
from radiomics_mammo.tables.feature_table import Table

SHOWN = 20
"""Rows on the screen; --out has all."""
_COLUMNS = (
    "case",
    "patient",
    "score",
    "p",
    "call",
    "p of patient",
    "verdict on patient",
    "out of range",
    "trained on",
)
_NUMBERS = ("score", "p", "p of patient", "out of range")


def predict_cases(options: PredictOptions) -> int:
    """Score cases, write the predictions and print them; return the exit code."""
    options.check_output()
    run, out = options.run, options.out
    if not run.is_dir():
        raise InputError("there is no such run folder", path=run, remedy="Run compare first, or check the path.")
    folder = run if (run / INFO).is_file() else run / MODEL
    model = load_model(folder)
    certificate = choose_certificate(model.facts, target=options.sensitivity)
    try:
        table = _measured(options, model) if options.image else _read(options, model)
    except CaseError as error:
        print_error(f"error: {error}")
        return EXIT_ALL_FAILED
    trained = read_patients(folder.parent)
    scored = score_table(
        model, table, certificate=certificate, training_patients=trained, single=options.image is not None
    )
    if out is not None:
        write_table(scored.predictions, out)
        if len(scored.failures):
            write_table(scored.failures, failures_path(out))
    _print_predictions(scored, model.facts, out=out)
    _print_model(model, certificate)
    for name, n in by_verdict(scored.predictions).items():
        print_message(f"  {n} of {len(scored.predictions)} predictions: {name}")
    if out is not None:
        print_message(f"predictions: {out.absolute()}")
    if options.strict and scored.distribution is not None and scored.distribution.alarming:
        return EXIT_OUT_OF_DISTRIBUTION
    return 0 if len(scored.predictions) else EXIT_ALL_FAILED


def _read(options: PredictOptions, model: SavedModel) -> Table:
    table = read_joined(options.table)
    check_table(model.facts, table, trusted=options.trust_table, paths=options.table)
    return table


def _measured(options: PredictOptions, model: SavedModel) -> Table:
    from radiomics_mammo.prediction.measure_image import ImageRequest, measure_image

    request = ImageRequest(**{each.name: getattr(options, each.name) for each in fields(ImageRequest)})
    return measure_image(model.facts, request)


def _print_predictions(scored: Scored, facts: ModelFacts, *, out: Path | None) -> None:
    for warning in scored.warnings:
        print_error(f"warning: {warning}")
    for case, cause in scored.failures[["case_id", "cause"]].head(SHOWN).itertuples(index=False):
        print_error(f"failed: {case}: {cause}")
    predictions = scored.predictions
    if len(predictions):
        print_table(_table(predictions.head(SHOWN), facts))
    if len(predictions) > SHOWN:
        print_message(f"... and {len(predictions) - SHOWN} more" + ("." if out else "; --out FILE.csv writes all."))


def _print_model(model: SavedModel, certificate: Certificate | None) -> None:
    facts = model.facts
    print_message(
        f"{facts.title}; {facts.classes[1]} at p ≥ {model.fitted.threshold:.3f} ({facts.operating}). Prior of the "
        f"probabilities: {100 * facts.prevalence:.1f}% {facts.classes[1]} among {facts.units} training units "
        f"({facts.unit}) of {facts.patients} patients."
    )
    if facts.phantom:
        print_message("PHANTOM: trained on simulated images.")
    if certificate is not None and certificate.contradicted:
        print_error("warning: The test set contradicts the certificate: no verdict on any patient.")
    elif certificate is not None and certificate.threshold is not None:
        upper = "no upper threshold" if certificate.upper is None else f"positive from {certificate.upper:.3f}"
        print_message(
            f"Certified {certificate.title}: rule-out where the highest p of the patient is below "
            f"{certificate.threshold:.3f}; {upper}."
        )


def _table(predictions: pd.DataFrame, facts: ModelFacts) -> RichTable:
    table = RichTable(title="Predictions" + (" (phantom)" if facts.phantom else ""))
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", overflow="fold")
    for row in predictions.to_dict("records"):
        texts = (
            row["case_id"],
            row["patient_id"],
            f"{row['score']:.3f}",
            f"{row['p']:.3f}",
            row["call"],
            "" if math.isnan(row["p_patient"]) else f"{row['p_patient']:.3f}",
            row["verdict"] + (f" ({row['out_of_distribution']})" if row.get("out_of_distribution") else ""),
            f"{row['out_of_range']}" + (f": {row['out_of_range_features']}" if row["out_of_range"] else ""),
            "yes" if row["remark"] else "",
        )
        table.add_row(*[Text(str(text)) for text in texts])  # names come from files: no markup
    return table
