"""A cache of prepared breasts on disk: exact, checked, bounded in size.

An entry is written beside its name and then renamed, so that any number of processes can use a folder. What is damaged
is made anew, and a folder that cannot be written to costs a message: no row depends on the cache.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import struct
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import BreastMarks, Sample
from radiomics_mammo.errors import InputError

FORMAT = 1
"""Raise it whenever entries are written otherwise; old ones are then ignored, and removed for room."""

_MAGIC = b"RMCROP\x00" + bytes([FORMAT])
_SIZES = struct.Struct("<IQ")  # bytes of JSON, bytes of the payload before compression
_HEAD = struct.Struct("<8sI")  # magic, checksum of all that follows
_SUFFIX = ".crop"
_TEMPORARY = ".tmp"
_FULL = "full-"
_MARKER = "radiomics_mammo_cache.txt"
"""What tells a folder of our own making; nothing in any other is ever removed."""
_MARK = "A cache of radiomics_mammo. It may be deleted: what is missing is made anew.\n"
_SHELF = re.compile(r"[0-9a-f]{2}")
_ENTRY = re.compile(rf"[0-9a-f]{{40}}{re.escape(_SUFFIX)}")
_LEFTOVER = re.compile(rf"[0-9a-f]{{40}}{re.escape(_SUFFIX)}\.\d+{re.escape(_TEMPORARY)}")
_FULL_SIGN = re.compile(rf"{_FULL}\d+\.\d{{6}}")
_STALE_SECONDS = 3600.0
# The folder is looked over once for each sixty-fourth of the limit that is written, and brought to seven eighths.
_RECHECKS = 64
_KEEP = 7, 8
_LOG = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class CropCache:
    """A folder of prepared crops, as one process sees it.

    Attributes
    ----------
    folder : Path
        Where the entries are.
    limit : int
        Bytes that all entries together may take.
    since : float
        When the run began, seconds since 1970: what it has written or read stays. Runs go through a collection in the
        same order, so that a process that made room by the least recently used would throw out what is asked for next.
    """

    folder: Path
    limit: int
    since: float
    _silent: bool = field(default=False, init=False)

    def get(self, key: str) -> Sample | None:
        """Read a crop, without its case's identity and path; None if absent or damaged."""
        path = self.path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        with suppress(OSError):  # another's file, or a folder that is read only
            os.utime(path)  # used in this run
        return _unpacked(data)

    def put(self, key: str, sample: Sample) -> None:
        """Write a crop and remove old ones; a disk error is reported once and ends writing."""
        if self._silent:
            return
        path = self.path(key)
        data = _packed(sample)
        if len(data) > self._target:
            return
        temporary = path.with_name(f"{path.name}.{os.getpid()}{_TEMPORARY}")
        try:
            # Keys are hashes: their digits are the dice, so that however many processes write, the folder is looked
            # over equally often and no one has to count.
            check = int(key[:8], 16) * self.limit < len(data) * _RECHECKS * 0x1_0000_0000
            if check and not self._make_room(len(data)):
                self._say_full()
                return
            path.parent.mkdir(exist_ok=True)
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError as error:
            _remove(temporary)
            self._silent = True
            _LOG.warning(
                "%s: no more prepared breasts are written there (%s). The run goes on; free some space or name "
                "another --cache.",
                self.folder,
                error.strerror or error,
            )

    def path(self, key: str) -> Path:
        """Return where a crop is or would be."""
        return self.folder / key[:2] / f"{key}{_SUFFIX}"

    def shrink(self) -> None:
        """Check the limit at the start of a run, and remove what exceeds it."""
        for left in self.folder.glob(f"{_FULL}*"):
            if _FULL_SIGN.fullmatch(left.name):
                _remove(left)
        if sum(size for _, size, _ in self._entries()) > self.limit:
            self._make_room(0)

    @property
    def _target(self) -> int:
        return self.limit * _KEEP[0] // _KEEP[1]

    def _make_room(self, needed: int) -> bool:
        """Return whether the new entry fits, after removing entries that this run has not used.

        Of what earlier runs left, the last used goes first: it is asked for last.
        """
        entries = sorted(self._entries(), reverse=True)
        total = needed + sum(size for _, size, _ in entries)
        for used, size, path in entries:
            if total <= self._target:
                break
            if used < self.since * 1e9:
                _remove(Path(path))
                total -= size
        return total <= self._target

    def _say_full(self) -> None:
        """Write nothing more in this run; one of its processes reports it."""
        self._silent = True
        try:
            (self.folder / f"{_FULL}{self.since:.6f}").touch(exist_ok=False)
        except FileExistsError:
            return
        _LOG.warning(
            "%s: full with the breasts of this run (%.3g GB); the others are prepared anew each time. Give it more "
            "with --cache-gb.",
            self.folder,
            self.limit / 1e9,
        )

    def _entries(self) -> list[tuple[int, int, str]]:
        """List when each entry was last used, its size and path; remove leftovers of killed processes."""
        entries = []
        now = time.time()
        for shelf in os.scandir(self.folder):
            if not _SHELF.fullmatch(shelf.name) or not shelf.is_dir(follow_symlinks=False):
                continue
            for entry in os.scandir(shelf.path):
                try:
                    status = entry.stat()
                except OSError:  # another process has removed it
                    continue
                if _ENTRY.fullmatch(entry.name):
                    entries.append((status.st_mtime_ns, status.st_size, entry.path))
                elif _LEFTOVER.fullmatch(entry.name) and now - status.st_mtime > _STALE_SECONDS:
                    _remove(Path(entry.path))
        return entries


