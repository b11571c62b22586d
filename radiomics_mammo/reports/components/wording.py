"""Numbers as sentences: the verdict, resampling's worth, calibration, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from radiomics_mammo.evaluation.metrics.paired_comparison import NO_GAIN, NOT_KNOWN
from radiomics_mammo.reports.components.model_names import competing
from radiomics_mammo.reports.components.page import Estimate

Row = Mapping[str, float]

_MANY = {"image": "images", "breast": "breasts", "patient": "patients"}


def units(unit: str) -> str:
    """Name what a prediction is about, in the plural: ``cases``, unless it is an image, a breast or a patient."""
    return _MANY.get(unit, "cases")


def estimate(title: str, row: Row, *, signed: bool = False) -> Estimate:
    """Write a value with its interval; ``row`` has value, low and high."""
    value, low, high = (number(row[name], signed=signed) for name in ("value", "low", "high"))
    return Estimate(title, value, "" if row["low"] != row["low"] else f"{low} to {high}")


def number(value: float, *, signed: bool = False) -> str:
    """Write three decimals with a true minus sign; a dash where undefined, no sign where they are all 0."""
    if value != value:
        return "–"
    if round(value, 3) == 0:
        return "0.000"
    return f"{value:{'+.3f' if signed else '.3f'}}".replace("-", "−")


def pick(table: pd.DataFrame, **where: str) -> dict[str, float]:
    """Take value, low and high from the one row of ``summary`` or ``differences`` that matches."""
    found = table
    for column, wanted in where.items():
        found = found[found[column] == wanted]
    return {name: float(found[name].iloc[0]) for name in ("value", "low", "high")}


def verdict(
    summary: pd.DataFrame,
    differences: pd.DataFrame,
    *,
    titles: Mapping[str, str],
    best: str,
    classes: Sequence[str],
    phantom: bool,
    unit: str = "lesion",
    tested: pd.DataFrame | None = None,
) -> str:
    """Say in two sentences which model was best, how good, and whether resampling helped.

    Parameters
    ----------
    summary, differences : pandas.DataFrame
    titles : mapping of str to str
        Of the models that compete.
    best : str
    classes : (str, str)
    phantom : bool
    unit : str
        What a prediction is about.
    tested : pandas.DataFrame, optional
        The summary of held-out patients.
    """
    if not best:
        return "No model that looks at the features was compared. Name one with --models."
    held = tested is not None and (tested["model"] == best).any()
    said = _auroc(pick(summary, model=best, metric="auroc"))
    if tested is not None and held:
        said = f"{said} out of fold and of {_auroc(pick(tested, model=best, metric='auroc'))} on held-out patients"
    compared = len(competing(titles))
    which = f"The best of {compared} models" if compared > 1 else "The model"
    first = (
        f"{which}, {titles[best]}, tells "
        f"{classes[1]} from {classes[0]} {_strangers(unit, phantom=phantom)} with an AUROC of {said.removesuffix(',')}."
    )
    return f"{first} {_resampling(differences, titles)}"


def _auroc(row: Row) -> str:
    sure = "" if row["low"] > 0.5 else ", which is not told from guessing (0.5),"
    return f"{row['value']:.2f} (95% interval {row['low']:.2f} to {row['high']:.2f}){sure}"


def _strangers(unit: str, *, phantom: bool) -> str:
    if unit == "patient":
        return f"{'simulated ' if phantom else ''}patients it has never seen"
    what = f"simulated {units(unit)}" if phantom else units(unit)
    return f"{what} of patients it has never seen"


def _resampling(differences: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Say of the headline (random oversampling, where it is there) what it brought, then of the others together."""
    found = []
    for model, against in differences[["model", "against"]].drop_duplicates().itertuples(index=False):
        own = differences[(differences["model"] == model) & (differences["against"] == against)]
        row = pick(own, metric="auroc")
        value, low, high = (number(row[name], signed=True) for name in ("value", "low", "high"))
        text = f"{titles[model]} against {titles[against]} ({value}, {low} to {high})"
        found.append((model.endswith("+oversampling"), called(own[own["metric"] == "auroc"]), text))
    if not found:
        return "No model was compared with a resampled twin."
    found.sort(key=lambda one: not one[0])
    (_, word, text), *others = found
    what = "Oversampling" if found[0][0] else "Resampling"
    first = f"{what} brought {word} in AUROC: {text}."
    if word == NOT_KNOWN:
        first = f"{what}: whether it brought a gain in AUROC is not known, {text}."
    return f"{first[:-1]}; {_others(others)}" if others else first


def _others(others: Sequence[tuple[bool, str, str]]) -> str:
    """Sum the other twins up: only those that differ are named."""
    notable = [(word, text) for _, word, text in others if word != NO_GAIN]
    many = "the one other way" if len(others) == 1 else f"{len(others)} other ways"
    what = f"{many} of evening the classes out"
    if not notable:
        return f"{what} brought no gain."
    listed = "; ".join(f"{word} for {text}" for word, text in notable)
    rest = "; the rest brought no gain" if len(notable) < len(others) else ""
    return f"of {what}: {listed}{rest}."


