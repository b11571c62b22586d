"""CLAIM, the checklist for artificial intelligence in medical imaging: 44 items of the update of 2024."""

from __future__ import annotations

from radiomics_mammo.explain.checklists import authors, data_answers, model_answers, worth_answers
from radiomics_mammo.explain.checklists.authors import paper, patients
from radiomics_mammo.explain.checklists.records import Checklist, Item

_DATA, _REFERENCE, _PARTITIONS = "Data", "Reference standard", "Data partitions"
_MODEL, _TRAINING, _EVALUATION = "Model", "Training", "Evaluation"
_RESULTS, _PERFORMANCE, _OTHER = "Results: data", "Results: performance", "Other information"

CLAIM_2024 = Checklist(
    "claim",
    "CLAIM: checklist for artificial intelligence in medical imaging",
    "Tejani AS, Klontzas ME, Gatti AA, et al. Radiol Artif Intell 2024;6(4):e240300",
    (
        Item("1", "Title", "Named as a study of AI, with the kind of technology", authors.technology),
        Item("2", "Abstract", "Summary of design, methods, results and conclusions", paper("text of the paper")),
        Item("3", "Introduction", "Background, intended use and role", paper("clinical context")),
        Item("4", "Introduction", "Aims, objectives and hypotheses", paper("text of the paper")),
        Item("5", "Study design", "Prospective or retrospective", patients("recruitment")),
        Item("6", "Study design", "Goal of the study", paper("text of the paper")),
        Item("7", _DATA, "Sources of the data", data_answers.sources),
        Item("8", _DATA, "Criteria of inclusion and exclusion", patients("recruitment")),
        Item("9", _DATA, "Preprocessing", data_answers.preparation),
        Item("10", _DATA, "Choice of subsets of the data", paper("what came before the table")),
        Item("11", _DATA, "De-identification", authors.deidentified),
        Item("12", _DATA, "Handling of missing data", data_answers.missing),
        Item("13", _DATA, "Protocol of image acquisition", authors.acquisition),
        Item("14", _REFERENCE, "How the reference standard was obtained", authors.outcome),
        Item("15", _REFERENCE, "Why this reference standard", patients("clinical context")),
        Item("16", _REFERENCE, "Who annotated the reference standard", authors.outlines),
        Item("17", _REFERENCE, "Annotation of the test set", authors.outlines),
        Item("18", _REFERENCE, "Variability between and within annotators", authors.outlines),
        Item("19", _PARTITIONS, "How data were assigned to partitions", data_answers.assignment),
        Item("20", _PARTITIONS, "Level at which partitions are disjoint", data_answers.disjoint),
        Item("21", "Testing data", "Intended sample size", authors.size),
        Item("22", _MODEL, "Description of the model", model_answers.models),
        Item("23", _MODEL, "Libraries, frameworks and packages", model_answers.libraries),
        Item("24", _MODEL, "Initial parameters", model_answers.initial),
        Item("25", _TRAINING, "Details of the training", model_answers.training),
        Item("26", _TRAINING, "How the final model was selected", model_answers.choice),
        Item("27", _TRAINING, "Ensembling", model_answers.ensembles),
        Item("28", _EVALUATION, "Metrics of performance", worth_answers.measures),
        Item("29", _EVALUATION, "Significance and uncertainty", worth_answers.uncertainty),
        Item("30", _EVALUATION, "Robustness or sensitivity analysis", worth_answers.robustness),
        Item("31", _EVALUATION, "Explainability or interpretability", model_answers.explained),
        Item("32", _EVALUATION, "Evaluation on internal data", worth_answers.evaluated),
        Item("33", _EVALUATION, "Testing on external data", worth_answers.external),
        Item("34", _EVALUATION, "Registration as a clinical trial", patients("registration")),
        Item("35", _RESULTS, "Numbers of patients or examinations in and out", data_answers.flow),
        Item("36", _RESULTS, "Characteristics of cases in each partition", data_answers.characteristics),
        Item("37", _PERFORMANCE, "Metrics with their uncertainty", worth_answers.uncertainty),
        Item("38", _PERFORMANCE, "Diagnostic performance and its precision", worth_answers.diagnostic),
        Item("39", _PERFORMANCE, "Analysis of incorrect results", worth_answers.mistakes),
        Item("40", "Discussion", "Limitations", worth_answers.limitations),
        Item("41", "Discussion", "Implications for practice", paper("clinical context")),
        Item("42", _OTHER, "Full protocol or further technical details", model_answers.details),
        Item("43", _OTHER, "Availability of software, model and data", authors.code_sharing),
        Item("44", _OTHER, "Funding and the role of funders", paper("funding")),
    ),
)
