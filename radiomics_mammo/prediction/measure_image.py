"""Measure one image as the tables of a model were: with their recipe and their networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from radiomics_mammo.core.records import Failure, Sample, Scalar
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import CaseError, InputError
from radiomics_mammo.extraction.extractor import FeatureExtractor, sample_of
from radiomics_mammo.readers import READERS
from radiomics_mammo.readers.base import imported
from radiomics_mammo.recipes.recipe import recipe_from
from radiomics_mammo.runs.model_metadata import ModelFacts
from radiomics_mammo.tables.feature_table import Table, embedder_of, identity_values, is_embedding

if TYPE_CHECKING:
    from radiomics_mammo.embeddings.settings import EmbeddingSettings

_BY_TABLE = "Measure the image as the run's tables were, and give the tables with --table."
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """One image to be scored.

    Attributes
    ----------
    image : pathlib.Path
    mask : pathlib.Path or None
        None where the model's tables measured whole breasts, and only there.
    label : int or None
        The mask's value that is the region; None takes the recipe's, or any.
    spacing : float or None
        Millimetres, where the image does not state it.
    patient : str
        The patient; may be empty.
    laterality, view : str
        Of a whole breast, where the file does not state them.
    engine : str
        ``auto``, ``cpu`` or ``cuda``, for radiomic features.
    weights : pathlib.Path or None
        The network's file, where it is not a package's or has moved.
    frame : int or None
        Of a DICOM file of several frames, from 1.
    projection : {'mean', 'maximum'} or None
        Of its frames.
    """

    image: Path
    mask: Path | None = None
    label: int | None = None
    spacing: float | None = None
    patient: str = ""
    laterality: str = ""
    view: str = ""
    engine: str = "auto"
    weights: Path | None = None
    frame: int | None = None
    projection: str | None = None

    def refuse(self, *names: str, cause: str) -> None:
        """Raise InputError where one of these options is given: it does not fit the model."""
        given = [f"--{name}" for name in names if getattr(self, name) not in (None, "")]
        if given:
            raise InputError(f"{cause}, not by {' and '.join(given)}", remedy=f"Leave {', '.join(given)} out.")


def measure_image(facts: ModelFacts, request: ImageRequest) -> Table:
    """Compute the features of one region for a model.

    Parameters
    ----------
    facts : ModelFacts
        Its provenance states how the tables were made that the model was trained on.
    request : ImageRequest

    Raises
    ------
    CaseError
        The image or the mask cannot be read or measured.
    InputError
        The provenance does not state how, a network is not there as it was, or the model takes other columns, too.
    """
    parts = [dict(facts.provenance), *facts.provenance.get("joined", ())]
    wanted = {embedder_of(name) for name in facts.features if is_embedding(name)}
    radiomic = any(not is_embedding(name) for name in facts.features)
    extractor = _extractor(parts, request.engine) if radiomic else None
    if extractor is not None:
        _refuse_other_columns(facts, [*extractor.feature_names, *filter(is_embedding, facts.features)])
    described: Mapping[str, Scalar] = next((part["reader"] for part in parts if part.get("reader")), {})
    sample = _read(request, described, settings=Settings() if extractor is None else extractor.recipe.settings)
    row = dict(identity_values(sample, sample.columns))
    features: dict[str, float] = {}
    if extractor is not None:
        features |= _named(extractor.feature_names, extractor.measure(sample))
    for record in (part["embedding"] for part in parts if part.get("embedding")):
        if record["prefix"] in wanted:
            features |= _embedded(sample, _network_settings(record, request.weights))
    _refuse_other_columns(facts, list(features))
    frame = pd.DataFrame([row | features]).assign(**{facts.group: request.patient})
    if facts.unit != "lesion":  # a single region is a unit of its own, whatever the kind
        frame = frame.assign(image_id=frame["case_id"], laterality=frame["case_id"])
    return Table(frame, tuple(features), dict(facts.provenance))


def _read(request: ImageRequest, described: Mapping[str, Scalar], *, settings: Settings) -> Sample:
    """Read the image as the reader of the model's tables would, or with the given mask."""
    spec = READERS.get(str(described.get("reader")))
    if spec is not None and spec.read_image:
        cause = "the model measures whole breasts, found in the image"
        request.refuse("mask", "label", "spacing", "frame", "projection", cause=cause)
        hints = {"laterality": request.laterality, "view": request.view}
        sample: Sample = imported(spec.read_image)(
            request.image, described=described, patient_id=request.patient, **hints
        )
        return sample
    request.refuse("laterality", "view", cause="the model measures regions")
    if described.get("whole") == "breast":
        raise InputError("the model's table measured breasts without masks, found in the images", remedy=_BY_TABLE)
    if request.mask is None:
        raise InputError("an image needs its mask", remedy="Give --image I --mask M.")
    sample = sample_of(
        request.image,
        request.mask,
        settings=settings,
        spacing=request.spacing,
        label=request.label,
        case_id=request.image.name,
        frame=request.frame,
        projection=request.projection,
    )
    return replace(sample, patient_id=request.patient)


