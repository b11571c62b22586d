"""TRIPOD+AI, for reports of prediction models: 27 items, 52 with their parts."""

from __future__ import annotations

from radiomics_mammo.explain.checklists import authors, data_answers, model_answers, worth_answers
from radiomics_mammo.explain.checklists.authors import paper, patients
from radiomics_mammo.explain.checklists.records import Checklist, Item

_BACKGROUND, _DATA, _PARTICIPANTS, _OUTCOME = "Background", "Data", "Participants", "Outcome"
_PREDICTORS, _ANALYSIS, _OPEN, _USE = "Predictors", "Analytical methods", "Open science", "Usability"

TRIPOD_AI = Checklist(
    "tripod-ai",
    "TRIPOD+AI: reporting of prediction models",
    "Collins GS, Moons KGM, Dhiman P, et al. BMJ 2024;385:e078378",
    (
        Item("1", "Title", "Development or evaluation, target population, outcome", authors.technology),
        Item("2", "Abstract", "As the list for abstracts asks", paper("text of the paper")),
        Item("3a", _BACKGROUND, "Healthcare context, rationale, existing models", paper("clinical context")),
        Item("3b", _BACKGROUND, "Target population, purpose, intended users", paper("clinical context")),
        Item("3c", _BACKGROUND, "Known inequalities of health", paper("clinical context")),
        Item("4", "Objectives", "Objectives: development, evaluation or both", paper("text of the paper")),
        Item("5a", _DATA, "Sources of the data and whom they stand for", data_answers.sources),
        Item("5b", _DATA, "Dates of the data", patients("dates")),
        Item("6a", _PARTICIPANTS, "Setting, number and place of centres", authors.centres),
        Item("6b", _PARTICIPANTS, "Criteria of eligibility", patients("recruitment")),
        Item("6c", _PARTICIPANTS, "Treatments received", patients("treatment")),
        Item("7", "Data preparation", "Preprocessing and checks of quality", data_answers.prepared),
        Item("8a", _OUTCOME, "Outcome: definition, time, how assessed", authors.outcome),
        Item("8b", _OUTCOME, "Who assessed the outcome", patients("who assessed the outcome")),
        Item("8c", _OUTCOME, "Blinding of that assessment", patients("blinding")),
        Item("9a", _PREDICTORS, "Choice of predictors before modelling", data_answers.predictors),
        Item("9b", _PREDICTORS, "Definition of predictors, how and when measured", data_answers.definitions),
        Item("9c", _PREDICTORS, "Who measured predictors that take judgement", authors.outlines),
        Item("10", "Sample size", "How the size was arrived at, and whether it suffices", authors.size),
        Item("11", "Missing data", "Handling of missing data", data_answers.missing),
        Item("12a", _ANALYSIS, "How the data were used and partitioned", data_answers.partitions),
        Item("12b", _ANALYSIS, "Handling of predictors in the analysis", model_answers.handling),
        Item("12c", _ANALYSIS, "Type of model, steps of building, tuning, validation", model_answers.building),
        Item("12d", _ANALYSIS, "Heterogeneity between clusters", worth_answers.clusters),
        Item("12e", _ANALYSIS, "Measures and plots of performance", worth_answers.measures),
        Item("12f", _ANALYSIS, "Updating of the model", model_answers.updating),
        Item("12g", _ANALYSIS, "How predictions were calculated", model_answers.specification),
        Item("13", "Class imbalance", "Methods against imbalance, and recalibration", model_answers.imbalance),
        Item("14", "Fairness", "Approaches to fairness", authors.fairness),
        Item("15", "Model output", "Output, and how thresholds were found", model_answers.output),
        Item("16", "Training versus evaluation", "Differences between both sets of data", data_answers.shift),
        Item("17", "Ethical approval", "Ethics committee and consent", patients("ethics and consent")),
        Item("18a", _OPEN, "Funding and the role of funders", paper("funding")),
        Item("18b", _OPEN, "Conflicts of interest", paper("declarations of the authors")),
        Item("18c", _OPEN, "Protocol", model_answers.details),
        Item("18d", _OPEN, "Registration", paper("registration")),
        Item("18e", _OPEN, "Availability of the data", authors.data_sharing),
        Item("18f", _OPEN, "Availability of the code", authors.code_sharing),
        Item("19", "Involvement", "Patients and public involved", paper("involvement")),
        Item("20a", _PARTICIPANTS, "Flow of participants, with and without the outcome", data_answers.flow),
        Item("20b", _PARTICIPANTS, "Characteristics of participants", data_answers.characteristics),
        Item("20c", _PARTICIPANTS, "Evaluation data compared with development data", data_answers.shift),
        Item("21", "Model development", "People and events of each analysis", data_answers.counts),
        Item("22", "Model specification", "The full model, for others to use", model_answers.sharing),
        Item("23a", "Model performance", "Performance with intervals, also in subgroups", worth_answers.subgroups),
        Item("23b", "Model performance", "Heterogeneity of performance between clusters", worth_answers.clusters),
        Item("24", "Model updating", "Results of updating", model_answers.updating),
        Item("25", "Interpretation", "Interpretation, with fairness and other studies", paper("text of the paper")),
        Item("26", "Limitations", "Limitations and their effects", worth_answers.limitations),
        Item("27a", _USE, "Poor or unavailable input", model_answers.unusable),
        Item("27b", _USE, "What users have to do, and with what skill", authors.skill),
        Item("27c", _USE, "Next steps of research", paper("text of the paper")),
    ),
)