def called(auroc: pd.DataFrame) -> str:
    """Call a twin's difference in AUROC a gain, a loss, no gain or not known: as the adjusted test says, where it is.

    Parameters
    ----------
    auroc : pandas.DataFrame
        The row of a twin's AUROC in ``differences``.
    """
    row = auroc.iloc[0]
    verdict = row.get("verdict")
    if isinstance(verdict, str) and verdict:
        return verdict if verdict in (NO_GAIN, NOT_KNOWN) else f"a {verdict}"
    return gain({name: float(row[name]) for name in ("value", "low", "high")})


def gain(row: Row, *, higher_is_better: bool = True) -> str:
    """Call a paired difference a gain, a loss, no gain where its interval holds 0, or not known where it has none."""
    low, high = (row["low"], row["high"]) if higher_is_better else (-row["high"], -row["low"])
    if low != low or high != high:
        return NOT_KNOWN
    if low > 0:
        return "a gain"
    return "a loss" if high < 0 else NO_GAIN


def calibration(summary: pd.DataFrame, *, best: str, titles: Mapping[str, str], mean_p: float, share: float) -> str:
    """Hint at calibration: the mean probability beside the share, and the Brier score beside the floor's."""
    if not best:
        return ""
    text = (
        f"Calibration, in short: {titles[best]} gives a mean probability of {100 * mean_p:.0f}% where "
        f"{100 * share:.0f}% are positive; its Brier score is "
        f"{pick(summary, model=best, metric='brier')['value']:.3f}"
    )
    constant = share * (1 - share)
    return f"{text}, and {constant:.3f} is what the same probability for everybody would score."


def better(*, slope: bool) -> str:
    """Say in which direction the metrics of the comparison improve."""
    ideal = " calibration slope: 1 is ideal;" if slope else ""
    return f"Brier score: lower is better;{ideal} for all others higher is better."


def reading(classes: Sequence[str], *, slope: bool = False) -> list[tuple[str, str]]:
    """Explain the metrics to someone who reads mammograms rather than statistics."""
    negative, positive = classes
    calibrated = (
        "Calibration slope",
        "1 where probabilities are as far apart as the truth; below 1 they are too extreme, above 1 too timid.",
    )
    return [*_reading(negative, positive), *([calibrated] if slope else [])]


def _reading(negative: str, positive: str) -> list[tuple[str, str]]:
    return [
        (
            "AUROC",
            f"How often a {positive} case drawn at random scores above a {negative} one: 0.5 is guessing, "
            "1 is never wrong.",
        ),
        (
            "Average precision",
            f"Precision (the share of {positive} cases among those called so), averaged over all cuts; "
            f"guessing gives the share of {positive} cases.",
        ),
        ("Brier score", "Mean squared distance of the predicted probability from the truth; 0 is perfect."),
        (
            "Sensitivity at 90% specificity",
            f"Share of {positive} cases found when one in ten {negative} cases is called {positive}.",
        ),
        (
            "Specificity at 90% sensitivity",
            f"Share of {negative} cases let go when nine in ten {positive} cases are found.",
        ),
    ]


def limits(
    *,
    compared: int,
    phantom: bool,
    spacing_unknown: int,
    cases: str,
    group: str,
    tested: bool = False,
    tuned: bool = False,
    prevalence: bool = False,
    explained: bool = False,
) -> list[str]:
    """List what the figures cannot tell.

    Parameters
    ----------
    compared : int
        Models that compete.
    phantom : bool
    spacing_unknown : int
        Of ``cases``, those whose pixel spacing is not known.
    cases : str
        How many there are, with their noun.
    group : str
        The column that splits were made on.
    tested, tuned, prevalence, explained : bool
        Whether there are held-out patients, tuned settings, the prevalence-only model, an explanation.
    """
    found = []
    if phantom:
        found.append("The images are simulated (phantom): the figures show that the software works, nothing else.")
    if compared > 1:
        found.append(
            f"The best of {compared} models was chosen on the same out-of-fold predictions that it is "
            "reported on, so its figure leans to the high side."
        )
    found += [
        "Intervals come from drawing patients with replacement; the models were not trained anew in each draw, "
        "so the intervals do not hold the chance of training, nor a change of hospital, machine or time.",
        *(
            []
            if tested
            else ["There is no external test set: every case was predicted by models trained on others of this table."]
        ),
        ("" if tuned else "The settings of the models are fixed, not tuned. ")
        + "Sensitivity at fixed specificity (and the reverse) is read off the pooled out-of-fold curve.",
    ]
    if prevalence:
        found.append(
            "The prevalence-only model predicts its training share, which differs by fold: pooled over folds its "
            "AUROC can lie a little off 0.5."
        )
    if explained:
        found.append("SHAP values describe the model, not the disease; correlated features share credit arbitrarily.")
    if group != "patient_id":
        found.append(f"Splits were made on the column {group}: they are as honest as it names patients.")
    if spacing_unknown:
        found.append(f"The pixel spacing of {spacing_unknown} of {cases} is unknown: their sizes are in pixels.")
    return found
