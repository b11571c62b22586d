"""A collection of RSNA's size through extract, killed again and again: python -m tools.scale_rsna png|dicom [ROWS]

A phantom tree (256-px PNG, or full-size DICOM of four sizes, half JPEG 2000 and half JPEG lossless) is repeated by
links until it has ROWS rows (54,706 PNG, 2,000 DICOM), and extracted with two workers. The whole process group is
killed (SIGKILL) at random moments and started again. Then every row must be there once, in the order of the cases, and
equal to the rows of the other links to its image. Memory of all processes together is drawn over time. Not part of
the suite.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq

from radiomics_mammo.extraction.checkpoint import parts_folder
from radiomics_mammo.extraction.checkpoint_parts import PART_SUFFIX, read_part
from radiomics_mammo.readers.phantom.output_folder import NOTE
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.readers.phantom.write_rsna import write_rsna_tree
from radiomics_mammo.tables.feature_table import read_provenance

ROWS = {"png": 54_706, "dicom": 2_000}
SIZES = {"png": (256,), "dicom": (2294, 2776, 3328, 4096)}
WOMEN = {"png": 60, "dicom": 2}
EVERY_S = 2.0


def build(kind: str, rows: int, root: Path) -> list[str]:
    """Write phantom trees and repeat them by hard links; gives, for each row, the image that it is a link to."""
    sources: list[tuple[dict[str, str], Path]] = []
    for size in SIZES[kind]:
        tree = root / f"phantom-{size}"
        reader = PhantomReader(patients=WOMEN[kind], seed=size, rows=size)
        write_rsna_tree(reader, tree, layout="underscore" if kind == "png" else "dicom")
        with (tree / "train.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                end = f"{row['patient_id']}_{row['image_id']}.png"
                path = Path(end) if kind == "png" else Path(row["patient_id"]) / f"{row['image_id']}.dcm"
                sources.append((row, tree / "train_images" / path))
    collection = root / "collection"
    images = collection / "train_images"
    images.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / f"phantom-{SIZES[kind][0]}" / NOTE, collection)
    original = []
    with (collection / "train.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(sources[0][0]))
        writer.writeheader()
        for number in range(rows):
            row, path = sources[number % len(sources)]
            again = number // len(sources)
            new = row | {"patient_id": f"{again}0{row['patient_id']}", "image_id": str(10_000_000 + number)}
            writer.writerow(new)
            link = images / f"{new['patient_id']}_{new['image_id']}.png"
            if kind == "dicom":
                link = images / new["patient_id"] / f"{new['image_id']}.dcm"
                link.parent.mkdir(exist_ok=True)
            if not link.exists():
                os.link(path, link)
            original.append(str(path))
    return original


def extract(root: Path, out: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the command in a process group of its own."""
    command = [sys.executable, "-m", "radiomics_mammo.extract", "rsna", str(root / "collection"), "--out", str(out)]
    return subprocess.Popen([*command, *options], start_new_session=True)


def watch(
    process: subprocess.Popen[bytes], out: Path, log: list[tuple[float, float, float, int]], until_s: float
) -> bool:
    """Note seconds, memory (proportional set size, all processes), the parent's, and parts; tell whether it ended."""
    began = time.monotonic()
    while process.poll() is None:
        if time.monotonic() - began > until_s:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False
        log.append((time.time(), *memory(process.pid), parts(out)))
        time.sleep(EVERY_S)
    return True


def memory(pid: int) -> tuple[float, float]:
    """Megabytes of a process and everything below it, and of the process alone."""
    try:
        top = psutil.Process(pid)
        family = [top, *top.children(recursive=True)]
    except psutil.Error:
        return 0.0, 0.0
    sizes = []
    for one in family:
        try:
            sizes.append(one.memory_full_info().pss / 1e6)
        except psutil.Error:  # it ended between two looks
            sizes.append(0.0)
    return sum(sizes), sizes[0]


def parts(out: Path) -> int:
    """How many parts lie there."""
    folder = parts_folder(out)
    return sum(entry.name.endswith(PART_SUFFIX) for entry in os.scandir(folder)) if folder.is_dir() else 0


