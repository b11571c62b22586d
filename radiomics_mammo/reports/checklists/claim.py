"""CLAIM, the checklist for artificial intelligence in medical imaging: 44 items of the update of 2024."""

from __future__ import annotations

from radiomics_mammo.reports.checklists.base import Checklist, Item, answered, paper, patients

_DATA, _REFERENCE, _PARTITIONS = "Data", "Reference standard", "Data partitions"
_MODEL, _TRAINING, _EVALUATION = "Model", "Training", "Evaluation"
_RESULTS, _PERFORMANCE, _OTHER = "Results: data", "Results: performance", "Other information"

CLAIM_2024 = Checklist(
    "claim",
    "CLAIM: checklist for artificial intelligence in medical imaging",
    "Tejani AS, Klontzas ME, Gatti AA, et al. Radiol Artif Intell 2024;6(4):e240300",
    (
        Item("1", "Title", "Named as a study of AI, with the kind of technology", answered("technology")),
        Item("2", "Abstract", "Summary of design, methods, results and conclusions", paper("text of the paper")),
        Item("3", "Introduction", "Background, intended use and role", paper("clinical context")),
        Item("4", "Introduction", "Aims, objectives and hypotheses", paper("text of the paper")),
        Item("5", "Study design", "Prospective or retrospective", patients("recruitment")),
        Item("6", "Study design", "Goal of the study", paper("text of the paper")),
        Item("7", _DATA, "Sources of the data", answered("sources")),
        Item("8", _DATA, "Criteria of inclusion and exclusion", patients("recruitment")),
        Item("9", _DATA, "Preprocessing", answered("preparation")),
        Item("10", _DATA, "Choice of subsets of the data", paper("what came before the table")),
        Item("11", _DATA, "De-identification", answered("deidentified")),
        Item("12", _DATA, "Handling of missing data", answered("missing")),
        Item("13", _DATA, "Protocol of image acquisition", answered("acquisition")),
        Item("14", _REFERENCE, "How the reference standard was obtained", answered("outcome")),
        Item("15", _REFERENCE, "Why this reference standard", patients("clinical context")),
        Item("16", _REFERENCE, "Who annotated the reference standard", answered("outlines")),
        Item("17", _REFERENCE, "Annotation of the test set", answered("outlines")),
        Item("18", _REFERENCE, "Variability between and within annotators", answered("outlines")),
        Item("19", _PARTITIONS, "How data were assigned to partitions", answered("assignment")),
        Item("20", _PARTITIONS, "Level at which partitions are disjoint", answered("disjoint")),
        Item("21", "Testing data", "Intended sample size", answered("size")),
        Item("22", _MODEL, "Description of the model", answered("models")),
        Item("23", _MODEL, "Libraries, frameworks and packages", answered("libraries")),
        Item("24", _MODEL, "Initial parameters", answered("initial")),
        Item("25", _TRAINING, "Details of the training", answered("training")),
        Item("26", _TRAINING, "How the final model was selected", answered("choice")),
        Item("27", _TRAINING, "Ensembling", answered("ensembles")),
        Item("28", _EVALUATION, "Metrics of performance", answered("measures")),
        Item("29", _EVALUATION, "Significance and uncertainty", answered("uncertainty")),
        Item("30", _EVALUATION, "Robustness or sensitivity analysis", answered("robustness")),
        Item("31", _EVALUATION, "Explainability or interpretability", answered("explained")),
        Item("32", _EVALUATION, "Evaluation on internal data", answered("evaluated")),
        Item("33", _EVALUATION, "Testing on external data", answered("external")),
        Item("34", _EVALUATION, "Registration as a clinical trial", patients("registration")),
        Item("35", _RESULTS, "Numbers of patients or examinations in and out", answered("flow")),
        Item("36", _RESULTS, "Characteristics of cases in each partition", answered("characteristics")),
        Item("37", _PERFORMANCE, "Metrics with their uncertainty", answered("uncertainty")),
        Item("38", _PERFORMANCE, "Diagnostic performance and its precision", answered("diagnostic")),
        Item("39", _PERFORMANCE, "Analysis of incorrect results", answered("errors")),
        Item("40", "Discussion", "Limitations", answered("limitations")),
        Item("41", "Discussion", "Implications for practice", paper("clinical context")),
        Item("42", _OTHER, "Full protocol or further technical details", answered("details")),
        Item("43", _OTHER, "Availability of software, model and data", answered("code_sharing")),
        Item("44", _OTHER, "Funding and the role of funders", paper("funding")),
    ),
)
