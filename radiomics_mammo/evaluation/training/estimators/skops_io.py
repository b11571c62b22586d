"""scikit-learn objects as bytes that run no code when they are read: skops' format, with a literal list of types."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from radiomics_mammo.errors import InputError

TRUSTED: tuple[str, ...] = (
    # Python's and NumPy's own
    "builtins.bool",
    "builtins.bytearray",
    "builtins.dict",
    "builtins.float",
    "builtins.int",
    "builtins.list",
    "builtins.str",
    "builtins.tuple",
    "collections.OrderedDict",
    "numpy.bool",
    "numpy.dtype",
    "numpy.float32",
    "numpy.float64",
    "numpy.int16",
    "numpy.int32",
    "numpy.int64",
    "numpy.int8",
    "numpy.ndarray",
    # preparation
    "radiomics_mammo.evaluation.training.embedding_transforms.Compress",
    "radiomics_mammo.evaluation.training.embedding_transforms.Fuse",
    "radiomics_mammo.evaluation.training.preprocessing.Clip",
    "radiomics_mammo.evaluation.training.preprocessing.DropAlike",
    "radiomics_mammo.evaluation.training.preprocessing.DropConstant",
    "radiomics_mammo.evaluation.training.preprocessing.Take",
    "sklearn.impute._base.MissingIndicator",
    "sklearn.impute._base.SimpleImputer",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.StandardScaler",
)
"""What the preparation of a saved model may be made of; an estimator adds its own types to these."""

# What skops builds a type with; those that call a function named in the file (partial, method, reduce) are not here.
_LOADERS = frozenset(
    {
        "BytearrayNode",
        "DictNode",
        "DTypeNode",
        "JsonNode",
        "ListNode",
        "NdArrayNode",
        "ObjectNode",
        "TreeNode",
        "TupleNode",
        "TypeNode",
    }
)
_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say
_AGAIN = "Run python -m radiomics_mammo.compare again."


def dump(thing: Any, *, types: Sequence[str] = ()) -> bytes:
    """Write a fitted scikit-learn object; the same object gives the same bytes.

    skops names parts after their places in memory and notes the time; both are replaced, and the padding
    inside structured arrays, which is never set, is cleared.
    """
    import skops.io  # type: ignore[import-untyped]

    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(thing))) as archive:
        schema = json.loads(archive.read(_SCHEMA))
        _check_types(schema, types, path=None)
        renamed = _renumber(schema)
        parts = {renamed[name]: _clean(name, archive.read(name)) for name in archive.namelist() if name in renamed}
    parts[_SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in parts.items():
            zipped.writestr(zipfile.ZipInfo(name, _EPOCH), content, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


def load(content: bytes, *, path: Path, types: Sequence[str] = ()) -> tuple[Any, tuple[str, ...]]:
    """Read what :func:`dump` wrote, after every type in it was found in ``TRUSTED``.

    Returns
    -------
    thing : object
    notes : tuple of str
        What scikit-learn had to say about its versions.

    Raises
    ------
    InputError
        The bytes are damaged, or hold a type that is not in ``TRUSTED`` (named).
    """
    import warnings

    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning
    from skops.io.exceptions import UnsupportedTypeException, UntrustedTypesFoundException  # type: ignore[import-untyped]

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            schema = json.loads(zipped.read(_SCHEMA))
        _check_types(schema, types, path=path)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", InconsistentVersionWarning)
            thing = skops.io.loads(content, trusted=[*TRUSTED, *types])
            _check_trees(thing)
    except UntrustedTypesFoundException as error:
        raise InputError(f"holds types that are not trusted ({error})", path=path, remedy=_AGAIN) from error
    except (
        # What a file with another content than its types promise can lead skops and NumPy to.
        zipfile.BadZipFile,
        zlib.error,
        UnsupportedTypeException,
        AttributeError,
        EOFError,
        ImportError,
        KeyError,
        NotImplementedError,
        OSError,
        RecursionError,  # parts within parts without end
        TypeError,
        ValueError,
    ) as error:
        raise InputError(f"is damaged ({' '.join(str(error).split())[:160]})", path=path, remedy=_AGAIN) from error
    return thing, tuple(sorted({_version_note(each.message) for each in caught}))


def _check_trees(thing: Any) -> None:
    """Raise ValueError for trees whose nodes point outside, or back: libraries would read foreign memory, or hang."""
    for member in (*getattr(thing, "estimators_", ()), *(step for _, step in getattr(thing, "steps", ()))):
        _check_trees(member)
    tree = getattr(thing, "tree_", None)
    if tree is None:
        return
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    inner = left != -1
    parents = np.flatnonzero(inner)
    children = np.concatenate([left[inner], right[inner]])
    forward = (children > np.concatenate([parents, parents])) & (children < tree.node_count)
    known = (feature[inner] >= 0) & (feature[inner] < tree.n_features)
    if not forward.all() or not known.all() or (right[~inner] != -1).any():
        raise ValueError("the nodes of a tree point nowhere")


def _check_types(schema: Any, types: Sequence[str], *, path: Path | None) -> None:
    for node in _nodes(schema):
        name = f"{node.get('__module__')}.{node.get('__class__')}"
        if name not in (*TRUSTED, *types) or node.get("__loader__") not in _LOADERS:
            raise InputError(
                f"the model holds the type {name} ({node.get('__loader__')}), which is not trusted",
                path=path,
                remedy="Use models that this package saved; nothing in the file was run.",
            )


def _nodes(part: Any) -> Iterator[dict[str, Any]]:
    """Walk over everything that skops would build; without recursion, a file may be as deep as it likes."""
    queue = [part]
    while queue:
        at = queue.pop()
        if isinstance(at, dict):
            if "__class__" in at or "__loader__" in at:
                yield at
            queue.extend(reversed(at.values()))
        elif isinstance(at, list):
            queue.extend(reversed(at))


def _renumber(schema: Any) -> dict[str, str]:
    """Renumber the nodes from 1 in the order of the schema, in place; return the new names of the files by the old.

    Whether two equal constants are one object in memory is Python's affair and differs from run to run.
    """
    numbers: dict[object, int] = {}
    renamed: dict[str, str] = {}
    for node in _nodes(schema):
        if "__id__" in node:
            constant = node["__loader__"] in ("JsonNode", "TypeNode")
            key = (node["__class__"], node["__module__"], str(node.get("content"))) if constant else node["__id__"]
            node["__id__"] = numbers.setdefault(key, len(numbers) + 1)
        if "file" in node:
            renamed.setdefault(node["file"], f"{len(renamed)}{PurePosixPath(node['file']).suffix}")
            node["file"] = renamed[node["file"]]
    return renamed


def _clean(name: str, content: bytes) -> bytes:
    """Clear what lies between the fields of a structured array, which is never set."""
    if not name.endswith(".npy"):
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = np.zeros(array.shape, array.dtype)  # zeros_like leaves padding as it finds it
    for name in array.dtype.names:
        clean[name] = array[name]
    out = io.BytesIO()
    np.save(out, clean, allow_pickle=False)
    return out.getvalue()


def _version_note(warning: Any) -> str:
    return (
        f"{warning.estimator_name} was saved by scikit-learn {warning.original_sklearn_version} and is read by "
        f"{warning.current_sklearn_version}: check a few predictions against the run's own."
    )
