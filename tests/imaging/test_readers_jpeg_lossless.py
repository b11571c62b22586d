"""Lossless JPEG: streams of GDCM's encoder and of a toy encoder (whose streams GDCM reads), and damaged ones."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate, get_frame

from radiomics_mammo.imaging.formats.dicom.encode import encode_dicom
from radiomics_mammo.imaging.formats.dicom.jpeg_lossless import decode_lossless
from tests.support.rsna_files import breast, write_dcm

CODE_LENGTH = 5  # seventeen codes of one length: 0 to 16


def predicted(pixels: np.ndarray, row: int, column: int, selection: int, *, first: int, initial: int) -> int:
    """ITU-T T.81, H.1.2.1, word for word."""
    value = pixels.astype(int)
    if row == first and column == 0:
        return initial
    if row == first:
        return value[row, column - 1]
    if column == 0:
        return value[row - 1, column]
    a, b, c = value[row, column - 1], value[row - 1, column], value[row - 1, column - 1]
    return [a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1][selection - 1]


def bits_of(change: int) -> str:
    """Category and further bits of a difference modulo 2^16."""
    change = (change + 32767) % 65536 - 32767
    size = int(abs(change)).bit_length()
    code = f"{size:0{CODE_LENGTH}b}"
    if size in (0, 16):
        return code
    return code + f"{change if change > 0 else change + (1 << size) - 1:0{size}b}"


def packed(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\x00")


def encoded(pixels: np.ndarray, *, bits: int, selection: int = 1, rows_apart: int = 0, shift: int = 0) -> bytes:
    rows, columns = pixels.shape
    values = pixels >> shift
    counts = bytes(17 if length == CODE_LENGTH else 0 for length in range(1, 17))
    table = bytes([0]) + counts + bytes(range(17))
    parts = [b"\xff\xd8", b"\xff\xe0\x00\x04ab", b"\xff\xff\xc4" + struct.pack(">H", len(table) + 2) + table]
    parts.append(b"\xff\xc3" + struct.pack(">HBHHB3B", 11, bits, rows, columns, 1, 1, 0x11, 0))
    if rows_apart:
        parts.append(b"\xff\xdd" + struct.pack(">HH", 4, rows_apart * columns))
    parts.append(b"\xff\xda" + struct.pack(">H6B", 8, 1, 1, 0, selection, 0, shift))
    apart = rows_apart or rows
    for number, first in enumerate(range(0, rows, apart)):
        text = "".join(
            bits_of(
                int(values[row, column])
                - int(predicted(values, row, column, selection, first=first, initial=1 << (bits - shift - 1)))
            )
            for row in range(first, min(first + apart, rows))
            for column in range(columns)
        )
        parts += [bytes([0xFF, 0xD0 + (number - 1) % 8])] if number else []
        parts.append(packed(text))
    return b"".join([*parts, b"\xff\xd9"])


def by_gdcm(folder: Path, stream: bytes, pixels: np.ndarray, bits: int) -> np.ndarray:
    path = write_dcm(folder / "a.dcm", pixels, bits=bits)
    encode_dicom(path, syntax="jpeg-lossless")
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate([stream])
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEGLossless  # any selection value
    dataset.save_as(path)
    dataset = pydicom.dcmread(path)
    dataset.pixel_array_options(decoding_plugin="gdcm", correct_unused_bits=False)
    return dataset.pixel_array


def noise(shape: tuple[int, int], bits: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << bits, shape).astype(np.uint16)


@pytest.mark.parametrize("selection", range(1, 8))
@pytest.mark.parametrize("bits", [12, 16])
def test_every_predictor(tmp_path, selection, bits):
    pixels = noise((19, 23), bits)
    stream = encoded(pixels, bits=bits, selection=selection)
    np.testing.assert_array_equal(decode_lossless(stream), pixels)
    np.testing.assert_array_equal(by_gdcm(tmp_path, stream, pixels, bits), pixels)


@pytest.mark.parametrize("rows_apart", [1, 2, 7, 19, 40])
@pytest.mark.parametrize("selection", [1, 4])
def test_restart_intervals(rows_apart, selection):
    pixels = noise((19, 23), 12)
    stream = encoded(pixels, bits=12, selection=selection, rows_apart=rows_apart)
    np.testing.assert_array_equal(decode_lossless(stream), pixels)


def test_point_transform():
    pixels = noise((9, 8), 12)
    np.testing.assert_array_equal(decode_lossless(encoded(pixels, bits=12, shift=3)), pixels >> 3 << 3)


@settings(max_examples=60, deadline=None)
@given(
    bits=st.integers(2, 16),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    selection=st.integers(1, 7),
    seed=st.integers(0, 99),
)
def test_any_picture(bits, shape, selection, seed):
    pixels = noise(shape, bits, seed)
    np.testing.assert_array_equal(decode_lossless(encoded(pixels, bits=bits, selection=selection)), pixels)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_streams_of_a_real_encoder(tmp_path, bits):
    pixels = breast(top=(1 << bits) - 1)
    path = write_dcm(tmp_path / "a.dcm", pixels, bits=bits)
    encode_dicom(path, syntax="jpeg-lossless")
    stream = get_frame(pydicom.dcmread(path).PixelData, 0, number_of_frames=1)
    np.testing.assert_array_equal(decode_lossless(stream), pixels)


def test_damaged_streams_are_refused_or_decoded_and_never_worse():
    """Bytes may stand for other pixels, which nothing can notice; sizes always hold."""
    pixels = noise((19, 23), 12)
    whole = encoded(pixels, bits=12, rows_apart=5)
    rng = np.random.default_rng(0)
    refused = 0
    for number in range(600):
        stream = bytearray(whole[: rng.integers(0, len(whole))] if number % 3 == 0 else whole)
        for at in rng.integers(0, max(len(stream), 1), rng.integers(1, 6)):
            if at < len(stream):
                stream[at] = rng.integers(256)
        try:
            decoded = decode_lossless(bytes(stream))
        except (ValueError, struct.error):
            refused += 1
        else:
            assert decoded.dtype == np.uint16 and decoded.ndim == 2
    assert refused > 200


@pytest.mark.parametrize("lost", range(1, 9))
def test_a_stream_that_lacks_a_few_bytes_is_noticed(lost):
    stream = encoded(noise((19, 23), 12), bits=12)
    with pytest.raises(ValueError, match="codes end"):
        decode_lossless(stream[: -2 - lost] + stream[-2:])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: b"", "no scan"),
        (lambda stream: stream[: len(stream) // 2], "codes end"),
        (lambda stream: stream.replace(b"\xff\xc3", b"\xff\xc0"), "no lossless JPEG"),
        (lambda stream: stream.replace(b"\xff\xc4", b"\xff\xe4"), "Huffman table"),
        (
            lambda stream: stream.replace(struct.pack(">BHHB", 12, 19, 23, 1), struct.pack(">BHHB", 17, 19, 23, 1)),
            "sense",
        ),
        (lambda stream: stream.replace(bytes(range(17)), bytes(range(16)) + b"\x11"), "Huffman table"),
    ],
)
def test_what_is_wrong_is_said(change, said):
    with pytest.raises(ValueError, match=said):
        decode_lossless(change(encoded(noise((19, 23), 12), bits=12)))


def test_what_warms_the_decoder_up_is_a_picture():
    from radiomics_mammo.readers.rsna import preload

    np.testing.assert_array_equal(decode_lossless(preload.SMALLEST), [[128, 129], [127, 128]])