def rows_in_parts(out: Path) -> int:
    """How many rows are done."""
    return sum(case.rows for path in parts_folder(out).glob(f"*{PART_SUFFIX}") for case in read_part(path).cases)


def check(out: Path, originals: Sequence[str]) -> None:
    """Hold the table against the collection: no row lost, doubled, moved or different from its twins."""
    features = read_provenance(out)["features"]
    seen = []
    first: dict[str, np.ndarray] = {}
    worst = 0
    with pq.ParquetFile(out) as file:
        at = 0
        for batch in file.iter_batches(batch_size=4096, columns=["image_id", *features]):
            seen += batch.column("image_id").to_pylist()
            values = np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in features])
            for row in values:
                twin = first.setdefault(originals[at], row.copy())
                worst += not np.array_equal(row, twin, equal_nan=True)
                at += 1
    wanted = [str(10_000_000 + number) for number in range(len(originals))]
    print(
        f"rows {len(seen)} of {len(wanted)}, in order and once: {seen == wanted}; unlike their twins: {worst}",
        flush=True,
    )
    if seen != wanted or worst:
        raise SystemExit("the table is not what it should be")


def judge(log: Sequence[tuple[float, float, float, int]]) -> None:
    """Fail when memory grew: the median of the run's last quarter against its second one."""
    totals = np.array([total for _, total, _, _ in log])
    quarter = len(totals) // 4
    second, last = np.median(totals[quarter : 2 * quarter]), np.median(totals[-quarter:])
    print(
        f"memory (MB, all processes): second quarter {second:.0f}, last {last:.0f}, most {totals.max():.0f}", flush=True
    )
    if last > 1.15 * second:
        raise SystemExit("memory grew")


def draw(log: Sequence[tuple[float, float, float, int]], kills: Sequence[float], path: Path) -> None:
    """Draw memory over time, with the kills."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.5), layout="constrained")
    axes = figure.subplots()
    zero = log[0][0]
    minutes = [(moment - zero) / 60 for moment, *_ in log]
    axes.plot(minutes, [total for _, total, _, _ in log], label="all processes")
    axes.plot(minutes, [parent for _, _, parent, _ in log], label="the parent alone")
    for place, moment in enumerate(kills):
        axes.axvline(
            (moment - zero) / 60, color="black", linewidth=0.6, linestyle=":", label="" if place else "kill -9"
        )
    axes.set_xlabel("minutes")
    axes.set_ylabel("memory (MB, proportional)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, ncols=3)
    figure.savefig(path, dpi=150)
    with path.with_suffix(".csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("seconds", "all_mb", "parent_mb", "parts"))
        writer.writerows((f"{moment - zero:.1f}", f"{a:.1f}", f"{b:.1f}", n) for moment, a, b, n in log)


def main() -> None:
    """Build, extract, kill, check, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=tuple(ROWS))
    parser.add_argument("rows", type=int, nargs="?")
    parser.add_argument("--folder", type=Path, required=True, help="scratch space; the trees are kept there")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--within", type=float, default=900.0, help="seconds in which the kills fall, on average")
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=["--workers", "2"], help="of extract")
    asked = parser.parse_args()
    rows = asked.rows or ROWS[asked.kind]
    began = time.time()
    originals = build(asked.kind, rows, asked.folder)
    print(f"{rows} rows of {len(set(originals))} images: {time.time() - began:.0f} s to write", flush=True)
    out = asked.folder / f"{asked.kind}.parquet"
    log: list[tuple[float, float, float, int]] = []
    kills = []
    rng = np.random.default_rng()
    for _ in range(asked.kills):
        process = extract(asked.folder, out, asked.options)
        if watch(process, out, log, rng.uniform(0.2, 1.8) * asked.within / asked.kills):
            break
        kills.append(time.time())
        print(
            f"killed at {kills[-1] - log[0][0]:.0f} s with {rows_in_parts(out)} rows in {parts(out)} parts", flush=True
        )
    else:
        process = extract(asked.folder, out, asked.options)
        watch(process, out, log, float("inf"))
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}")
    print(f"{time.time() - log[0][0]:.0f} s in all, {len(kills)} kills", flush=True)
    check(out, originals)
    draw(log, kills, asked.folder / f"{asked.kind}-memory.png")
    judge(log)


if __name__ == "__main__":
    main()
