"""What every network is to the rest: facts about it, and a function from pictures to vectors."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
UNKNOWN_LICENCE = "not stated"

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""``network(picture) -> vector``: shape (3, size, size), normalised, to (dims,)."""


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """A network and its weights, before they are loaded.

    Attributes
    ----------
    name : str
        As in ``--model``, less the folder of a file.
    slug : str
        The name in column names: letters and digits, a capital first.
    runner : {'onnxruntime', 'torch'}
        What runs it.
    size : int
        Rows and columns of the picture that it takes.
    mean, std : tuple of float
        Of its three channels, for pictures from 0 to 1.
    dims : int
        Length of its vector.
    sha256 : str
        Of the file of the weights; of all tensors' names and bytes where timm fetched them.
    trained_on : tuple of str
        Collections of mammograms that they are known to be trained on.
    file : str
        The file of the weights; empty where a library finds it.
    """

    name: str
    slug: str
    runner: str
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    dims: int
    source: str
    licence: str
    sha256: str
    trained_on: tuple[str, ...] = ()
    file: str = ""


def slug_of(name: str) -> str:
    """Return the name in column names: ``TimmResnetv250`` of ``timm:resnetv2_50``."""
    slug = "".join(part[0].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", name))
    return slug if slug[:1].isalpha() else f"N{slug}"


def plain_text(text: str) -> str:
    """Return untrusted text on one line, printable and of bounded length."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]


def weights_bytes(path: Path) -> bytes:
    """Read a file of weights."""
    try:
        return path.read_bytes()
    except OSError as error:
        cause = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        raise InputError(cause, path=path, remedy="Check the path of the weights.") from error


def sha256_of(content: bytes) -> str:
    """Compute the SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def refuse_changed(sha256: str, facts: NetworkFacts) -> None:
    """Check that weights are those that the run began with."""
    if sha256 != facts.sha256:
        raise InputError(
            "the weights have changed since the run began",
            path=facts.file or None,
            remedy="Run the command again.",
        )
