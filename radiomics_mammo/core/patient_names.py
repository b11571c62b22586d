"""Signs in a table that several of its rows are one patient's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PATIENT = re.compile(
    r"(?:pat(?!h|t)|subj|stud(?:y|ies)|exam|mrn|accession|participant|client|individual|woman|women)\w*|(?:id|name|names)"
)
_OTHER = re.compile(
    r"dates?|times?|year|age|desc|descr|description|type|sex|gender|height|weight|site|machine|device|scanner|reader"
    r"|radiologist|lesion|lesions|abnormality|region|roi|finding|findings|model|station|manufacturer|hospital|cent(?:er|re)"
    r"|mask|file|view|series|class|label|category|fold|protocol|modality|position|status|count|number|part|body"
    r"|split|prediction|image|images|path"
)
_SUFFIX = re.compile(r"\.(?:dcm|dicom|png|jpe?g|tiff?|nrrd|mha|nii(?:\.gz)?)$", re.IGNORECASE)
_SIDE_OR_VIEW = re.compile(
    r"(?:^|(?<=[_\-\s./\\])|(?<=\d))(?:left|right|l|r|[lr]?-?(?:cc|mlo|ml|lm))(?=$|[_\-\s./\\])", re.IGNORECASE
)
_NUMBER = re.compile(r"[_\-\s.]+\(?\d{1,2}\)?$|\s*\(\d{1,2}\)$")
_SEPARATORS = "_- ./\\"
_LEAST_ROWS, _MOST_ROWS_EACH = 4, 8


def repeated_patients(columns: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]]) -> str | None:
    """Find a column, or names of cases, by which several patients of a table are one.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        The cells of columns that may hold the patient, one a patient as the table has it: those whose name is that
        of a patient or study are looked at.
    names : mapping of str to sequence of str
        Names of cases or images: they may repeat but for side, view and number.

    Returns
    -------
    str or None
        What repeats, in words; None where nothing does.
    """
    for name, values in columns.items():
        if _may_be_patient(name) and _repeats(values):
            return f"the column {name!r} repeats ({len(set(values))} values in {len(values)} rows)"
    for name, values in names.items():
        stems = [_stem(value) for value in values]
        if _repeats(stems):
            return f"{name} repeats but for side, view and number ({len(set(stems))} names in {len(stems)} rows)"
    return None


def _may_be_patient(name: str) -> bool:
    words = [word.casefold() for word in _WORDS.findall(name)]
    return any(_PATIENT.fullmatch(word) for word in words) and not any(_OTHER.fullmatch(word) for word in words)


def _stem(name: str) -> str:
    """Return the name of a case without file suffix, side, view and a last number of one or two digits."""
    stem = _SIDE_OR_VIEW.sub("", _SUFFIX.sub("", name)).rstrip(_SEPARATORS)
    return _NUMBER.sub("", stem).rstrip(_SEPARATORS)


def _repeats(values: Sequence[str]) -> bool:
    rows, distinct = len(values), len(set(values))
    return rows >= _LEAST_ROWS and 1 < distinct <= 0.75 * rows and rows <= _MOST_ROWS_EACH * distinct and all(values)
