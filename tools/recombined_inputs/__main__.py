"""Read recombined inputs and print what became of them: ``python -m tools.recombined_inputs --count 50000``.

Each input gives the right region, a refusal, or a note; a wrong region without a note is a fault, and so is a plain
input that is refused. Exits 1 where there is a fault.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import RadiomicsMammoError
from radiomics_mammo.extraction.batch import LoadedCase, load_case
from radiomics_mammo.extraction.extractor import sample_of
from radiomics_mammo.readers.manifest.reader import ManifestReader
from tools.recombined_inputs.inputs import Input, make_input
from tools.recombined_inputs.lists import FORMATS, write_list

RIGHT, NOTED, REFUSED = "right", "wrong or guessed, with a note", "refused"
LIST_REFUSED = "LIST OF CASES REFUSED OR MISREAD"
FAULTS = ("WRONG WITHOUT A NOTE", "RIGHT WITHOUT ITS NOTE", "PLAIN BUT NOT READ RIGHT", LIST_REFUSED)
CASES_IN_A_LIST = 25
ABOUT_THE_REGION = ("mask", "region", "label", "box", "alpha", "palette")


def judged(case: Input, samples: Sequence[Sample]) -> str:
    """Return what became of one input."""
    notes = [note for sample in samples for note in sample.notes if any(word in note for word in ABOUT_THE_REGION)]
    right = len(samples) == len(case.regions) and all(
        sample.mask.shape == region.shape
        and (sample.mask & region).sum() >= case.overlap * (sample.mask | region).sum()
        for sample, region in zip(samples, case.regions, strict=True)
    )
    if right:
        return RIGHT if notes or not case.noted else FAULTS[1]
    if case.plain and case.regions:
        return FAULTS[2]
    return NOTED if notes else FAULTS[0]


def read_batch(numbers: range, folder: Path, *, seed: int, spelling: str = "") -> list[tuple[Input, str, str]]:
    """Write one list of cases and read it; return each input, its outcome, and the message or the notes."""
    rng = np.random.default_rng((seed, numbers.start))
    correct = bool(rng.random() < 0.5)
    spelling = spelling or str(rng.choice(FORMATS))
    inputs = [make_input(number, folder, correct=correct, rng=rng) for number in numbers]
    path = write_list([each.cells for each in inputs], folder, spelling=spelling, rng=rng)
    try:
        reader = ManifestReader(path, correct_mask=correct)
        cases = reader.cases()
    except RadiomicsMammoError as error:
        return [(replace(each, kinds=(spelling, "", "")), LIST_REFUSED, str(error)) for each in inputs]
    if [(case.case_id, case.patient_id) for case in cases] != [
        (each.cells["case_id"], each.cells["patient_id"]) for each in inputs
    ]:
        return [(replace(each, kinds=(spelling, "", "")), LIST_REFUSED, "other cases or patients") for each in inputs]
    results = []
    for each, case in zip(inputs, cases, strict=True):
        results.append(outcome_of(each, load_case(case, reader.load, number=0)))
        if len(each.regions) == 1 and each.cells["mask"]:
            load = partial(_through_python, each, folder)
            results.append(outcome_of(each, load_case(case, load, number=0), prefix="Python: "))
    return results


def outcome_of(each: Input, loaded: LoadedCase, *, prefix: str = "") -> tuple[Input, str, str]:
    """Return an input, what became of it, and the message or the notes."""
    if loaded.failures:
        outcome = FAULTS[2] if each.plain and each.regions else REFUSED
        return each, outcome, f"{prefix}{loaded.failures[0].error}: {loaded.failures[0].cause}"
    return each, judged(each, loaded.samples), prefix + "; ".join(loaded.samples[0].notes)


def _through_python(each: Input, folder: Path, case: Case) -> list[Sample]:
    label = int(each.cells["mask_label"]) if each.cells["mask_label"] else None
    settings = Settings(correctMask=each.correct)
    return [sample_of(each.image, folder / each.cells["mask"], settings=settings, label=label, case_id=case.case_id)]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.recombined_inputs", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--count", type=int, default=2000, help="inputs (default 2000)")
    parser.add_argument("--start", type=int, default=0, help="number of the first (default 0)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spelling", choices=FORMATS, default="", help="of the list of cases (default each)")
    given = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    outcomes: Counter[str] = Counter()
    faults: dict[tuple[str, ...], list[str]] = {}
    for start in range(given.start, given.start + given.count, CASES_IN_A_LIST):
        with tempfile.TemporaryDirectory() as folder:
            for case, outcome, message in read_batch(
                range(start, start + CASES_IN_A_LIST), Path(folder), seed=given.seed, spelling=given.spelling
            ):
                outcomes[outcome] += 1
                if outcome in FAULTS:
                    faults.setdefault((outcome, *case.kinds[:2]), []).append(
                        f"{case.kinds[2]}, {case.cells['case_id']}: {message}"
                    )
    for outcome, count in outcomes.most_common():
        print(f"{count:8d}  {outcome}")
    for kind, messages in sorted(faults.items(), key=lambda item: -len(item[1])):
        print(f"\n{' | '.join(kind)}: {len(messages)}\n    {messages[0][:400]}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
