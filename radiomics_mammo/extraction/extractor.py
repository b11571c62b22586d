"""The Python interface: pyradiomics' ``execute`` on any engine, and whole collections to a DataFrame."""

from __future__ import annotations

import logging
import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo import errors
from radiomics_mammo.core.records import Case, Failure, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.engines.registry import choose_engine, engine_versions, open_engine
from radiomics_mammo.errors import InputError
from radiomics_mammo.extraction.batch import LoadedCase, load_case, measure_batches
from radiomics_mammo.extraction.diagnostics import diagnostics
from radiomics_mammo.imaging.masks.in_memory import Picture, picture_of, region_of
from radiomics_mammo.readers.base import Reader
from radiomics_mammo.recipes.recipe import Recipe, load_recipe, recipe_from
from radiomics_mammo.tables.feature_table import identity_values

if TYPE_CHECKING:
    import pandas as pd

CaseLike: TypeAlias = Sample | Mapping[str, Any] | tuple[Picture, Picture]


class FeatureExtractor:
    """Measures regions of images held in memory or on disk.

    Parameters
    ----------
    recipe : str, path, mapping or Recipe
        A recipe's name, a YAML file (a pyradiomics parameter file is one), its content, or a recipe.
    engine : {'auto', 'cpu', 'cuda', 'pyradiomics'}
        Chosen once.
    gpu_memory : int, optional
        Bytes of the GPU's memory that the cuda engine may use; the default is what is free.

    Attributes
    ----------
    recipe : Recipe
    engine_name, engine_reason : str
        The engine, and why it was chosen.
    feature_names : tuple of str
        Names of the features, in order.

    Raises
    ------
    RecipeError
        The recipe is not valid.
    EngineError
        The engine cannot run here.

    Examples
    --------
    >>> import numpy as np
    >>> from radiomics_mammo import FeatureExtractor
    >>> extractor = FeatureExtractor({"setting": {"binCount": 8}, "featureClass": {"firstorder": ["Mean"]}})
    >>> image = np.arange(16.0).reshape(4, 4)
    >>> extractor.execute(image, image > 7)["original_firstorder_Mean"]
    11.5
    """

    def __init__(
        self,
        recipe: str | Path | Mapping[str, Any] | Recipe = "lesion",
        *,
        engine: str = "auto",
        gpu_memory: int | None = None,
    ) -> None:
        if isinstance(recipe, Recipe):
            self.recipe = recipe
        elif isinstance(recipe, Mapping):
            self.recipe = recipe_from(recipe)
        else:
            self.recipe = load_recipe(recipe)
        for note in self.recipe.notes:
            logging.getLogger(__name__).warning("recipe %s, %s", self.recipe.name, note)
        self.engine_name, self.engine_reason = choose_engine(engine)
        self._engine = open_engine(self.engine_name, self.recipe, gpu_memory)
        self.feature_names = self._engine.feature_names
        self._recipe_hash = self.recipe.hash  # writing the recipe out takes longer than measuring a small region

    def execute(
        self,
        image: Picture,
        mask: Picture,
        label: int | None = None,
        *,
        spacing: float | tuple[float, float] | None = None,
    ) -> OrderedDict[str, Any]:
        """Measure one region; called as pyradiomics' ``execute``.

        Parameters
        ----------
        image, mask : ndarray, SimpleITK.Image, PIL.Image.Image or path
            One plane. A mask of one value besides 0 is that region, unless a label is named; see
            :func:`radiomics_mammo.imaging.masks.regions.labelled_regions`.
        label : int, optional
            The mask's value that is the region; None takes the recipe's ``label``.
        spacing : float or (row, column), optional
            Millimetres; None takes the image's own, where it has one.

        Returns
        -------
        OrderedDict
            pyradiomics' 22 ``diagnostics_…`` entries in its order, and this package's own, unless the recipe's
            ``additionalInfo`` is false; then every feature under pyradiomics' name as a float, NaN where the catalogue
            calls it undefined.

        Raises
        ------
        CaseError
            The image or the mask cannot be read or measured.
        InputError
            The label is no whole number, or the spacing not finite and above 0.
        """
        label = _checked_label(label)
        sample = sample_of(image, mask, settings=self.recipe.settings, spacing=spacing, label=label)
        result = self.measure(sample)
        if isinstance(result, Failure):
            raise getattr(errors, result.error)(result.cause, path=result.path or None, remedy=result.remedy)
        row: OrderedDict[str, Any] = OrderedDict()
        if self.recipe.settings.additionalInfo:
            about: dict[str, Any] = {
                "recipe": self.recipe,
                "recipe_hash": self._recipe_hash,
                "engine": self.engine_name,
            }
            geometry = mask if hasattr(mask, "GetDirection") else None
            row.update(diagnostics(sample, label=label, geometry=geometry, **about))
        row.update(zip(self.feature_names, result.tolist(), strict=True))
        return row

    def measure(self, sample: Sample) -> NDArray[np.float64] | Failure:
        """Measure one sample: the values of ``feature_names``, or the failure."""
        (result,) = self._engine.measure([sample]).results
        return result

    def extract(self, cases: Reader | Iterable[CaseLike]) -> pd.DataFrame:
        """Measure many regions; a bad case costs its row only.

        Parameters
        ----------
        cases : Reader, or iterable
            A reader of this package; or any mix of samples, of ``(image, mask)`` pairs, and of mappings with
            ``image``, ``mask`` and optionally ``case_id``, ``patient_id``, ``spacing``, ``label``; their other
            entries become columns.

        Returns
        -------
        pandas.DataFrame
            One row a region: identity columns, then features. ``attrs["failures"]`` lists the cases without a
            row (as mappings with file, cause and remedy), ``attrs["provenance"]`` says how the rows were made.

        Raises
        ------
        InputError
            A mapping lacks ``image`` or ``mask``, or two cases have one id.
        """
        import pandas as pd

        rows: list[dict[str, Any]] = []
        failures: list[Failure] = []
        seen: set[str] = set()
        for measured in measure_batches(self._engine, self._loaded(cases)):
            for _, sample, result in measured.pairs():
                if sample.case_id in seen:
                    raise InputError(f"two cases are called {sample.case_id!r}", remedy="Give each its own case_id.")
                seen.add(sample.case_id)
                if not isinstance(result, Failure):
                    values = dict(zip(self.feature_names, result.tolist(), strict=True))
                    rows.append({**identity_values(sample, sample.columns), **values})
            failures += [failure for _, failure in measured.failures()]
        frame = pd.DataFrame(rows)
        ordered = [c for c in frame.columns if c not in self.feature_names]
        frame = frame.reindex(columns=[*(ordered or ["case_id", "patient_id"]), *self.feature_names])
        frame.attrs["failures"] = [{name: getattr(f, name) for name in Failure.__slots__} for f in failures]
        frame.attrs["provenance"] = {
            "recipe_hash": self._recipe_hash,
            "recipe_text": self.recipe.text,
            "engine": self.engine_name,
            "versions": engine_versions(self.engine_name),
        }
        return frame

    def _loaded(self, cases: Reader | Iterable[CaseLike]) -> Iterator[LoadedCase]:
        if not isinstance(cases, Iterable):
            yield from (load_case(case, cases.load, number=number) for number, case in enumerate(cases.cases()))
            return
        for number, case in enumerate(cases):
            if isinstance(case, Sample):
                yield LoadedCase(number, [case])
                continue
            entry: dict[str, Any] = {"image": case[0], "mask": case[1]} if isinstance(case, tuple) else dict(case)
            case_id = str(entry.pop("case_id", f"case_{number:05d}"))
            patient_id = str(entry.pop("patient_id", case_id))
            missing = {"image", "mask"} - set(entry)
            if missing:
                raise InputError(f"case {case_id} has no {' and no '.join(sorted(missing))}", remedy="Give both.")
            load = partial(
                self._sample_of, {key: entry.pop(key, None) for key in ("image", "mask", "spacing", "label")}
            )
            yield load_case(Case(case_id, patient_id, entry), load, number=number)

    def _sample_of(self, entry: Mapping[str, Any], case: Case) -> list[Sample]:
        sample = sample_of(
            entry["image"],
            entry["mask"],
            settings=self.recipe.settings,
            spacing=entry["spacing"],
            label=entry["label"],
            case_id=case.case_id,
        )
        return [replace(sample, patient_id=case.patient_id, columns=case.columns)]


