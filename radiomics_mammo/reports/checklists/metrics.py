"""METRICS, the methodological radiomics score: 30 items, some of them under conditions.

Conditions 1 (segmentation) and 3 (hand-crafted features) hold for a table of radiomic features, 4 (tabular data)
always, 2 (fully automatic segmentation) where the authors say so, and 5 (end-to-end deep learning) never: networks are
frozen here.
"""

from __future__ import annotations

from radiomics_mammo.reports.checklists import answers_authors, answers_data, answers_models, answers_performance
from radiomics_mammo.reports.checklists.base import NOT_APPLICABLE, Answer, Checklist, Facts, Item


def _end_to_end(_: Facts) -> Answer:
    return Answer(NOT_APPLICABLE, "Condition 5: no network is trained on images.")


_DESIGN, _IMAGING, _SEGMENTATION = "Study design", "Imaging data", "Segmentation"
_EXTRACTION, _FEATURES, _MODELLING = "Image processing", "Feature processing", "Preparation for modelling"
_COMPARISON, _TESTING, _OPEN = "Metrics and comparison", "Testing", "Open science"

METRICS_2024 = Checklist(
    "metrics",
    "METRICS: methodological radiomics score",
    "Kocak B, Akinci D'Antonoli T, Mercaldo N, et al. Insights Imaging 2024;15:8",
    (
        Item("1", _DESIGN, "A guideline or checklist was followed", answers_performance.guidelines),
        Item(
            "2",
            _DESIGN,
            "Criteria of eligibility give a representative sample",
            answers_authors.patients("recruitment"),
        ),
        Item("3", _DESIGN, "Reference standard of high quality, clearly defined", answers_authors.outcome),
        Item("4", _IMAGING, "More than one centre", answers_authors.centres),
        Item("5", _IMAGING, "Images as in clinical practice", answers_authors.patients("how the images came about")),
        Item("6", _IMAGING, "Protocol of acquisition with its parameters", answers_authors.acquisition),
        Item("7", _IMAGING, "Time between image and reference standard", answers_authors.patients("dates")),
        Item("8", _SEGMENTATION, "How regions were outlined", answers_authors.outlines),
        Item("9", _SEGMENTATION, "Automatic outlines formally evaluated (condition 2)", answers_authors.outlines),
        Item("10", _SEGMENTATION, "Outlines of the test set by one reader or one tool", answers_authors.outlines),
        Item("11", _EXTRACTION, "Suitable preprocessing, openly described", answers_data.prepared),
        Item("12", _EXTRACTION, "Standardised software for features", answers_data.software),
        Item("13", _EXTRACTION, "Parameters of the extraction reported", answers_data.preparation),
        Item("14", _FEATURES, "Features that are not robust removed", answers_data.robust),
        Item("15", _FEATURES, "Redundant features removed", answers_data.redundant),
        Item("16", _FEATURES, "Number of features suits the number of cases", answers_data.dimensions),
        Item("17", _FEATURES, "Robustness of end-to-end networks (condition 5)", _end_to_end),
        Item("18", _MODELLING, "Partitions by patient, before all processing", answers_data.partitions),
        Item("19", _MODELLING, "Confounders handled", answers_performance.confounders),
        Item("20", _COMPARISON, "Metrics that suit the task", answers_performance.measures),
        Item("21", _COMPARISON, "Uncertainty considered", answers_performance.uncertainty),
        Item("22", _COMPARISON, "Calibration assessed", answers_performance.calibration),
        Item("23", _COMPARISON, "One kind of image, or several shown to be better", answers_performance.one_modality),
        Item("24", _COMPARISON, "Compared with a non-radiomic approach", answers_performance.beyond_radiomics),
        Item("25", _COMPARISON, "Compared with simple or classical models", answers_performance.simple_models),
        Item("26", _TESTING, "Tested on patients of the same source, kept apart", answers_performance.internal),
        Item("27", _TESTING, "Tested on patients of another institution", answers_performance.external),
        Item("28", _OPEN, "Data available", answers_authors.data_sharing),
        Item("29", _OPEN, "Code available", answers_authors.code_sharing),
        Item("30", _OPEN, "Model available", answers_models.sharing),
    ),
)
