"""The settings of an extraction, under pyradiomics' names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of pyradiomics that apply to 2-D images, with its names and defaults.

    Attributes
    ----------
    binWidth : float
        Width of a grey level bin, in the image's units; bins start at a multiple of it.
    binCount : int or None
        Number of bins between the region's minimum and maximum; takes precedence over ``binWidth``.
    distances : tuple of int
        Distances (larger component, pixels) of neighbours.
    weightingNorm : str or None
        How angles are weighted by their length before they are merged; None computes features for each angle.
    symmetricalGLCM : bool
        Count each pair in both directions.
    gldm_a : int
        Largest difference of level at which a neighbour is dependent.
    voxelArrayShift : int
        Added to the intensities in Energy, TotalEnergy and RootMeanSquared.
    resegmentRange : tuple of float or None
        Keep the pixels of the region in this range: (lower,) or (lower, upper).
    resegmentMode : str
        ``absolute``, ``relative`` (to the region's maximum) or ``sigma`` (standard deviations from its mean).
    resegmentShape : bool
        Compute shape from the resegmented region, too.
    normalize : bool
        Centre and scale the image by the mean and standard deviation of all its pixels.
    normalizeScale : float
        Factor applied after that.
    removeOutliers : float or None
        Clip the normalised image at this many standard deviations.
    resampledPixelSpacing : tuple of float or None
        New pixel size (x, y), mm; 0 keeps an axis as it is.
    interpolator : str
        SimpleITK's name of the interpolator for the image; masks take the nearest neighbour.
    padDistance : int
        Pixels kept around the region when resampling, and with ``preCrop``.
    label : int or None
        Value of the mask that is the region, for manifests and arrays; None means any value but 0.
    minimumROIDimensions : int
        Number of directions in which the region must extend over more than one pixel; 0 admits a single pixel.
    minimumROISize : int or None
        The region must have more pixels than this.
    correctMask : bool
        Resample a mask whose geometry differs onto the image's grid, where it lies inside the image.
    geometryTolerance : float or None
        Largest distance of image and mask according to their headers, in pixels; None is half a pixel.
    preCrop : bool
        Crop to the region and ``padDistance`` before filters; changes no value of the original image.
    force2D : bool
        Accepted; all features are 2-D.
    force2Ddimension : int
        Accepted as 0, its default.
    additionalInfo : bool
        ``execute`` returns ``diagnostics_…`` entries too.
    """

    binWidth: float = 25.0
    binCount: int | None = None
    distances: tuple[int, ...] = (1,)
    weightingNorm: str | None = None
    symmetricalGLCM: bool = True
    gldm_a: int = 0
    voxelArrayShift: int = 0
    resegmentRange: tuple[float, ...] | None = None
    resegmentMode: str = "absolute"
    resegmentShape: bool = False
    normalize: bool = False
    normalizeScale: float = 1.0
    removeOutliers: float | None = None
    resampledPixelSpacing: tuple[float, ...] | None = None
    interpolator: str = "sitkBSpline"
    padDistance: int = 5
    label: int | None = None
    minimumROIDimensions: int = 2
    minimumROISize: int | None = None
    correctMask: bool = False
    geometryTolerance: float | None = None
    preCrop: bool = False
    force2D: bool = False
    force2Ddimension: int = 0
    additionalInfo: bool = True
