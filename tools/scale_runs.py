"""How compare's time and memory grow with the rows: python -m tools.scale_runs [ROWS ...]

Simulated tables (11,913 patients for 54,706 rows, 2.1% positive, 1,000 features) go through 5-fold XGBoost with
oversampling as the command runs it. Printed are wall time, processor time and peak memory (proportional set size of
the command and its workers together). Not part of the suite.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from radiomics_mammo.tables.feature_table import write_table

FEATURES = 1_000
PREVALENCE = 0.021
IMAGES = 54_706 / 11_913  # a patient


def simulate(rows: int, path: Path) -> None:
    """Write a table whose features share forty hidden causes, one of which tells of cancer."""
    rng = np.random.default_rng(rows)
    patient = np.sort(rng.integers(round(rows / IMAGES), size=rows))
    sick = rng.random(patient.max() + 1) < PREVALENCE
    hidden = rng.normal(size=(rows, 40)).astype(np.float32)
    hidden[:, 0] += 1.2 * sick[patient]
    x = hidden @ rng.normal(size=(40, FEATURES)).astype(np.float32)
    x += 4 * rng.normal(size=x.shape).astype(np.float32)
    names = [f"original_firstorder_F{i}" for i in range(FEATURES)]
    frame = pd.DataFrame(x.astype(np.float64), columns=names)
    frame.insert(0, "case_id", [f"C{i}" for i in range(rows)])
    frame.insert(1, "patient_id", [f"P{p}" for p in patient])
    frame.insert(2, "malignant", sick[patient].astype(int))
    write_table(frame, path, provenance={"features": names})


def measure(command: list[str]) -> tuple[float, float, float]:
    """Run a command; give wall seconds, processor seconds and peak memory in GB of it and its children."""
    began, peak, used = time.perf_counter(), 0, {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        top = psutil.Process(process.pid)
        while process.poll() is None:
            total = 0
            for one in [top, *_children(top)]:
                try:
                    total += one.memory_full_info().pss
                    used[one.pid] = sum(one.cpu_times()[:2])
                except psutil.Error:  # it ended between two looks
                    continue
            peak = max(peak, total)
            time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(command)}")
    return time.perf_counter() - began, sum(used.values()), peak / 1e9


def _children(top: psutil.Process) -> list[psutil.Process]:
    try:
        return top.children(recursive=True)
    except psutil.Error:
        return []


def main() -> None:
    """Measure each size in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[5_000, 15_000, 54_706])
    parser.add_argument("--trials", default="2")
    parser.add_argument("--workers", default="2")
    asked = parser.parse_args()
    print("    rows    wall s     cpu s   peak GB   stages")
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as folder:
            table, out = Path(folder) / "scale.parquet", Path(folder) / "run"
            simulate(rows, table)
            command = [sys.executable, "-m", "radiomics_mammo.compare", str(table), "--out", str(out)]
            command += ["--models", "xgboost+oversampling", "--folds", "5", "--repeats", "1"]
            wall, cpu, peak = measure([*command, "--trials", asked.trials, "--workers", asked.workers])
            stages = json.loads((out / "timings.json").read_text())["stages_s"]
            print(f"{rows:8d} {wall:9.0f} {cpu:9.0f} {peak:9.2f}   {stages}", flush=True)


if __name__ == "__main__":
    main()
