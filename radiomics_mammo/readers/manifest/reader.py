"""A CSV that names images and masks: everybody's own data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.errors import MaskError, ReadError
from radiomics_mammo.imaging.formats.image_file import ImageFile, read_image
from radiomics_mammo.imaging.formats.masks import (
    fitted,
    labels_in,
    lossy_mask,
    onto_frame,
    refuse_grey,
    refuse_other_frame,
)
from radiomics_mammo.readers.manifest import ManifestArguments
from radiomics_mammo.readers.manifest.rows import Manifest, ManifestSource, read_manifest


@dataclass(frozen=True)
class ManifestReader(ManifestArguments):
    """The cases of a CSV with the columns ``image`` and, mostly, ``mask``.

    Further columns with a meaning, in any case: ``case_id``; ``patient_id``; ``label`` (the mask value that
    counts, as in pyradiomics' batch files: ``1``, ``1;2`` or ``each``; called ``mask_label``, it leaves
    ``label`` free for something else); ``spacing_mm`` (one number or ``row;column``); ``phantom``. All others
    go through to the table. Paths are relative to the CSV.

    A mask with one value besides zero is that region, whatever the value. A mask with several, and no label
    named, gives one row for each, called ``<case_id>_label<value>``. JPEG masks are thresholded at 127.

    Parameters
    ----------
    path : path
        The CSV; comma, semicolon or tab.
    whole : {'image', 'breast'}
        The region of a case that names no mask.
    label : int or None
        The mask value that counts where the CSV names none; a recipe's ``label``.
    correct_mask : bool
        Resample a mask that its header places elsewhere onto the image; a recipe's ``correctMask``.
    tolerance : float or None
        Pixels by which headers may place image and mask apart; a recipe's ``geometryTolerance``.

    Raises
    ------
    InputError
        The manifest cannot be read or contradicts itself.
    """

    _manifest: Manifest = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        path = Path(self.path).expanduser().resolve()
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "_manifest", read_manifest(path))

    @property
    def columns(self) -> tuple[tuple[str, type], ...]:
        """Names and types of the identity columns: the CSV's own, and the mask's label."""
        return (*self._manifest.columns, ("mask_label", int))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is worth saying of the manifest as a whole."""
        return self._manifest.remarks

    def cases(self) -> Sequence[Case]:
        """List the lines of the CSV in its order."""
        return [Case(row.case_id, row.patient_id, row.columns, row.source) for row in self._manifest.rows]

    def load(self, case: Case) -> Sequence[Sample]:
        """Read one line's image and its regions.

        Raises
        ------
        ReadError
            A file is missing, unreadable, or not a grey two-dimensional picture.
        MaskError
            The mask is empty, of another aspect or frame, lacks the label, or is no mask.
        """
        source = case.source
        if not isinstance(source, ManifestSource):
            raise TypeError(f"case {case.case_id} was not made by ManifestReader")
        if not source.image:
            raise ReadError(f"line {source.line} names no image", path=self.path, remedy="Fill in its image cell.")
        image = read_image(source.image)
        spacing, notes = _spacing(image, source)
        if not source.mask and self.whole == "breast":
            return [_breast(case, image, source, spacing=spacing, notes=(*image.notes, *notes))]
        regions, more = self._regions(image, source)
        return [
            Sample(
                case_id=case.case_id if only else f"{case.case_id}_label{label}",
                patient_id=case.patient_id,
                image=_counted(image.pixels),
                mask=mask,
                spacing=spacing,
                columns={**case.columns, "mask_label": label},
                notes=(*image.notes, *notes, *more),
                phantom=source.phantom or image.phantom,
                image_path=source.image,
                mask_path=source.mask,
            )
            for label, mask in regions
            for only in (len(regions) == 1 and not _several(source),)
        ]

    def _regions(
        self, image: ImageFile, source: ManifestSource
    ) -> tuple[list[tuple[int | None, NDArray[np.bool_]]], tuple[str, ...]]:
        shape = (image.pixels.shape[0], image.pixels.shape[1])
        if not source.mask:
            return [(None, np.ones(shape, dtype=np.bool_))], ("no mask: the whole image is the region",)
        file = read_image(source.mask, indices=True)
        moved: tuple[str, ...] = ()
        if self.correct_mask and image.geometry is not None and file.geometry is not None:
            pixels, moved = onto_frame(file, image, path=source.mask)
            file = replace(file, pixels=pixels)
        else:
            refuse_other_frame(image.geometry, file.geometry, path=source.mask, tolerance=self.tolerance)
        if source.labels is None and self.label is not None:
            source = replace(source, labels=(self.label,))
        regions = []
        notes: tuple[str, ...] = ()
        for label, mask in _labelled(file, source):
            own, notes = fitted(mask, shape, path=source.mask)
            regions.append((label, own))
        return regions, (*moved, *notes) if not file.lossy else (*notes, "JPEG mask thresholded at 127")


