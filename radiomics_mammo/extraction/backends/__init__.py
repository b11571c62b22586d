"""Backends: where the engine runs. A new one is one module and one line in ``BACKENDS``."""

from __future__ import annotations

from pkgutil import resolve_name

from radiomics_mammo.extraction.backends.base import Backend

BACKENDS: dict[str, str] = {
    "serial": "radiomics_mammo.extraction.backends.serial:SerialBackend",
    "processes": "radiomics_mammo.extraction.backends.processes:ProcessesBackend",
}
"""Backend classes by name, imported when they are needed; the first that serves the number of workers is taken."""


def load_backend(name: str) -> type[Backend]:
    """Import a registered backend."""
    backend: type[Backend] = resolve_name(BACKENDS[name])
    return backend


def choose_backend(*, workers: int) -> type[Backend]:
    """Return the first registered backend that serves a number of workers.

    Raises
    ------
    LookupError
        None does.
    """
    for backend in map(load_backend, BACKENDS):
        if backend.serves(workers):
            return backend
    raise LookupError(f"no backend runs {workers} workers")
