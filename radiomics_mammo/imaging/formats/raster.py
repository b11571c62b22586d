"""PNG, TIFF, JPEG, BMP, GIF, WebP and portable grey maps, without losing bits on the way."""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.decode import DOWNLOAD_AGAIN

_PNG_GREY, _PNG_PALETTE = 0, 3
_TIFF_COMPRESSION, _TIFF_PHOTOMETRIC = 259, 262
_TIFF_DEFLATED = (8, 32946)
_TIFF_DATA = ((273, 279), (324, 325))
"""Tags of where strips and tiles stand, and of their lengths."""


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """Pixels as stored: (rows, columns) or (rows, columns, channels), and the colours of indices."""

    pixels: NDArray[Any]
    lossy: bool
    notes: tuple[str, ...] = ()
    palette: NDArray[np.uint8] | None = None


def read_raster(path: Path, *, indices: bool = False) -> Raster:
    """Read a raster file without losing bits.

    Parameters
    ----------
    path : path
        The file.
    indices : bool
        Palette pictures give their indices, not their colours.

    Returns
    -------
    Raster

    Raises
    ------
    ReadError
        Broken or truncated, several pages, or a pixel type that neither library reads.
    """
    from PIL import Image, UnidentifiedImageError

    depth, kind = _png_depth(path)
    if depth:
        _check_png(path)
    if depth == 16 and kind != _PNG_GREY:
        return Raster(_by_itk(path), lossy=False)
    try:
        with warnings.catch_warnings():
            # A film scanned at 42 um has more pixels than Pillow expects of an honest picture; it still
            # refuses twice that limit (358 megapixels).
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # of metadata that no pixel depends on
            with Image.open(path) as picture:
                return _decoded(picture, path, indices=indices, depth=depth)
    except Image.DecompressionBombError as error:
        raise ReadError("has more than 358 megapixels", path=path, remedy="Check what it is.") from error
    except UnidentifiedImageError as error:
        if _is_tiff(path):
            return Raster(_by_itk(path), lossy=False)
        raise ReadError("is not a picture that Pillow knows", path=path, remedy=DOWNLOAD_AGAIN) from error
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, struct.error, zlib.error) as error:
        raise ReadError(f"is broken or truncated ({error})", path=path, remedy=DOWNLOAD_AGAIN) from error


def _decoded(picture: Any, path: Path, *, indices: bool, depth: int) -> Raster:
    pages = getattr(picture, "n_frames", 1)
    if pages > 1 and picture.format != "MPO":
        raise ReadError(f"has {pages} pages", path=path, remedy="Export the pages one by one.")
    lossy = _is_lossy(picture, path)
    if picture.format == "BMP" and picture.mode == "1" and _bmp_bits(path) == 8:
        return Raster(_by_itk(path), lossy=False)  # Pillow takes its bytes for bits
    # The indices of a GIF are of no one's choice: its colours count.
    if picture.mode in ("P", "PA") and (not indices or picture.format == "GIF"):
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    palette = palette_of(picture) if picture.mode in ("P", "PA") else None
    if picture.mode == "PA":
        picture = picture.getchannel(0)
    if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        raise ReadError(f"is a colour picture ({picture.mode})", path=path, remedy="Export it in shades of grey.")
    pixels = np.array(picture)
    if picture.format == "TIFF":
        _check_tiff(picture, path)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    if depth in (2, 4) and picture.mode == "L":
        # Pillow stretches 2- and 4-bit greys to 0..255; a label mask means the numbers that were stored.
        pixels //= 255 // ((1 << depth) - 1)
    if _white_is_zero(picture) and pixels.dtype == np.uint16:
        # Pillow inverts such TIFF files at 8 bits and forgets to at 16.
        return Raster(np.iinfo(np.uint16).max - pixels, lossy=lossy, notes=("inverted: white is zero in the file",))
    return Raster(pixels, lossy=lossy, palette=palette)


def _is_lossy(picture: Any, path: Path) -> bool:
    if picture.format == "WEBP":
        with path.open("rb") as file:
            return b"VP8L" not in file.read(64)
    return picture.format in ("JPEG", "MPO") or picture.info.get("compression") in ("jpeg", "tiff_jpeg")


def _bmp_bits(path: Path) -> int:
    with path.open("rb") as file:
        return struct.unpack_from("<H", file.read(30), 28)[0]  # type: ignore[no-any-return]


def palette_of(picture: Any) -> NDArray[np.uint8]:
    """Return red, green, blue and opacity of each index of a PIL image with a palette."""
    colours = np.array(picture.getpalette(), dtype=np.uint8).reshape(-1, 3)
    opacity = np.full((len(colours), 1), 255, np.uint8)
    transparent = picture.info.get("transparency")
    if isinstance(transparent, int) and transparent < len(opacity):
        opacity[transparent] = 0
    elif isinstance(transparent, bytes):
        known = min(len(transparent), len(opacity))
        opacity[:known, 0] = np.frombuffer(transparent[:known], np.uint8)
    return np.hstack([colours, opacity])


def _white_is_zero(picture: Any) -> bool:
    return bool(picture.format == "TIFF" and picture.tag_v2.get(_TIFF_PHOTOMETRIC) == 0)


def _png_depth(path: Path) -> tuple[int, int]:
    """Return bit depth and colour type of a PNG file; zeros for other files."""
    with path.open("rb") as file:
        head = file.read(26)
    if head[:4] != b"\x89PNG" or len(head) < 26:
        return 0, 0
    return head[24], head[25]


def _check_png(path: Path) -> None:
    """Check the checksum of every chunk; Pillow leaves out those of the pixels."""
    data = memoryview(path.read_bytes())
    start, kind = 8, b""
    while kind != b"IEND":
        if len(data) < start + 12:
            raise ReadError("is truncated", path=path, remedy=DOWNLOAD_AGAIN)
        (length,) = struct.unpack_from(">I", data, start)
        kind = bytes(data[start + 4 : start + 8])
        end = start + 8 + length
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(data[start + 4 : end])):
            raise ReadError("is damaged: a checksum is another", path=path, remedy=DOWNLOAD_AGAIN)
        start = end + 4


def _check_tiff(picture: Any, path: Path) -> None:
    """Check the checksums of deflated strips and tiles; libtiff reads as far as it needs pixels."""
    if picture.tag_v2.get(_TIFF_COMPRESSION) not in _TIFF_DEFLATED:
        return
    with path.open("rb") as file:
        for places, lengths in _TIFF_DATA:
            for place, length in zip(picture.tag_v2.get(places, ()), picture.tag_v2.get(lengths, ()), strict=True):
                file.seek(place)
                zlib.decompress(file.read(length))


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) in (b"II", b"MM")


def _by_itk(path: Path) -> NDArray[Any]:
    import SimpleITK

    try:
        return np.asarray(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1][-160:]
        raise ReadError(f"is broken or truncated ({reason})", path=path, remedy=DOWNLOAD_AGAIN) from error
