"""Prepared crops on disk: exact, checked, bounded, and never in the way."""

from __future__ import annotations

import ast
import errno
import hashlib
import logging
import multiprocessing
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.core.records import BreastMarks, Sample
from radiomics_mammo.errors import InputError
from radiomics_mammo.readers import open_reader
from radiomics_mammo.readers.rsna import crop_cache, samples
from radiomics_mammo.readers.rsna.crop_cache import CropCache, entry_key, open_cache
from radiomics_mammo.readers.rsna.reader import RsnaReader
from tests.integration.test_imports import MODULES, reachable, within
from tests.support.rsna_files import breast, dicom_tree, two_women, write_dcm, write_table


def sample(dtype: type = np.uint16, *, shape: tuple[int, int] = (37, 29), full: bool = True, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    image = (rng.normal(0, 9000, shape) if dtype is np.float32 else rng.integers(0, 250, shape)).astype(dtype)
    masks = rng.random((4, *shape)) < 0.5
    marks = BreastMarks(masks[0], masks[1] if full else None, masks[2] if full else None, (3.25, 1 / 3))
    return Sample(
        case_id="c", patient_id="p", image=image, mask=masks[3], spacing=(0.07, 1 / 7), columns={"flipped": True},
        notes=("a note, with “quotes”",), phantom=True, marks=marks if full else replace(marks, nipple=None),
    )  # fmt: skip


def same(one: Sample, two: Sample) -> None:
    """Equal in every part but the identity that a case gives."""
    for name in ("image", "mask"):
        a, b = getattr(one, name), getattr(two, name)
        assert a.dtype == b.dtype and a.flags.c_contiguous and a.flags.writeable
        np.testing.assert_array_equal(a, b)
    for name in ("spacing", "columns", "notes", "phantom"):
        assert getattr(one, name) == getattr(two, name), name
    assert (one.marks is None) == (two.marks is None)
    if one.marks is not None and two.marks is not None:
        assert one.marks.nipple == two.marks.nipple
        for name in ("interior", "pectoral", "implant"):
            a, b = getattr(one.marks, name), getattr(two.marks, name)
            assert (a is None) == (b is None), name
            assert a is None or np.array_equal(a, b), name


def keys(count: int) -> list[str]:
    import hashlib

    return [hashlib.sha256(str(number).encode()).hexdigest()[:40] for number in range(count)]


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("full", [True, False])
def test_what_is_kept_comes_back_exactly(tmp_path, dtype, full):
    cache = open_cache(tmp_path, limit=10**7)
    (key,) = keys(1)
    assert cache.get(key) is None
    given = sample(dtype, full=full)
    cache.put(key, given)
    found = cache.get(key)
    assert found is not None
    same(found, given)
    without = replace(given, marks=None, spacing=None)
    cache.put(key, without)
    found = cache.get(key)
    assert found is not None
    same(found, without)


def test_masks_and_air_are_small(tmp_path):
    image = np.zeros((1000, 800), dtype=np.uint16)
    image[:300, :300] = np.random.default_rng(0).integers(0, 4096, (300, 300))
    mask = image > 0
    open_cache(tmp_path, limit=10**8).put(
        keys(1)[0], Sample("c", "p", image, mask, marks=BreastMarks(mask, None, None, None))
    )
    assert size_of(tmp_path) < 0.15 * image.nbytes


def test_damaged_entries_are_noticed(tmp_path):
    cache = open_cache(tmp_path, limit=10**7)
    (key,) = keys(1)
    cache.put(key, sample())
    (path,) = tmp_path.rglob("*.crop")
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for cut in (0, 3, 23, 24, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert cache.get(key) is None
    for at in (*range(24), *rng.integers(0, len(whole), 60)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        found = cache.get(key)
        assert found is None, at
    path.write_bytes(whole)
    assert cache.get(key) is not None


def test_what_this_run_used_stays_and_of_the_rest_the_last_used_goes(tmp_path):
    one = len(crop_cache._packed(sample()))
    cache = open_cache(tmp_path, limit=8 * one + one // 2)
    names = keys(9)
    for number, key in enumerate(names[:7]):
        cache.put(key, sample())
        os.utime(cache.path(key), (1000 + number, 1000 + number))  # an earlier run's
    assert cache.get(names[6]) is not None  # used in this one
    cache.put(names[7], sample())
    there = [cache.path(key).exists() for key in names]
    assert there == [True] * 5 + [False] + [True] * 2 + [False]
    cache.put(keys(13)[12], sample(shape=(400, 400)))  # larger than everything together
    assert size_of(tmp_path) <= cache.limit


def test_the_limit_holds_although_the_folder_is_seldom_looked_over(tmp_path, monkeypatch):
    looks = []
    room = CropCache._make_room
    monkeypatch.setattr(CropCache, "_make_room", lambda self, needed: (looks.append(1), room(self, needed))[1])
    small = sample(shape=(20, 20))
    size = len(crop_cache._packed(small))
    cache = open_cache(tmp_path, limit=150 * size, since=float("inf"))  # nothing counts as used in this run
    largest = 0
    for number, key in enumerate(keys(500)):
        cache.put(key, small)
        if number % 20 == 0:
            largest = max(largest, size_of(tmp_path))
    assert 0.7 * cache.limit < largest <= cache.limit
    assert 150 < len(looks) < 280  # 500 writes at 64 looks a limit: 213


def run(folder: Path, limit: int, *, count: int = 400, since: float = 0.0) -> int:
    """Go through a collection of equal breasts in its order, by two processes in turn; say how many were there."""
    caches = [open_cache(folder, limit=limit, since=since) for _ in range(2)]
    caches[0].shrink()
    small = sample(shape=(20, 20))
    hits = 0
    for number, key in enumerate(keys(count)):
        cache = caches[number % 2]
        if cache.get(key) is None:
            cache.put(key, small)
        else:
            hits += 1
    assert size_of(folder) <= 1.25 * limit  # between two looks over so small a folder
    return hits


def age(folder: Path, seconds: float) -> None:
    """As if the last run had been so long ago; the order of use stays."""
    for path in folder.rglob("*.crop"):
        used = path.stat().st_mtime_ns - int(seconds * 1e9)
        os.utime(path, ns=(used, used))


def test_half_a_collection_is_found_where_half_of_it_fits(tmp_path, caplog):
    half = 200 * len(crop_cache._packed(sample(shape=(20, 20))))
    began = time.time() - 60
    with caplog.at_level(logging.WARNING):
        assert run(tmp_path, half, since=began) == 0
    (record,) = caplog.records  # of two processes one says it
    assert "full" in record.getMessage() and "--cache-gb" in record.getMessage()
    for _ in range(2):
        age(tmp_path, 3600)
        assert run(tmp_path, half, since=began) >= 0.85 * 200
    # A quarter from now on: what is asked for first stays.
    age(tmp_path, 3600)
    assert run(tmp_path, half // 2, since=began) >= 0.6 * 100  # times of use are coarse: ties
    assert len(list(tmp_path.glob("full-*"))) == 1


def test_a_lower_limit_is_applied_when_the_reader_is_made(tmp_path):
    root = dicom_tree(tmp_path / "tree", two_women())
    reader = RsnaReader(root, cache=tmp_path / "crops")
    for case in reader.cases():
        reader.load(case)
    whole = size_of(tmp_path / "crops")
    age(tmp_path / "crops", 3600)
    RsnaReader(root, cache=tmp_path / "crops", cache_gb=whole / 2e9)
    assert 0 < size_of(tmp_path / "crops") <= whole / 2


def test_an_entry_whose_time_cannot_be_set_is_used(tmp_path, monkeypatch):
    cache = open_cache(tmp_path, limit=10**7)
    (key,) = keys(1)
    cache.put(key, sample())

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "utime", refuse)
    assert cache.get(key) is not None


def test_leavings_of_killed_processes_go(tmp_path):
    cache = open_cache(tmp_path, limit=1000)
    (tmp_path / "ab").mkdir()
    old, new = tmp_path / f"ab/{0:040x}.crop.1.tmp", tmp_path / f"ab/{1:040x}.crop.2.tmp"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1000, 1000))
    cache._make_room(10)
    assert not old.exists() and new.exists()


def test_a_full_disk_is_said_once(tmp_path, monkeypatch, caplog):
    cache = open_cache(tmp_path, limit=10**7)

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(Path, "write_bytes", full)
        for key in keys(3):
            cache.put(key, sample())
    (record,) = caplog.records
    assert "No space left" in record.getMessage() and str(tmp_path) in record.getMessage()
    assert cache.get(keys(1)[0]) is None


def test_what_cannot_be_a_cache(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be made"):
        open_cache(tmp_path / "file" / "cache", limit=10)
    with pytest.raises(InputError, match="may hold 0 bytes"):
        open_cache(tmp_path, limit=0)
    dicom_tree(tmp_path / "tree", two_women())
    with pytest.raises(InputError, match="cannot be made"):
        RsnaReader(tmp_path / "tree", cache=tmp_path / "file")


@pytest.mark.reported("Faults", "--cache FOLDER with the user's files", "refused; only what the cache made is removed")
def test_a_folder_of_somebody_is_no_cache(tmp_path):
    files = [tmp_path / "full-report.txt", tmp_path / "ab/mine.crop", tmp_path / "ab/notes.tmp"]
    files[1].parent.mkdir()
    for file in files:
        file.write_text("mine")
        os.utime(file, (1000, 1000))
    with pytest.raises(InputError, match="was not made as a cache"):
        open_cache(tmp_path, limit=10**6)
    cache = open_cache(tmp_path / "cache", limit=10)
    for file in files:  # nor are they touched where they lie in a cache
        moved = tmp_path / "cache" / file.relative_to(tmp_path)
        moved.parent.mkdir(exist_ok=True)
        file.rename(moved)
    (tmp_path / "elsewhere").mkdir()
    linked = tmp_path / "elsewhere" / f"{0:040x}.crop"
    linked.write_text("mine")
    (tmp_path / "cache/cd").symlink_to(tmp_path / "elsewhere")
    open_cache(tmp_path / "cache", limit=10).shrink()
    cache._make_room(10)
    assert all((tmp_path / "cache" / file.relative_to(tmp_path)).exists() for file in files)
    assert linked.exists()


@pytest.mark.reported("Faults", "run.json from someone else names a cache", "refused: no folder is opened")
def test_a_description_opens_no_cache(tmp_path):
    root = dicom_tree(tmp_path / "tree", two_women())
    with pytest.raises(InputError, match="a description of rsna has no cache"):
        open_reader({**RsnaReader(root).describe(), "cache": str(tmp_path / "cache")})
    assert not (tmp_path / "cache").exists()


def test_a_replaced_file_is_another_entry(tmp_path):
    image = tmp_path / "image.dcm"
    image.write_bytes(b"12345")
    before, key = image.stat(), entry_key(str(image), "s")
    image.write_bytes(b"54321")
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert entry_key(str(image), "s") != key


def _write_many(folder: str, first: int) -> None:
    cache = open_cache(folder, limit=30_000)
    for number in range(first, first + 70):
        key = keys(200)[number % 200]
        found = cache.get(key)
        if found is None:
            cache.put(key, sample(seed=number % 200))
        else:
            same(found, sample(seed=number % 200))


def test_many_processes_share_a_folder(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write_many, args=(str(tmp_path), 30 * number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert size_of(tmp_path) <= 30_000 + 4 * len(crop_cache._packed(sample()))


# With the reader.


def test_rows_are_the_same_with_and_without(tmp_path):
    root = dicom_tree(tmp_path / "tree", two_women())
    plain, cached = RsnaReader(root), RsnaReader(root, cache=tmp_path / "crops")
    for case in plain.cases():
        (expected,) = plain.load(case)
        for _ in range(2):
            (found,) = cached.load(case)
            same(found, expected)
            assert (found.case_id, found.patient_id, found.image_path) == (
                expected.case_id, expected.patient_id, expected.image_path,
            )  # fmt: skip
            assert list(found.columns) == list(expected.columns)
    assert len(list((tmp_path / "crops").rglob("*.crop"))) == 6


def test_a_kept_crop_is_used_and_never_when_anything_changed(tmp_path, monkeypatch):
    root = dicom_tree(tmp_path / "tree", two_women())
    reader = RsnaReader(root, cache=tmp_path / "crops")
    (case, *_) = reader.cases()
    reader.load(case)
    read = []
    from radiomics_mammo.readers.rsna import samples

    own = samples.read_dicom
    monkeypatch.setattr(samples, "read_dicom", lambda *a, **k: (read.append(1), own(*a, **k))[1])
    reader.load(case)
    assert not read
    # Labels are the table's, not the cache's.
    rows = two_women()
    rows[0] = {**rows[0], "cancer": 1, "density": "D"}
    write_table(root / "train.csv", rows)
    (sample,) = reader.load(reader.cases()[0])
    assert sample.columns["cancer"] == 1 and sample.columns["density"] == "D" and not read
    for count, settings in enumerate(({"voi": "none"}, {"pixel_mm": 0.6}, {"pectoral": "keep"}, {"band_mm": 3.0}), 1):
        other = RsnaReader(root, cache=tmp_path / "crops", **settings)
        other.load(other.cases()[0])
        assert len(read) == count, settings
    # What the table says of the breast is a hint for its preparation.
    write_table(root / "train.csv", [{**rows[0], "view": "MLO"}, *rows[1:]])
    reader.load(reader.cases()[0])
    assert len(read) == 5
    # Another picture under the same name.
    write_dcm(Path(case.source.image), breast(seed=99))
    (sample,) = reader.load(case)
    assert len(read) == 6
    np.testing.assert_array_equal(sample.image, RsnaReader(root).load(case)[0].image)


def test_a_kept_crop_is_read_ahead_in_place_of_its_image(tmp_path, monkeypatch):
    reader = RsnaReader(dicom_tree(tmp_path / "tree", two_women()), cache=tmp_path / "crops")
    (case, other, *_) = reader.cases()
    reader.load(case)
    opened = []
    own = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: (opened.append(str(path)), own(path, *rest))[1])
    reader.prefetch(case)
    reader.prefetch(other)
    (kept,) = (tmp_path / "crops").rglob("*.crop")
    assert opened == [str(kept), other.source.image]


VERSION, DIGEST = 6, "1587323b40a1fc7c"
PLAIN = (ast.Attribute, ast.Constant)
NO_PIXELS = {"imaging.preprocessing.plane", "imaging.formats.nifti", "readers.rsna.file_tree"}
"""Modules that the code imports and that make no difference to a crop."""


def code_digest(modules) -> str:
    """Hash what modules compute: statements, attributes, numbers and words; not names, texts, docstrings, comments."""
    digest = hashlib.sha256()
    for module in sorted(modules):
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom, ast.alias)):
                continue
            word = getattr(node, "attr", getattr(node, "value", "")) if isinstance(node, PLAIN) else ""
            if " " not in str(word):
                digest.update(f"{type(node).__name__} {word!r}".encode())
    return digest.hexdigest()[:16]


def test_the_version_is_raised_when_the_code_that_makes_a_crop_changes():
    rooms = ("imaging", "readers.rsna", "compute.bounding_box")
    covered = {"readers.rsna.samples", *reachable("readers.rsna.samples")} - NO_PIXELS
    found = code_digest(module for module in covered if within(module, *rooms))
    assert (samples.VERSION, found) == (VERSION, DIGEST), (
        f"The code that prepares breasts has changed. If it gives other pixels, masks or notes, raise samples.VERSION "
        f"(now {samples.VERSION}); then write it and {found!r} into VERSION, DIGEST above."
    )


def test_a_key_depends_on_version_and_libraries(tmp_path, monkeypatch):
    case = RsnaReader(dicom_tree(tmp_path, two_women())).cases()[0]
    keys = [samples.crop_key(case, case.source)]
    monkeypatch.setattr(samples, "VERSION", samples.VERSION + 1)
    keys.append(samples.crop_key(case, case.source))
    monkeypatch.setattr(samples.metadata, "version", lambda name: "9.9" if name == "scipy" else "1.0")
    samples._library_versions.cache_clear()
    keys.append(samples.crop_key(case, case.source))
    samples._library_versions.cache_clear()
    assert len(set(keys)) == 3


def test_keys_follow_the_file(tmp_path):
    path = tmp_path / "a.dcm"
    assert entry_key(str(path), ()) is None
    path.write_bytes(b"1")
    first = entry_key(str(path), ("none",))
    assert first == entry_key(str(path), ("none",)) != entry_key(str(path), ("first",))
    os.utime(path, (5, 5))
    assert entry_key(str(path), ("none",)) != first
