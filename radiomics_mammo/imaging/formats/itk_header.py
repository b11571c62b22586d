"""Headers of NRRD and MetaImage files, and whether the data behind them are whole.

ITK trusts what these headers say: a forged one crashes the process or reads any file of the machine, and compressed
data that are damaged come out as pixels. Here a file is refused before ITK sees it.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.decode import DOWNLOAD_AGAIN

HEADER_NAMES = (".nrrd", ".nhdr", ".mha", ".mhd")
MOST_BYTES = 4 << 30
"""Of pixels that a header may announce: more than any mammogram or tomosynthesis has."""

_LONGEST_HEADER = 1 << 20
_BLOCK = 1 << 22
_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?"
_NUMBERS = re.compile(rf"{_NUMBER}(\s+{_NUMBER})*")
_TEXT_DATA = re.compile(rb"[-+.,eE\d\s]*")
_BYTES = {
    **dict.fromkeys(("char", "uchar", "signed char", "unsigned char", "int8", "int8_t", "uint8", "uint8_t"), 1),
    **dict.fromkeys(("short", "ushort", "short int", "signed short", "signed short int", "unsigned short"), 2),
    **dict.fromkeys(("unsigned short int", "int16", "int16_t", "uint16", "uint16_t"), 2),
    **dict.fromkeys(
        ("int", "uint", "signed int", "unsigned int", "int32", "int32_t", "uint32", "uint32_t", "float"), 4
    ),
    **dict.fromkeys(("long", "ulong", "long long", "long_long", "ulong_long", "longlong", "ulonglong"), 8),
    **dict.fromkeys(("long long int", "signed long long", "signed long long int", "unsigned long long"), 8),
    **dict.fromkeys(("unsigned long long int", "int64", "int64_t", "uint64", "uint64_t", "double"), 8),
}
_NRRD_FIELDS = frozenset(
    ("dimension", "type", "blocksize", "encoding", "endian", "content", "min", "max", "oldmin", "oldmax", "datafile",
     "lineskip", "byteskip", "number", "sampleunits", "space", "spacedimension", "spaceunits", "spaceorigin",
     "spacedirections", "measurementframe", "sizes", "spacings", "thicknesses", "axismins", "axismaxs", "centers",
     "centerings", "labels", "units", "kinds")
)  # fmt: skip
_ENCODINGS = {"raw": "raw", "gzip": "deflated", "gz": "deflated", "ascii": "text", "text": "text", "txt": "text"}


class HeaderError(ValueError):
    """A header, or the data behind it, is not what the format allows."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says of its data.

    Attributes
    ----------
    sizes : tuple of int
    value_bytes : int
        Of one value, all channels together.
    encoding : {'raw', 'deflated', 'text'}
    data : tuple of str
        Names of the files that hold the data; empty where they follow the header.
    start : int
        Bytes before the data in the header's own file, or in each of the others; -1 where they end with the file.
    packed : int or None
        Bytes of deflated data, where the header says it.
    """

    sizes: tuple[int, ...]
    value_bytes: int
    encoding: str
    data: tuple[str, ...]
    start: int
    packed: int | None = None

    @property
    def n_bytes(self) -> int:
        """Return the bytes of all pixels."""
        return math.prod(self.sizes) * self.value_bytes


def data_files(path: str) -> tuple[str, ...]:
    """Return the paths of the files that a header names; none where it cannot be read."""
    try:
        header = _read_header(Path(path))
    except (OSError, ValueError):
        return ()
    return tuple(str(Path(path).parent / name) for name in header.data)


def check_itk_file(path: Path) -> None:
    """Check that the header of an NRRD or MetaImage file is sound, and its data are there and whole.

    Parameters
    ----------
    path : pathlib.Path

    Raises
    ------
    ReadError
        The header is not one, names data outside its own folder, or announces more than 4 GiB; the data are shorter
        than it says, or their checksum is another.
    """
    try:
        header = _read_header(path)
        if not 0 < header.n_bytes <= MOST_BYTES:
            raise HeaderError(f"its header announces {header.n_bytes} bytes")
        files = [_beside(path, name) for name in header.data] or [path]
        _check_data(files, header)
    except (OSError, ValueError, zlib.error) as error:
        raise ReadError(f"is truncated or broken ({error})", path=path, remedy=DOWNLOAD_AGAIN) from error


def _beside(path: Path, name: str) -> Path:
    """Return the path of a data file; a header may name one in its own folder only."""
    if Path(name).is_absolute() or ".." in Path(name).parts or ":" in name or "\\" in name:
        raise HeaderError(f"its header names data outside its folder: {name[:80]}")
    file = path.parent / name
    if not file.is_file():
        raise HeaderError(f"its data file {name[:80]} is not there")
    return file


def _check_data(files: list[Path], header: Header) -> None:
    expected = header.n_bytes // len(files)
    for file in files:
        with file.open("rb") as handle:
            there = handle.seek(0, 2) - max(header.start, 0)
            handle.seek(max(header.start, 0))
            if header.encoding == "raw" and there < expected:
                raise HeaderError(f"{max(there, 0)} of {expected} bytes are there")
            if header.encoding == "text":
                text = handle.read()
                if not _TEXT_DATA.fullmatch(text) or len(text.split()) < math.prod(header.sizes):
                    raise HeaderError("its data are not the numbers that its header announces")
            if header.encoding == "deflated":
                if header.packed not in (None, there):
                    raise HeaderError(f"{there} of {header.packed} bytes are there")
                _check_deflated(handle, expected)


def _check_deflated(handle: BinaryIO, expected: int) -> None:
    """Inflate a zlib or gzip stream to its end, where its checksum stands."""
    length = 0
    stream = zlib.decompressobj(47)
    pending = b""
    while not stream.eof and length <= expected:
        pending = pending or handle.read(_BLOCK)
        if not pending:
            raise HeaderError(f"its data end after {length} of {expected} bytes")
        length += len(stream.decompress(pending, _BLOCK))
        pending = stream.unconsumed_tail
    if length != expected:
        raise HeaderError(f"its data are not the {expected} bytes that its header announces")


def _read_header(path: Path) -> Header:
    with path.open("rb") as handle:
        head = handle.read(_LONGEST_HEADER)
    return _nrrd(head) if head.startswith(b"NRRD") else _meta_image(head)


def _lines(head: bytes) -> Iterator[tuple[str, int]]:
    """Yield the lines of a header and where the next one begins."""
    start = 0
    while (end := head.find(b"\n", start)) >= 0:
        yield _text(head[start:end]), (start := end + 1)
    if start < len(head) < _LONGEST_HEADER:
        yield _text(head[start:]), len(head)


def _text(line: bytes) -> str:
    line = line.removesuffix(b"\r")
    if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line):
        raise HeaderError("its header is not plain text")
    return line.decode("latin-1")


def _nrrd(head: bytes) -> Header:
    fields, files, start = _nrrd_fields(head)
    sizes = _whole(fields.get("sizes", ""))
    if not sizes or fields.get("dimension") != str(len(sizes)):
        raise HeaderError(f"it has {len(sizes)} sizes and the dimension {fields.get('dimension')}")
    encoding, value_bytes = (
        _ENCODINGS.get(fields.get("encoding", "").lower()),
        _BYTES.get(fields.get("type", "").lower()),
    )
    if encoding is None or value_bytes is None:
        raise HeaderError(f"its data are {fields.get('type')} values in {fields.get('encoding')} encoding")
    skips = _whole(f"{fields.get('lineskip', 0)} {fields.get('byteskip', 0)}", least=-1)
    if skips != (0, 0) and (encoding != "raw" or skips[0] != 0):
        raise HeaderError("its data do not begin at once")
    begin = skips[1] if files or skips[1] < 0 else start + skips[1]
    return Header(sizes, value_bytes, encoding, tuple(files), begin)


def _nrrd_fields(head: bytes) -> tuple[dict[str, str], list[str], int]:
    """Return the fields, the names of data files, and where data behind the header begin."""
    fields: dict[str, str] = {}
    lines = _lines(head)
    if not re.fullmatch(r"NRRD000[1-5]", next(lines, ("", 0))[0]):
        raise HeaderError("it is no NRRD file")
    for line, after in lines:
        if not line:
            if "datafile" not in fields:
                return fields, [], after
            break
        if line.startswith("#") or ":=" in line:
            continue
        name, colon, value = line.partition(":")
        key = "".join(name.split()).lower()
        if not colon or key not in _NRRD_FIELDS or key in fields:
            raise HeaderError(f"its header has the line {line[:60]!r}")
        fields[key] = value.strip()
        if key == "datafile" and value.split()[:1] == ["LIST"]:
            return fields, [line.strip() for line, _ in lines if line.strip()], 0
    if "datafile" not in fields:
        raise HeaderError("its header does not end")
    return fields, _numbered(fields["datafile"]), 0


def _numbered(named: str) -> list[str]:
    """Return the names that ``slice%03d.raw 1 20 1`` stands for, or the one name."""
    match = re.fullmatch(r"([^%]*%0?\d{0,2}d[^%]*)\s+(-?\d{1,6})\s+(-?\d{1,6})\s+(-?\d{1,6})(\s+\d)?", named)
    if match is None:
        return [named]
    first, last, step = (int(number) for number in match.groups()[1:4])
    numbers = range(first, last + (1 if step > 0 else -1), step or 1)
    if not 0 < len(numbers) <= 10_000:
        raise HeaderError(f"its header names {len(numbers)} data files")
    return [match[1] % number for number in numbers]


_META_NUMBERS = {
    "transformmatrix": 2, "rotation": 2, "orientation": 2, "offset": 1, "position": 1, "origin": 1,
    "centerofrotation": 1, "elementspacing": 1, "elementsize": 1, "dimsize": 1,
}  # fmt: skip
"""How often the number of axes multiplies the length of each."""


def _meta_image(head: bytes) -> Header:
    fields, files, start = _meta_fields(head)
    (axes,) = _whole(fields.get("ndims", "")) or (0,)
    for key, power in _META_NUMBERS.items():
        value = fields.get(key)
        if value is not None and (not _NUMBERS.fullmatch(value) or len(value.split()) != axes**power):
            raise HeaderError(f"its header has {key} = {value[:60]}")
    kind = fields.get("elementtype", "").removeprefix("MET_").removesuffix("_ARRAY").lower()
    (channels,) = _whole(fields.get("elementnumberofchannels", "1"))
    if kind not in _BYTES or channels > 4 or not 1 <= axes <= 4 or "dimsize" not in fields:
        raise HeaderError(f"its data are {channels} x {fields.get('elementtype')} in {axes} dimensions")
    binary, deflated = (_truth(fields, key) for key in ("binarydata", "compresseddata"))
    encoding = "text" if not binary else "deflated" if deflated else "raw"
    skip = _whole(fields.get("headersize", "0"), least=-1)[0]
    value_bytes = (4 if kind in ("long", "ulong") else _BYTES[kind]) * channels
    packed = None
    if encoding == "deflated":  # without its length ITK inflates nothing, and reads that
        packed = sum(_whole(fields.get("compresseddatasize", "")))
    return Header(_whole(fields["dimsize"]), value_bytes, encoding, tuple(files), skip if files else start, packed)


def _meta_fields(head: bytes) -> tuple[dict[str, str], list[str], int]:
    """Return the fields, the names of data files, and where data behind the header begin."""
    fields: dict[str, str] = {}
    lines = _lines(head)
    for line, after in lines:
        match = re.fullmatch(r"\s*(\w[\w\s]*?)\s*[=:](.*)", line)
        if match is None or match[1].lower() in fields:
            raise HeaderError(f"its header has the line {line[:60]!r}")
        key = match[1].lower()
        fields[key] = named = match[2].strip()
        if key == "elementdatafile":
            if named.upper().startswith("LIST"):
                return fields, [line.strip() for line, _ in lines if line.strip()], 0
            return fields, [] if named.upper() == "LOCAL" else _numbered(named), after
    raise HeaderError("its header does not end")


def _truth(fields: dict[str, str], key: str) -> bool:
    value = fields.get(key, "False").lower()
    if value not in ("true", "false", "1", "0"):
        raise HeaderError(f"its header has {key} = {value[:60]}")
    return value in ("true", "1")


def _whole(text: str, *, least: int = 1) -> tuple[int, ...]:
    numbers = text.split()
    if not all(re.fullmatch(r"-?\d{1,12}", number) for number in numbers):
        raise HeaderError(f"its header has {text[:60]!r} for whole numbers")
    values = tuple(map(int, numbers))
    if any(value < least for value in values):
        raise HeaderError(f"its header has {text[:60]!r} for whole numbers of at least {least}")
    return values
