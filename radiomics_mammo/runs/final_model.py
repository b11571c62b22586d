"""The final model of a run: trained on all patients, saved, and described on a card."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.metrics.certified_sensitivity import TARGETS, certified_table
from radiomics_mammo.evaluation.out_of_distribution.training_distribution import TrainingDistribution
from radiomics_mammo.evaluation.result_tables.decisions import selected_among_several
from radiomics_mammo.evaluation.study import Study
from radiomics_mammo.evaluation.training.cross_validation import fit_final_model
from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.evaluation.training.registry import block_of, candidate_title
from radiomics_mammo.runs.model_metadata import ModelFacts, certificates, training_range
from radiomics_mammo.runs.run_files import MODEL
from radiomics_mammo.runs.run_info import RunInfo
from radiomics_mammo.runs.saved_model import save_model


def save_final_model(folder: Path, study: Study, info: RunInfo) -> tuple[Fitted, ModelFacts] | None:
    """Train the kept candidate on all patients and save it with its certificates."""
    if study.final is None:
        return None
    plan, candidate = study.plan, study.final
    units, block = plan.cohort.units, block_of(candidate)
    fitted, _ = fit_final_model(plan, candidate, study.outcome)
    options = info.command
    if candidate == study.best:
        table = study.tables["certified"]
    else:
        p, targets = study.outcome.p[plan.candidates.index(candidate)], sorted({*TARGETS, options["sensitivity"]})
        several = not options.get("final_model") and selected_among_several(plan.candidates)
        table = certified_table(
            units.y, p, units.group, targets=targets, confidence=options["confidence"], chosen=several
        )
    low, high = training_range(plan.cohort.take(block, np.arange(plan.cohort.y.size)))
    facts = ModelFacts(
        title=candidate_title(candidate),
        features=plan.cohort.names(block),
        low=low,
        high=high,
        label=info.label,
        classes=(info.classes[0], info.classes[1]),
        unit=info.unit,
        rule=info.rule,
        units=info.units,
        patients=info.patients,
        positives=info.positives,
        operating=plan.tuning.operate_at,
        target_sensitivity=float(options["sensitivity"]),
        certificates=certificates(
            table, checked=study.tables.get("test_certified") if candidate == study.best else None
        ),
        provenance=info.provenance,
        phantom=info.phantom,
        seed=plan.seed,
        versions=info.versions,
        group=info.group,
    )
    (folder / MODEL).mkdir()
    save_model(folder / MODEL, fitted, facts=facts, distribution=_distribution(study, candidate))
    return fitted, facts


def _distribution(study: Study, candidate: Candidate) -> TrainingDistribution:
    plan, block = study.plan, block_of(candidate)
    return TrainingDistribution.fit(
        plan.cohort.take(block, np.arange(plan.cohort.y.size)),
        plan.cohort.names(block),
        units=plan.cohort.units,
        rows=plan.cohort.rows,
        scores=study.outcome.raw[plan.candidates.index(candidate), 0],
        fold_of=plan.fold_of[0],
    )
