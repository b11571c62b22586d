"""One image measured as the tables were that a model was trained on: by their recipe, and by their networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radiomics_mammo.core.records import Failure, Sample, Scalar
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import CaseError, InputError
from radiomics_mammo.extraction.extractor import FeatureExtractor, identity_of, sample_of
from radiomics_mammo.readers.rsna.reader import read_breast
from radiomics_mammo.recipes.recipe import recipe_from
from radiomics_mammo.runs.model_metadata import ModelFacts
from radiomics_mammo.tables.feature_table import Table, embedder_of, is_embedding

if TYPE_CHECKING:
    from radiomics_mammo.embeddings.settings import EmbeddingSettings

_YOURSELF = "Measure the image yourself, as the run's tables were, and give the tables with --table."


def measure_image(
    facts: ModelFacts,
    image: Path,
    mask: Path | None,
    *,
    label: int | None,
    spacing: float | None,
    patient: str,
    engine: str,
    weights: Path | None = None,
    laterality: str = "",
    view: str = "",
) -> Table:
    """Measure one region for a model.

    Parameters
    ----------
    facts : ModelFacts
        Its provenance says how the tables were made that the model was trained on.
    image : pathlib.Path
    mask : pathlib.Path or None
        None where the model's tables measured whole breasts, and only there.
    label : int or None
        The mask's value that is the region; None takes the recipe's, or any.
    spacing : float or None
        Millimetres, where the image does not say.
    patient : str
        Whose image it is; may be empty.
    engine : str
        ``auto``, ``cpu`` or ``cuda``, for radiomic features.
    weights : pathlib.Path, optional
        The network's file, where it is not a package's or has moved.
    laterality, view : str
        Of a whole breast, where its file does not say.

    Raises
    ------
    CaseError
        The image or the mask cannot be read or measured.
    InputError
        The provenance does not say how, a network is not there as it was, or the model takes other columns, too.
    """
    parts = [dict(facts.provenance), *facts.provenance.get("joined", ())]
    networks = [part["embedding"] for part in parts if part.get("embedding")]
    wanted = {embedder_of(name) for name in facts.features if is_embedding(name)}
    radiomic = any(not is_embedding(name) for name in facts.features)
    extractor = _extractor(parts, engine) if radiomic else None
    settings = Settings() if extractor is None else extractor.recipe.settings
    reader: Mapping[str, Scalar] = next((part["reader"] for part in parts if part.get("reader")), {})
    if reader.get("reader") == "rsna":
        _refuse_given("the model measures whole breasts, found in the image", mask=mask, label=label, spacing=spacing)
        sample = read_breast(image, described=reader, patient_id=patient, laterality=laterality, view=view)
    else:
        _refuse_given("the model measures regions", laterality=laterality, view=view)
        sample = _lesion(image, mask, settings=settings, spacing=spacing, label=label, whole=reader.get("whole"))
        sample = replace(sample, patient_id=patient)
    row: dict[str, Any] = dict(identity_of(sample))
    measured: list[str] = []
    if extractor is not None:
        _refuse_other_columns(facts, [*extractor.feature_names, *filter(is_embedding, facts.features)])
        measured += extractor.feature_names
        row |= dict(zip(extractor.feature_names, _vector(extractor.measure(sample)), strict=True))
    for record in networks:
        if record["prefix"] in wanted:
            own = _network_settings(record, weights)
            measured += own.columns
            row |= dict(zip(own.columns, _vector(_look(own, sample)), strict=True))
    _refuse_other_columns(facts, measured)
    frame = pd.DataFrame([row]).assign(**{facts.group: patient})
    if facts.unit != "lesion":  # a single region is a unit of its own, whatever the kind
        frame = frame.assign(image_id=frame["case_id"], laterality=frame["case_id"])
    return Table(frame, tuple(measured), dict(facts.provenance))


def _refuse_given(why: str, **options: object) -> None:
    """Refuse options that do not fit the model, rather than forget them."""
    given = [f"--{name}" for name, value in options.items() if value not in (None, "")]
    if given:
        raise InputError(f"{why}, not by {' and '.join(given)}", remedy=f"Leave {', '.join(given)} out.")


def _lesion(
    image: Path,
    mask: Path | None,
    *,
    settings: Settings,
    spacing: float | None,
    label: int | None,
    whole: Scalar,
) -> Sample:
    if whole == "breast":
        raise InputError("the model's table measured breasts of a manifest, found in the images", remedy=_YOURSELF)
    if mask is None:
        raise InputError("an image needs its mask", remedy="Give --image I --mask M.")
    return sample_of(image, mask, settings=settings, spacing=spacing, label=label, case_id=image.name)


def _extractor(parts: Sequence[Mapping[str, Any]], engine: str) -> FeatureExtractor:
    import yaml

    made = next((part for part in parts if part.get("recipe_text") and not part.get("embedding")), None)
    if made is None:
        raise InputError(
            "the model's table does not say with which recipe it was made, so an image cannot be measured alike",
            remedy=_YOURSELF,
        )
    recipe = recipe_from(yaml.safe_load(made["recipe_text"]), name=str(made.get("recipe_name", "recipe")))
    return FeatureExtractor(recipe, engine="pyradiomics" if made.get("engine") == "pyradiomics" else engine)


def _network_settings(record: Mapping[str, Any], weights: Path | None) -> EmbeddingSettings:
    """Find the network again, and make sure that it and what it sees are what they were."""
    from radiomics_mammo.embeddings import find_network
    from radiomics_mammo.embeddings.inputs import INPUTS
    from radiomics_mammo.embeddings.settings import settings_for

    try:
        name = str(record["name"])
        name = "onnx" if weights and name.startswith("onnx:") else name
        network = find_network(name, weights=weights, size=int(record["size"]))
        network = replace(network, trained_on=tuple(record["trained_on"]))
    except InputError as error:
        said = f"{record['name']} is not at hand: {error.cause}"
        raise InputError(said, path=error.path, remedy=f"Name its file with --weights. {_YOURSELF}") from error
    settings = settings_for(
        network,
        seen=str(record["input"]),
        channels=str(record["channels"]),
        context=float(record["context"]) if INPUTS[str(record["input"])].has_context else None,
        flip=bool(record["flip"]),
        forced=bool(record["forced"]),
    )
    now = settings.record()
    differing = [name for name, value in record.items() if now.get(name) != value]
    if differing:
        raise InputError(
            f"{record['name']} is not what the model was trained with ({', '.join(differing)} differ)",
            remedy=_YOURSELF,
        )
    return settings


def _look(settings: EmbeddingSettings, sample: Sample) -> np.ndarray | Failure:
    from radiomics_mammo.embeddings import open_embedder

    (found,) = open_embedder(settings.network.runner, settings).measure([sample]).results
    return found


def _vector(found: np.ndarray | Failure) -> list[float]:
    if isinstance(found, Failure):
        raise CaseError(found.cause, path=found.path or None, remedy=found.remedy)
    values: list[float] = found.tolist()
    return values


def _refuse_other_columns(facts: ModelFacts, measured: Sequence[str]) -> None:
    others = sorted(set(facts.features) - set(measured))
    if others:
        raise InputError(
            f"the model also takes columns that an image does not give: {', '.join(others[:5])}"
            + (f" and {len(others) - 5} more" if len(others) > 5 else ""),
            remedy="Give a table that has them with --table.",
        )
