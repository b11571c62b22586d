"""METRICS, the methodological radiomics score: 30 items, some of them under conditions.

Conditions 1 (segmentation) and 3 (hand-crafted features) hold for a table of radiomic features, 4 (tabular data)
always, 2 (fully automatic segmentation) where the authors say so, and 5 (end-to-end deep learning) never: networks are
frozen here.
"""

from __future__ import annotations

from radiomics_mammo.reports.checklists.base import Checklist, Item, answered, patients

_DESIGN, _IMAGING, _SEGMENTATION = "Study design", "Imaging data", "Segmentation"
_EXTRACTION, _FEATURES, _MODELLING = "Image processing", "Feature processing", "Preparation for modelling"
_COMPARISON, _TESTING, _OPEN = "Metrics and comparison", "Testing", "Open science"

METRICS_2024 = Checklist(
    "metrics",
    "METRICS: methodological radiomics score",
    "Kocak B, Akinci D'Antonoli T, Mercaldo N, et al. Insights Imaging 2024;15:8",
    (
        Item("1", _DESIGN, "A guideline or checklist was followed", answered("guidelines")),
        Item(
            "2",
            _DESIGN,
            "Criteria of eligibility give a representative sample",
            patients("recruitment"),
        ),
        Item("3", _DESIGN, "Reference standard of high quality, clearly defined", answered("outcome")),
        Item("4", _IMAGING, "More than one centre", answered("centres")),
        Item("5", _IMAGING, "Images as in clinical practice", patients("how the images came about")),
        Item("6", _IMAGING, "Protocol of acquisition with its parameters", answered("acquisition")),
        Item("7", _IMAGING, "Time between image and reference standard", patients("dates")),
        Item("8", _SEGMENTATION, "How regions were outlined", answered("outlines")),
        Item("9", _SEGMENTATION, "Automatic outlines formally evaluated (condition 2)", answered("outlines")),
        Item("10", _SEGMENTATION, "Outlines of the test set by one reader or one tool", answered("outlines")),
        Item("11", _EXTRACTION, "Suitable preprocessing, openly described", answered("prepared")),
        Item("12", _EXTRACTION, "Standardised software for features", answered("software")),
        Item("13", _EXTRACTION, "Parameters of the extraction reported", answered("preparation")),
        Item("14", _FEATURES, "Features that are not robust removed", answered("robust")),
        Item("15", _FEATURES, "Redundant features removed", answered("redundant")),
        Item("16", _FEATURES, "Number of features suits the number of cases", answered("dimensions")),
        Item("17", _FEATURES, "Robustness of end-to-end networks (condition 5)", answered("end_to_end")),
        Item("18", _MODELLING, "Partitions by patient, before all processing", answered("partitions")),
        Item("19", _MODELLING, "Confounders handled", answered("confounders")),
        Item("20", _COMPARISON, "Metrics that suit the task", answered("measures")),
        Item("21", _COMPARISON, "Uncertainty considered", answered("uncertainty")),
        Item("22", _COMPARISON, "Calibration assessed", answered("calibration")),
        Item("23", _COMPARISON, "One kind of image, or several shown to be better", answered("one_modality")),
        Item("24", _COMPARISON, "Compared with a non-radiomic approach", answered("non_radiomic")),
        Item("25", _COMPARISON, "Compared with simple or classical models", answered("simple_models")),
        Item("26", _TESTING, "Tested on patients of the same source, held out", answered("internal")),
        Item("27", _TESTING, "Tested on patients of another institution", answered("external")),
        Item("28", _OPEN, "Data available", answered("data_sharing")),
        Item("29", _OPEN, "Code available", answered("code_sharing")),
        Item("30", _OPEN, "Model available", answered("sharing")),
    ),
)