def open_cache(folder: str | Path, *, limit: int, since: float | None = None) -> CropCache:
    """Build a cache in a folder, which is made where it does not exist.

    Parameters
    ----------
    folder : path
        New, empty, or an earlier run's cache; may be shared by collections, settings and processes.
    limit : int
        Bytes that all entries together may take.
    since : float, optional
        When the run began, seconds since 1970; now by default.

    Raises
    ------
    InputError
        The folder cannot be made or written to, holds other files, or the limit is not positive.
    """
    folder = Path(folder)
    if limit <= 0:
        raise InputError(f"the cache may hold {limit} bytes", path=folder, remedy="Give more with --cache-gb.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made ({error.strerror})", path=folder, remedy="Name another folder with --cache."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError("cannot be written to", path=folder, remedy="Name another folder with --cache.")
    marker = folder / _MARKER
    if not marker.is_file():
        if any(path.name != _MARKER for path in folder.iterdir()):
            raise InputError(
                "holds files, and was not made as a cache",
                path=folder,
                remedy="Name a new or empty folder with --cache.",
            )
        marker.write_text(_MARK, encoding="utf-8")
    return CropCache(folder, limit, time.time() if since is None else since)


def entry_key(image: str, settings: object) -> str | None:
    """Return the key of an entry from its file, the settings and the format.

    Parameters
    ----------
    image : str
        The file that the crop is made from.
    settings : object
        Whatever else the crop depends on; its ``repr`` must be the same in every process.

    Returns
    -------
    str or None
        40 hexadecimal digits; None where there is no such file.
    """
    try:
        status = os.stat(image)  # noqa: PTH116 - once an image, and Path objects are slow
    except OSError:
        return None
    text = repr((FORMAT, image, status.st_size, status.st_mtime_ns, status.st_ctime_ns, settings))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:40]


def _packed(sample: Sample) -> bytes:
    import pyarrow

    marks = sample.marks
    masks = [sample.mask] if marks is None else [sample.mask, marks.interior, marks.pectoral, marks.implant]
    header = {
        "shape": sample.image.shape,
        "dtype": sample.image.dtype.str,
        "masks": [mask is not None for mask in masks],
        "marks": marks is not None,
        "nipple": None if marks is None else marks.nipple,
        "spacing": sample.spacing,
        "columns": dict(sample.columns),
        "notes": sample.notes,
        "phantom": sample.phantom,
    }
    head = json.dumps(header).encode()
    # High and low bytes separately: the high ones hardly vary.
    planes = np.ascontiguousarray(sample.image).view(np.uint8).reshape(-1, sample.image.dtype.itemsize).T
    payload = b"".join([planes.tobytes(), *(np.packbits(mask).tobytes() for mask in masks if mask is not None)])
    packed: bytes = pyarrow.Codec("zstd", compression_level=1).compress(payload, asbytes=True)
    body = b"".join([_SIZES.pack(len(head), len(payload)), head, packed])
    return _HEAD.pack(_MAGIC, zlib.crc32(body)) + body


def _unpacked(data: bytes) -> Sample | None:
    import pyarrow

    if len(data) < _HEAD.size + _SIZES.size:
        return None
    magic, checksum = _HEAD.unpack_from(data)
    body = memoryview(data)[_HEAD.size :]
    if magic != _MAGIC or zlib.crc32(body) != checksum:
        return None
    head, size = _SIZES.unpack_from(body)
    body = body[_SIZES.size :]
    header = json.loads(bytes(body[:head]))
    payload = np.frombuffer(
        pyarrow.Codec("zstd").decompress(body[head:], decompressed_size=size, asbytes=True), dtype=np.uint8
    )
    shape, dtype = tuple(header["shape"]), np.dtype(header["dtype"])
    pixels = shape[0] * shape[1]
    planes = payload[: pixels * dtype.itemsize].reshape(dtype.itemsize, pixels)
    image = np.array(planes.T, order="C").view(dtype).reshape(shape)  # its own memory, unlike the payload's
    masks = _masks(payload[pixels * dtype.itemsize :], header["masks"], shape)
    nipple, spacing = (None if header[name] is None else tuple(header[name]) for name in ("nipple", "spacing"))
    marks = None
    if header["marks"]:
        interior, pectoral, implant = masks[1:]
        marks = BreastMarks(_there(interior), pectoral, implant, nipple)
    return Sample(
        case_id="",
        patient_id="",
        image=image,
        mask=_there(masks[0]),
        spacing=spacing,
        columns=header["columns"],
        notes=tuple(header["notes"]),
        phantom=header["phantom"],
        marks=marks,
    )


def _masks(packed: NDArray[np.uint8], there: list[bool], shape: tuple[int, ...]) -> list[NDArray[np.bool_] | None]:
    masks: list[NDArray[np.bool_] | None] = []
    pixels = shape[0] * shape[1]
    size = -(-pixels // 8)
    at = 0
    for present in there:
        if not present:
            masks.append(None)
            continue
        masks.append(np.unpackbits(packed[at : at + size], count=pixels).view(np.bool_).reshape(shape))
        at += size
    return masks


def _there(mask: NDArray[np.bool_] | None) -> NDArray[Any]:
    assert mask is not None  # written with every entry
    return mask


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _LOG.warning("%s: cannot be removed (%s)", path, error.strerror)
