"""Options of ``compare``, and the text below its ``--help``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.core.option import option
from radiomics_mammo.runs.run_config import RunConfig
from radiomics_mammo.runs.run_files import files_help

__all__ = ["EPILOG", "CompareOutput", "RunConfig"]

EPILOG = f"""\
models (each but the baselines may be followed by a sampler; xgboost+all names all of them):
  baselines              prevalence; size, shape, metadata, scanner (logistic regression on those columns only);
                         radiologists (their assessment, as it is)
  linear                 logistic (L2), lasso (L1), elasticnet, svm
  others                 svm-rbf, forest, extratrees, xgboost, lightgbm (extra lightgbm)
  of embeddings          probe (linear probe), emb-logistic, emb-xgboost (both on principal components fitted in the
                         fold), head (dense head); MODEL@EMBEDDER for one of several embedders, such as
                         probe@crop_embEfficientnetLite0 (a sampler comes first: emb-xgboost+smote@EMBEDDER)
  of both                fusion-logistic, fusion-xgboost (early fusion); average, rank-average, stack (late fusion
                         of --members)
  MODEL+SAMPLER          weights, oversampling, smote, borderline, adasyn, smoteenn, bagging (balanced)

{files_help()}
The last column of each table, data, is phantom where images were simulated, else real (cases.parquet: column phantom).

Splits are made by patient and stratified. Imputation, scaling, pruning, feature selection, resampling, tuning,
calibration and thresholds are fitted on training patients only. The same tables, options and seed give the same
files, whatever --workers is (timings.json excepted). --minutes converts time into a number of trials, which run.json
records. OUT appears when the run is complete; an interrupted run is resumed by the same command.

examples:
  python -m radiomics_mammo.compare features/tables/cbis.parquet --out runs/cbis
  python -m radiomics_mammo.compare features/tables/cbis.parquet --split official --minutes 30 --out runs/official
  python -m radiomics_mammo.compare radiomics.parquet crop_emb.parquet --out runs/both
  python -m radiomics_mammo.compare mine.csv --label pathology --positive MALIGNANT --out runs/mine
  python -m radiomics_mammo.compare screening.parquet --label cancer --unit breast --out runs/screening

exit codes: 0 the run is complete, 2 an error, printed in one line, 130 stopped by Ctrl-C, 143 by SIGTERM
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOutput:
    """Where the run is written."""

    out: Path = option(group="Output", metavar="FOLDER", help="run folder to write, for example runs/mine")
    overwrite: bool = option(False, group="Output", help="replace an existing run")
