"""Write the values that ``verify`` compares with: the simulated regions measured by pyradiomics itself.

python -m tools.make_reference_values
"""

from __future__ import annotations

import csv
from pathlib import Path

import radiomics_mammo.cli
from radiomics_mammo.cli.verification import REFERENCE, recipes, regions
from radiomics_mammo.engines.registry import open_engine


def reference_rows() -> list[tuple[str, str, str, str]]:
    """Setting, region, feature and value; a float's repr is read back to the same bits."""
    rows = []
    for setting, recipe in recipes().items():
        engine = open_engine("pyradiomics", recipe)
        samples = regions()
        for sample, values in zip(samples, engine.measure(samples).results, strict=True):
            for name, value in zip(engine.feature_names, values.tolist(), strict=True):
                rows.append((setting, sample.case_id, name, repr(value)))
    return rows


def main() -> None:
    path = Path(radiomics_mammo.cli.__file__).parent / REFERENCE
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("setting", "region", "feature", "value"))
        writer.writerows(reference_rows())


if __name__ == "__main__":
    main()
