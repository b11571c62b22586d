"""TRIPOD+AI, for reports of prediction models: 27 items, 52 with their parts."""

from __future__ import annotations

from radiomics_mammo.reports.checklists import answers_authors, answers_data, answers_models, answers_performance
from radiomics_mammo.reports.checklists.answers_authors import paper, patients
from radiomics_mammo.reports.checklists.base import Checklist, Item

_BACKGROUND, _DATA, _PARTICIPANTS, _OUTCOME = "Background", "Data", "Participants", "Outcome"
_PREDICTORS, _ANALYSIS, _OPEN, _USE = "Predictors", "Analytical methods", "Open science", "Usability"

TRIPOD_AI = Checklist(
    "tripod-ai",
    "TRIPOD+AI: reporting of prediction models",
    "Collins GS, Moons KGM, Dhiman P, et al. BMJ 2024;385:e078378",
    (
        Item("1", "Title", "Development or evaluation, target population, outcome", answers_authors.technology),
        Item("2", "Abstract", "As the list for abstracts asks", paper("text of the paper")),
        Item("3a", _BACKGROUND, "Healthcare context, rationale, existing models", paper("clinical context")),
        Item("3b", _BACKGROUND, "Target population, purpose, intended users", paper("clinical context")),
        Item("3c", _BACKGROUND, "Known inequalities of health", paper("clinical context")),
        Item("4", "Objectives", "Objectives: development, evaluation or both", paper("text of the paper")),
        Item("5a", _DATA, "Sources of the data and whom they stand for", answers_data.sources),
        Item("5b", _DATA, "Dates of the data", patients("dates")),
        Item("6a", _PARTICIPANTS, "Setting, number and place of centres", answers_authors.centres),
        Item("6b", _PARTICIPANTS, "Criteria of eligibility", patients("recruitment")),
        Item("6c", _PARTICIPANTS, "Treatments received", patients("treatment")),
        Item("7", "Data preparation", "Preprocessing and checks of quality", answers_data.prepared),
        Item("8a", _OUTCOME, "Outcome: definition, time, how assessed", answers_authors.outcome),
        Item("8b", _OUTCOME, "Who assessed the outcome", patients("who assessed the outcome")),
        Item("8c", _OUTCOME, "Blinding of that assessment", patients("blinding")),
        Item("9a", _PREDICTORS, "Choice of predictors before modelling", answers_data.predictors),
        Item("9b", _PREDICTORS, "Definition of predictors, how and when measured", answers_data.definitions),
        Item("9c", _PREDICTORS, "Who measured predictors that take judgement", answers_authors.outlines),
        Item("10", "Sample size", "How the size was arrived at, and whether it suffices", answers_authors.size),
        Item("11", "Missing data", "Handling of missing data", answers_data.missing),
        Item("12a", _ANALYSIS, "How the data were used and partitioned", answers_data.partitions),
        Item("12b", _ANALYSIS, "Handling of predictors in the analysis", answers_models.handling),
        Item("12c", _ANALYSIS, "Type of model, steps of building, tuning, validation", answers_models.building),
        Item("12d", _ANALYSIS, "Heterogeneity between clusters", answers_performance.clusters),
        Item("12e", _ANALYSIS, "Measures and plots of performance", answers_performance.measures),
        Item("12f", _ANALYSIS, "Updating of the model", answers_models.updating),
        Item("12g", _ANALYSIS, "How predictions were calculated", answers_models.specification),
        Item("13", "Class imbalance", "Methods against imbalance, and recalibration", answers_models.imbalance),
        Item("14", "Fairness", "Approaches to fairness", answers_authors.fairness),
        Item("15", "Model output", "Output, and how thresholds were found", answers_models.output),
        Item("16", "Training versus evaluation", "Differences between both sets of data", answers_data.shift),
        Item("17", "Ethical approval", "Ethics committee and consent", patients("ethics and consent")),
        Item("18a", _OPEN, "Funding and the role of funders", paper("funding")),
        Item("18b", _OPEN, "Conflicts of interest", paper("declarations of the authors")),
        Item("18c", _OPEN, "Protocol", answers_models.details),
        Item("18d", _OPEN, "Registration", paper("registration")),
        Item("18e", _OPEN, "Availability of the data", answers_authors.data_sharing),
        Item("18f", _OPEN, "Availability of the code", answers_authors.code_sharing),
        Item("19", "Involvement", "Patients and public involved", paper("involvement")),
        Item("20a", _PARTICIPANTS, "Flow of participants, with and without the outcome", answers_data.flow),
        Item("20b", _PARTICIPANTS, "Characteristics of participants", answers_data.characteristics),
        Item("20c", _PARTICIPANTS, "Evaluation data compared with development data", answers_data.shift),
        Item("21", "Model development", "Patients and events of each analysis", answers_data.counts),
        Item("22", "Model specification", "The full model, for others to use", answers_models.sharing),
        Item(
            "23a", "Model performance", "Performance with intervals, also in subgroups", answers_performance.subgroups
        ),
        Item("23b", "Model performance", "Heterogeneity of performance between clusters", answers_performance.clusters),
        Item("24", "Model updating", "Results of updating", answers_models.updating),
        Item("25", "Interpretation", "Interpretation, with fairness and other studies", paper("text of the paper")),
        Item("26", "Limitations", "Limitations and their effects", answers_performance.limitations),
        Item("27a", _USE, "Poor or unavailable input", answers_models.unusable),
        Item("27b", _USE, "What users have to do, and with what skill", answers_authors.skill),
        Item("27c", _USE, "Next steps of research", paper("text of the paper")),
    ),
)