def _breast(
    case: Case, image: ImageFile, source: ManifestSource, *, spacing: tuple[float, float] | None, notes: tuple[str, ...]
) -> Sample:
    """Prepare the breast, with the manifest's columns laterality, view and implant, where it has them, for hints."""
    from radiomics_mammo.imaging.breast.prepare import prepare_breast

    said = {name.casefold(): value for name, value in case.columns.items()}
    side = str(said.get("laterality") or "").strip().upper()[:1]
    view = str(said.get("view") or "").strip().upper()
    implant = str(said.get("implant") or "").strip().casefold()
    try:
        breast = prepare_breast(
            _counted(image.pixels),
            laterality={"L": "LEFT", "R": "RIGHT"}.get(side, ""),
            view=view,
            spacing=spacing,
            implant=implant in ("1", "1.0", "true", "yes") if implant else None,
        )
    except MaskError as error:
        raise MaskError(error.cause, path=source.image, remedy=error.remedy) from error
    unknown = () if view else ("no column says the view: the pectoral muscle was not looked for",)
    return Sample(
        case_id=case.case_id,
        patient_id=case.patient_id,
        image=breast.image,
        mask=breast.mask,
        spacing=breast.spacing,
        columns={**case.columns, "mask_label": None},
        notes=(*notes, "no mask: the breast is the region", *breast.notes, *unknown),
        phantom=source.phantom or image.phantom,
        image_path=source.image,
        marks=breast.marks,
    )


def _several(source: ManifestSource) -> bool:
    # Names must not depend on how many of several labels a mask happens to hold.
    return bool(source.mask) and source.labels is not None and len(source.labels) != 1


def _labelled(file: ImageFile, source: ManifestSource) -> list[tuple[int | None, NDArray[np.bool_]]]:
    path = source.mask
    if file.lossy:
        if source.labels not in (None, (), (1,), (255,)):
            raise MaskError("labels do not survive JPEG", path=path, remedy="Save the mask as PNG, or name no label.")
        return [(None, lossy_mask(file.pixels, path=path))]
    pixels: NDArray[Any] = file.pixels
    there = labels_in(pixels, path=path)
    if source.labels is None:
        refuse_grey(there, path=path)
        if len(there) == 1:
            return [(_whole(there[0]), _nonzero(pixels))]
    wanted: Sequence[float] = source.labels or there
    absent = [label for label in wanted if label not in there]
    if absent:
        raise MaskError(
            f"the mask has no label {_listed(absent)}; it has {_listed(there)}",
            path=path,
            remedy="Correct the label column of the manifest, or the recipe's label.",
        )
    return [(_whole(label), np.asarray(pixels == label)) for label in wanted]


def _nonzero(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = pixels != 0
    return inside & np.isfinite(pixels) if pixels.dtype.kind == "f" else inside


def _whole(label: float) -> int | None:
    return int(label) if float(label).is_integer() else None


def _listed(labels: Sequence[float]) -> str:
    shown = ", ".join(f"{label:g}" for label in labels[:12])
    return shown + (", …" if len(labels) > 12 else "")


def _counted(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels


def _spacing(image: ImageFile, source: ManifestSource) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    if source.spacing is None:
        return image.spacing, ()
    if image.spacing is not None and not np.allclose(image.spacing, source.spacing, rtol=0.01):
        header = " x ".join(f"{mm:g}" for mm in image.spacing)
        return source.spacing, (f"spacing from the manifest; the image's header says {header} mm",)
    return source.spacing, ()