def _extractor(parts: Sequence[Mapping[str, Any]], engine: str) -> FeatureExtractor:
    import yaml

    part = next((part for part in parts if part.get("recipe_text") and not part.get("embedding")), None)
    if part is None:
        raise InputError(
            "the model's table does not state its recipe, so an image cannot be measured alike", remedy=_BY_TABLE
        )
    recipe = recipe_from(yaml.safe_load(part["recipe_text"]), name=str(part.get("recipe_name", "recipe")))
    return FeatureExtractor(recipe, engine="pyradiomics" if part.get("engine") == "pyradiomics" else engine)


def _network_settings(record: Mapping[str, Any], weights: Path | None) -> EmbeddingSettings:
    """Find the network again, and check that it and its input are what they were."""
    from radiomics_mammo.embeddings import find_network
    from radiomics_mammo.embeddings.inputs import INPUTS
    from radiomics_mammo.embeddings.settings import settings_for

    name = str(record["name"])
    try:
        model = "onnx" if weights and name.startswith("onnx:") else name
        network = find_network(model, weights=weights, size=int(record["size"]))
    except InputError as error:
        raise InputError(
            f"{name} was not found: {error.cause}",
            path=error.path,
            remedy=f"Name its file with --weights. {_BY_TABLE}",
        ) from error
    settings = settings_for(
        replace(network, trained_on=tuple(record["trained_on"])),
        seen=str(record["input"]),
        channels=str(record["channels"]),
        context=float(record["context"]) if INPUTS[str(record["input"])].has_context else None,
        flip=bool(record["flip"]),
        forced=bool(record["forced"]),
    )
    present = settings.record()
    differing = [key for key, value in record.items() if present.get(key) != value]
    if differing:
        raise InputError(
            f"{name} is not what the model was trained with ({', '.join(differing)} differ)", remedy=_BY_TABLE
        )
    return settings


def _embedded(sample: Sample, settings: EmbeddingSettings) -> dict[str, float]:
    from radiomics_mammo.embeddings import open_embedder

    (result,) = open_embedder(settings.network.runner, settings).measure([sample]).results
    return _named(settings.columns, result)


def _named(names: Sequence[str], result: Any) -> dict[str, float]:
    """Return values by the names of their columns; raise what a Failure stands for."""
    if isinstance(result, Failure):
        raise CaseError(result.cause, path=result.path or None, remedy=result.remedy)
    return dict(zip(names, result.tolist(), strict=True))


def _refuse_other_columns(facts: ModelFacts, measured: Sequence[str]) -> None:
    others = sorted(set(facts.features) - set(measured))
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise InputError(
            f"the model also takes columns that an image does not give: {', '.join(others[:_SHOWN])}{more}",
            remedy="Give a table that has them with --table.",
        )
