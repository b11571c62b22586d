"""Items that no run can answer, with what it can say towards them."""

from __future__ import annotations

from radiomics_mammo.reports.checklists.base import AUTHORS, NO, NOT_APPLICABLE, Answer, Ask, Facts

_SIMULATED = Answer(NOT_APPLICABLE, "The images are simulated: there are no patients.")


def paper(what: str) -> Ask:
    """Leave an item to the text of the paper, whatever the data."""

    def ask(_: Facts) -> Answer:
        return Answer(AUTHORS, f"Not in a run: {what}.")

    return ask


def patients(what: str) -> Ask:
    """Leave an item to those who know the patients; a phantom has none."""

    def ask(facts: Facts) -> Answer:
        return _SIMULATED if facts.run.info.phantom else Answer(AUTHORS, f"Not in a run: {what}.")

    return ask


def technology(facts: Facts) -> Answer:
    """Title: what kind of method it is."""
    kinds = ["radiomic features" if facts.run.info.features else ""]
    kinds += [f"embeddings by {one['name']} (frozen)" for one in facts.run.info.embeddings]
    learners = ", ".join(facts.run.info.candidates.values())
    return Answer(AUTHORS, f"To be named: {', '.join(kind for kind in kinds if kind)}; models: {learners}.")


def outcome(facts: Facts) -> Answer:
    """Definition of the outcome: the run knows a column, not how it came about."""
    if facts.run.info.phantom:
        return _SIMULATED
    info = facts.run.info
    said = f"The column {info.label}: 1 is {info.classes[1]}, 0 is {info.classes[0]}. How and when it was found out"
    return Answer(AUTHORS, f"{said} (pathology, follow-up) the run does not know.")


def size(facts: Facts) -> Answer:
    """Sample size: the run knows how many there are, not how many were wanted."""
    info = facts.run.info
    return Answer(
        AUTHORS,
        f"{info.units} units of {info.patients} patients, {info.positives} {info.classes[1]}. The run made no "
        f"calculation "
        "of size; its intervals show what this size can tell.",
    )


def deidentified(facts: Facts) -> Answer:
    """De-identification: what the run passes on."""
    if facts.run.info.phantom:
        return _SIMULATED
    return Answer(
        AUTHORS,
        "Run and report hold the pseudonymous ids of the table and no free text from image headers. How the images "
        "were de-identified the run does not know.",
    )


def acquisition(facts: Facts) -> Answer:
    """Image acquisition: what the table keeps of it."""
    if facts.run.info.phantom:
        return _SIMULATED
    names = ("manufacturer", "model_name", "machine_id", "site_id", "spacing_row_mm", "bits_stored")
    there = [name for name in names if name in facts.run.cases.columns and facts.run.cases[name].notna().any()]
    kept = f"The table keeps {', '.join(there)}." if there else "The table keeps nothing of the machine."
    return Answer(AUTHORS, f"{kept} The protocol the run does not know.")


def centres(facts: Facts) -> Answer:
    """Several centres: as far as a column names sites."""
    if facts.run.info.phantom:
        return _SIMULATED
    cases = facts.run.cases
    if "site_id" not in cases.columns or cases["site_id"].dropna().empty:
        return Answer(AUTHORS, "No column of the table names sites.")
    sites = int(cases["site_id"].nunique())
    return Answer(AUTHORS, f"The column site_id has {sites} values. Whether they are institutions is for the authors.")


def outlines(facts: Facts) -> Answer:
    """Who outlined the lesions, and how."""
    if facts.run.info.phantom:
        return Answer(NOT_APPLICABLE, "The masks are those that the lesions were simulated with.")
    return Answer(AUTHORS, facts.collection.get("outlines") or "How the regions were outlined is not recorded.")


def data_sharing(facts: Facts) -> Answer:
    """Availability of the data."""
    info = facts.run.info
    collection = facts.collection
    table = f"The table of this run has the SHA-256 {info.table_sha256}."
    if info.phantom:
        return Answer(AUTHORS, f"Simulated images, which the software makes again. {table}")
    if collection.get("licence"):
        return Answer(AUTHORS, f"The images are public ({collection['name']}, {collection['licence']}). {table}")
    return Answer(AUTHORS, table)


def code_sharing(facts: Facts) -> Answer:
    """Availability of the code."""
    number = facts.run.info.versions.get("radiomics_mammo", "")
    return Answer(
        AUTHORS,
        f"Made by radiomics_mammo {number} (Apache-2.0); run.json holds the options. Where the authors share their "
        "code the run does not know.",
    )


def fairness(facts: Facts) -> Answer:
    """Fairness: nothing in a run addresses it."""
    table = facts.results.subgroups
    levels = sorted(set(table["title"].astype(str)) - {"All"}) if table is not None else []
    shown = f"Results are shown apart by {', '.join(levels).lower()}." if levels else "No subgroups are shown."
    return Answer(NO, f"Nothing in this run changes a model for the sake of fairness. {shown}")


def skill(_: Facts) -> Answer:
    """What users of the model have to do."""
    return Answer(
        AUTHORS,
        "A region has to be outlined, and measured with the recipe of the training table, before it can be scored. "
        "What skill that takes the run does not know.",
    )