def sample_of(
    image: Picture,
    mask: Picture,
    *,
    settings: Settings,
    spacing: float | tuple[float, float] | None = None,
    label: int | None = None,
    case_id: str = "",
    frame: int | None = None,
    projection: str | None = None,
) -> Sample:
    """Read an image and its mask as one region.

    Parameters
    ----------
    image, mask : ndarray, SimpleITK.Image or path
    settings : Settings
        Of the recipe: how far image and mask may differ in geometry, and the label where none is given.
    spacing : float or (row, column), optional
        Millimetres; None takes the image's own, where it has one.
    label : int, optional
        The mask's value that is the region.
    case_id : str
    frame, projection : optional
        Of a path, as for :func:`radiomics_mammo.imaging.formats.image_file.read_image`.

    Raises
    ------
    CaseError
        The image or the mask cannot be read, or do not fit.
    """
    given, wanted = _checked_spacing(spacing), _checked_label(label)
    picture = picture_of(image, what="image", frame=frame, projection=projection)
    region, notes = region_of(
        picture_of(mask, what="mask", frame=frame),
        picture,
        label=settings.label if wanted is None else wanted,
        correct=settings.correctMask,
        tolerance=settings.geometryTolerance,
        path=_path(mask),
    )
    return Sample(
        case_id=case_id,
        patient_id=case_id,
        image=picture.pixels,
        mask=region,
        spacing=picture.spacing if given is None else given,
        notes=(*picture.notes, *notes),
        phantom=picture.phantom,
        image_path=_path(image),
        mask_path=_path(mask),
        presentation_intent_type=picture.presentation_intent_type,
    )


def _checked_spacing(spacing: Any) -> tuple[float, float] | None:
    if spacing is None:
        return None
    try:
        values = np.asarray(spacing, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.shape not in ((), (2,)) or not (np.isfinite(values) & (values > 0)).all():
        raise InputError(
            f"the spacing is {spacing!r}", remedy="Give millimetres, finite and above 0: one number, or (row, column)."
        )
    row, column = np.broadcast_to(values, 2).tolist()
    return row, column


def _checked_label(label: Any) -> int | None:
    try:
        return None if label is None else operator.index(label)
    except TypeError:
        raise InputError(f"the label is {label!r}", remedy="Give a whole number.") from None


def _path(picture: Picture) -> str:
    return str(picture) if isinstance(picture, (str, Path)) else ""
