"""A table that lists images and masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Case, Sample, Scalar
from radiomics_mammo.errors import MaskError, ReadError
from radiomics_mammo.imaging.formats.image_file import ImageFile, read_image, read_mask
from radiomics_mammo.imaging.masks.regions import labelled_regions
from radiomics_mammo.readers.manifest import ManifestArguments
from radiomics_mammo.readers.manifest.rows import Manifest, ManifestSource, read_manifest


@dataclass(frozen=True)
class ManifestReader(ManifestArguments):
    """The cases of a table with the columns ``image`` and ``mask``, or four of a box in pixels.

    Columns may have other usual names, see :mod:`radiomics_mammo.core.column_names`. Further ones: ``case_id``;
    ``patient_id``; ``label`` (the mask value that counts, as in pyradiomics' batch files: ``1``, ``1;2`` or
    ``each``; called ``mask_label``, it leaves ``label`` free for something else); ``spacing_mm`` (one number or
    ``row;column``); ``phantom``. All others go through to the table. Paths are relative to the table.

    A mask with one value besides zero is that region, whatever the value. A mask with several, and no label
    named, gives one row for each, called ``<case_id>_label<value>``. What a mask file
    means is decided in :mod:`radiomics_mammo.imaging.masks`.

    Parameters
    ----------
    path : path
        The table: CSV, TSV, Excel, Parquet or Feather.
    whole : {'image', 'breast'} or None
        The region of a case that names neither mask nor box; None makes it fail.
    frame : int or None
        Frame of DICOM files of several, from 1, where the table names none (column ``frame``).
    projection : {'mean', 'maximum'} or None
        Projection of their frames.
    label : int or None
        The mask value that counts where the table names none; a recipe's ``label``.
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
        object.__setattr__(self, "_manifest", read_manifest(path, whole=self.whole is not None))

    @property
    def columns(self) -> tuple[tuple[str, type], ...]:
        """Return the identity columns: the manifest's, and the mask's label."""
        return (*self._manifest.columns, ("mask_label", int))

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return remarks on the manifest as a whole."""
        return self._manifest.remarks

    @property
    def regions(self) -> str:
        """Return how many cases have which kind of region."""
        sources = [row.source for row in self._manifest.rows]
        masks, boxes = sum(bool(source.mask) for source in sources), sum(source.box is not None for source in sources)
        rest = len(sources) - masks - boxes
        counts = [f"{masks} with mask", *([f"{boxes} with box"] if boxes else [])]
        without = "without a region" if rest and self.whole is None else f"whole {self.whole or 'image'}"
        return ", ".join([*counts, f"{rest} {without}"])

    def cases(self) -> Sequence[Case]:
        """List the lines of the table in its order."""
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
        if not source.mask and source.box is None and self.whole is None:
            remedy = "Fill in its mask cell, or measure it with --whole image or --whole breast."
            raise ReadError(f"line {source.line} names no mask", path=source.image, remedy=remedy)
        frame = self.frame if source.frame is None else source.frame
        image = read_image(source.image, frame=frame, projection=self.projection if source.frame is None else None)
        spacing, notes = _spacing(image, source)
        if not source.mask and source.box is None and self.whole == "breast":
            hints = {hint: case.columns[name] for hint, name in self._manifest.hints.items()}
            return [_breast(case, image, source, hints=hints, spacing=spacing, notes=(*image.notes, *notes))]
        regions, more = self._regions(image, source, frame)
        return [
            Sample(
                case_id=case.case_id if only else f"{case.case_id}_label{label}",
                patient_id=case.patient_id,
                image=image.values,
                mask=mask,
                spacing=spacing,
                columns={**case.columns, "mask_label": label},
                notes=(*image.notes, *notes, *more),
                phantom=source.phantom or image.phantom,
                image_path=source.image,
                mask_path=source.mask,
                presentation_intent_type=image.presentation_intent_type,
            )
            for label, mask in regions
            for only in (len(regions) == 1 and not _several(source),)
        ]

    def _regions(
        self, image: ImageFile, source: ManifestSource, frame: int | None
    ) -> tuple[list[tuple[int | None, NDArray[np.bool_]]], tuple[str, ...]]:
        if source.box is not None:
            return [(None, _box_mask(source.box, image.pixels.shape, source))], ("the region is a box",)
        if not source.mask:
            return [(None, np.ones(image.pixels.shape, dtype=np.bool_))], ("no mask: the whole image is the region",)
        labels = (self.label,) if source.labels is None and self.label is not None else source.labels
        mask = read_mask(source.mask, frame=frame)
        return labelled_regions(
            mask, image, labels=labels, correct=self.correct_mask, tolerance=self.tolerance, path=source.mask
        )


def _box_mask(
    box: tuple[float, float, float, float], shape: tuple[int, ...], source: ManifestSource
) -> NDArray[np.bool_]:
    """Return the pixels whose centres lie in a box: columns left to right - 1, rows top to bottom - 1."""
    left, top, right, bottom = (round(edge) for edge in box)
    rows, columns = shape
    shown = ", ".join(f"{edge:g}" for edge in box)
    if not (left >= 0 and right <= columns and top >= 0 and bottom <= rows):
        cause = (
            f"the box {shown} of line {source.line} reaches outside the image of {columns} x {rows} (width x height)"
        )
        raise MaskError(cause, path=source.image, remedy="Correct the box, or use the image that it was drawn on.")
    if left >= right or top >= bottom:
        cause = f"the box {shown} of line {source.line} is empty"
        raise MaskError(cause, path=source.image, remedy="A box is left, top, right, bottom, in pixels.")
    mask = np.zeros((rows, columns), dtype=np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def _breast(
    case: Case,
    image: ImageFile,
    source: ManifestSource,
    *,
    hints: Mapping[str, Scalar],
    spacing: tuple[float, float] | None,
    notes: tuple[str, ...],
) -> Sample:
    """Return the prepared breast; the columns of laterality, view and implant are hints."""
    from radiomics_mammo.imaging.breast.prepare import prepare_breast

    implants = [value for name, value in case.columns.items() if name.casefold() == "implant"]
    side = str(hints.get("laterality") or "").strip().upper()[:1]
    view = str(hints.get("view") or "").strip().upper()
    implant = str((implants and implants[0]) or "").strip().casefold()
    try:
        breast = prepare_breast(
            image.values,
            laterality={"L": "LEFT", "R": "RIGHT"}.get(side, ""),
            view=view,
            spacing=spacing,
            implant=implant in ("1", "1.0", "true", "yes") if implant else None,
        )
    except MaskError as error:
        raise MaskError(error.cause, path=source.image, remedy=error.remedy) from error
    unknown = () if view else ("no column states the view: no pectoral muscle was searched",)
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
        presentation_intent_type=image.presentation_intent_type,
    )


def _several(source: ManifestSource) -> bool:
    # Names must not depend on how many of several labels a mask happens to hold.
    return bool(source.mask) and source.labels is not None and len(source.labels) != 1


def _spacing(image: ImageFile, source: ManifestSource) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    if source.spacing is None:
        return image.spacing, ()
    if image.spacing is not None and not np.allclose(image.spacing, source.spacing, rtol=0.01):
        header = " x ".join(f"{mm:g}" for mm in image.spacing)
        return source.spacing, (f"spacing from the manifest; the image's header has {header} mm",)
    return source.spacing, ()
