"""Write what dcurves 1.1.7 answers on a small data set: ``python make_decision_curve.py`` where dcurves is installed.

dcurves wants an older pandas than this package, so its answers are kept.
"""

from __future__ import annotations

from pathlib import Path

import dcurves
import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def main() -> None:
    rng = np.random.default_rng(20221)
    truth = 1.0 / (1.0 + np.exp(-rng.normal(-0.8, 1.2, size=300)))
    data = pd.DataFrame({"y": (rng.random(300) < truth).astype(int)})
    data["sharp"] = np.round(truth, 3)
    data["blunt"] = np.round(np.clip(0.7 * truth + 0.3 * rng.random(300), 0, 1), 2)  # ties, and on the thresholds
    data.to_csv(HERE / "decision_curve_data.csv", index=False)
    found = dcurves.dca(
        data=data, outcome="y", modelnames=["sharp", "blunt"], thresholds=[i / 100 for i in range(1, 61)]
    )
    found[["model", "threshold", "net_benefit"]].to_csv(HERE / "decision_curve_dcurves.csv", index=False)


if __name__ == "__main__":
    main()
