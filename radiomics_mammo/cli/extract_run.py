"""Runs of ``extract``: features as a table, overviews of a collection, simulated images as files."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from radiomics_mammo.cli.extract_options import ExtractOptions, FileOptions, OverviewOptions
from radiomics_mammo.cli.reader_options import ChosenReader
from radiomics_mammo.core.console import EXIT_ALL_FAILED, print_message, progress
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import InputError
from radiomics_mammo.extraction.backends.processes import default_workers, start_early
from radiomics_mammo.extraction.timeline import check_timeline_path
from radiomics_mammo.readers.base import imported
from radiomics_mammo.recipes.recipe import Recipe, load_recipe


def extract_features(chosen: ChosenReader, options: ExtractOptions) -> int:
    """Compute features and write the table.

    Returns
    -------
    int
        0 where the table has rows, else 1.
    """
    out, requested = chosen.out(), chosen.table.workers
    if options.timeline is not None:
        check_timeline_path(options.timeline)
    workers = requested or default_workers()
    if workers > 1:  # before anything else, since the imports of the workers take longest
        likely = options.engine
        if likely == "auto":
            likely = "cpu" if importlib.util.find_spec("cupy") is None else "cuda"
        if likely != "cuda" or requested:  # on a GPU one process is the default
            start_early(engine=likely, modules=chosen.spec.modules)

    from radiomics_mammo.cli.table_run import write_rows
    from radiomics_mammo.engines.registry import choose_engine, engine_versions, open_engine
    from radiomics_mammo.extraction.run import Setup

    recipe = _recipe(chosen, options)
    engine, reason = choose_engine(options.engine)
    opened = partial(open_engine, gpu_memory=options.gpu_memory)
    notes = {"recipe_notes": list(recipe.notes)} if recipe.notes else {}
    setup = Setup(recipe, engine, engine_versions(engine), opened, notes)
    if engine == "cuda":
        workers = requested or 1
    elif options.gpu_memory is not None:
        print_message("note: --gpu-memory is for the cuda engine.")
    reader = chosen.open(recipe.settings)
    if chosen.spec.simulated:
        print_message("PHANTOM: simulated images, no clinical performance.")
    print_message(f"Recipe {recipe.name} ({recipe.hash[:12]}); engine {engine}: {reason}.")
    return write_rows(reader, setup, table=chosen.table, out=out, workers=workers, timeline=options.timeline)


def print_overview(chosen: ChosenReader, options: ExtractOptions, overview: OverviewOptions) -> int:
    """Write the summary and the contact sheet of a collection; return 1 where no image can be drawn, else 0."""
    from radiomics_mammo.cli.collection_overview import check_preview, write_collection_summary, write_preview

    table = chosen.table
    given = {"out": table.out, "workers": table.workers, "limit": table.limit, "timeline": options.timeline}
    unused = [name for name, value in given.items() if value is not None]
    unused += ["engine"] * (options.engine != "auto") + ["retry-failed"] * table.retry_failed
    if unused:
        names = ", ".join(f"--{name}" for name in unused)
        print_message(f"note: no features are computed with --summary and --preview; {names} is not used.")
    recipe = _recipe(chosen, options)
    if overview.preview is not None:
        check_preview(overview.preview, count=overview.preview_images, overwrite=table.overwrite)
    reader = chosen.open(recipe.settings)
    if overview.summary is not None:
        page = write_collection_summary(reader, overview.summary, overwrite=table.overwrite)
        print_message(f"Summary: {page}")
    if overview.preview is not None:
        drawn = write_preview(reader, overview.preview, count=overview.preview_images, recipe=recipe)
        return 0 if drawn else EXIT_ALL_FAILED
    return 0


def write_files(chosen: ChosenReader, files: FileOptions, *, overview: OverviewOptions) -> int:
    """Write simulated images as files; return the exit code.

    Raises
    ------
    InputError
        An overview is requested, too.
    """
    if overview.summary is not None or overview.preview is not None:
        raise InputError(
            "--write-tree cannot be combined with --summary and --preview", remedy="Write the files first."
        )
    assert files.write_tree is not None
    root: Path = files.write_tree
    reader = chosen.open(Settings())
    with ExitStack() as stack:
        advance: Callable[[], None] | None = None

        def on_picture(_done: int, total: int) -> None:
            nonlocal advance
            advance = advance or stack.enter_context(progress(total, what="images"))
            advance()

        written = imported(chosen.spec.writers[files.layout])(reader, root, on_picture=on_picture)
    message = f"Phantoms written to {root}" if written else f"The phantoms are in {root} already"
    command = "cbis-ddsm" if files.layout == "cbis" else "rsna"
    print_message(f"{message}; next: python -m radiomics_mammo.extract {command} {root}")
    return 0


def _recipe(chosen: ChosenReader, options: ExtractOptions) -> Recipe:
    recipe = load_recipe(options.recipe or ("breast" if chosen.spec.whole_breast else "lesion"))
    for note in recipe.notes:
        print_message(f"note: recipe {recipe.name}, {note}.")
    return recipe
