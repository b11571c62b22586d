"""Where the files of CBIS-DDSM lie: one walk over the folders, no file opened."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from radiomics_mammo.core.input_table import read_input_table
from radiomics_mammo.errors import InputError

_PICTURES = (".dcm", ".dicom", ".jpg", ".jpeg", ".png", ".tif", ".tiff")
# manifest-…/CBIS-DDSM/<case> is two down; room for patients who sort downloads into folders of their own.
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Tree:
    """Files by the folder of a case (``Mass-Training_P_00001_LEFT_CC_1``) and by the series' identifier."""

    by_folder: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_series: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unreadable: list[str] = field(default_factory=list)

    def has(self, parts: tuple[str, ...]) -> bool:
        """Return whether the folder or series of a path in the CSV exists."""
        return bool(parts) and (parts[0] in self.by_folder or (len(parts) > 1 and parts[-2] in self.by_series))

    def files(self, parts: tuple[str, ...]) -> list[str]:
        """List the files that a path of the CSV may mean, the best guess first: series, then folder."""
        if not parts:
            return []
        series = parts[-2] if len(parts) > 1 else ""
        in_folder = self.by_folder.get(parts[0], [])
        named = [path for path in in_folder if Path(path).parent.name == series]
        return named or in_folder or self.by_series.get(series, [])


def walk(root: Path, *, folders: Iterable[str], series: Iterable[str], info: Mapping[str, list[str]]) -> Tree:
    """Find the folders of cases and of series anywhere under a root.

    Parameters
    ----------
    root : pathlib.Path
        What TCIA's or Kaggle's download left.
    folders, series : iterable of str
        Names of case folders and series identifiers that the CSVs speak of.
    info : mapping of str to list of str
        Further series by case folder, as :func:`kaggle_series` reads them.

    Returns
    -------
    Tree
        File lists are sorted.

    Raises
    ------
    InputError
        The root is no folder that can be listed.
    """
    if not root.is_dir():
        raise InputError("is not a folder", path=root, remedy="Name the folder that holds the download.")
    tree = Tree()
    wanted = frozenset(folders)
    wanted_series = frozenset(series) | {name for names in info.values() for name in names}
    pending = [(str(root), 0)]
    while pending:
        folder, depth = pending.pop()
        for entry in _entries(folder, tree):
            if not entry.is_dir():
                continue
            if entry.name in wanted:
                tree.by_folder[entry.name] += _pictures(entry.path, tree)
            elif entry.name in wanted_series:
                tree.by_series[entry.name] += _pictures(entry.path, tree)
            elif depth < _DEEPEST:
                pending.append((entry.path, depth + 1))
    _add_info(tree, {name: info[name] for name in wanted & info.keys()})
    for paths in (*tree.by_folder.values(), *tree.by_series.values()):
        paths.sort()
    return tree


def _add_info(tree: Tree, info: Mapping[str, list[str]]) -> None:
    for name, others in info.items():
        if name not in tree.by_folder and any(uid in tree.by_series for uid in others):
            tree.by_folder[name] += [path for uid in others for path in tree.by_series.get(uid, [])]


def kaggle_series(root: Path) -> dict[str, list[str]]:
    """Read which series belong to which case folder from Kaggle's ``csv/dicom_info.csv``, if it is there."""
    series: dict[str, list[str]] = defaultdict(list)
    for path in (root / "csv" / "dicom_info.csv", root / "dicom_info.csv"):
        if not path.is_file():
            continue
        rows = read_input_table(path).rows
        for row in rows:
            patient, image = row.values.get("PatientID", ""), row.values.get("image_path", "")
            folder = image.replace("\\", "/").split("/")[-2:-1]
            if patient and folder and folder[0] not in series[patient]:
                series[patient] += folder
        break
    return dict(series)


def _entries(folder: str, tree: Tree) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        tree.unreadable.append(folder)
        return []


def _pictures(folder: str, tree: Tree) -> list[str]:
    paths: list[str] = []
    for entry in _entries(folder, tree):
        if entry.is_dir():
            paths += _pictures(entry.path, tree)
        elif not entry.name.startswith(".") and entry.name.lower().endswith(_PICTURES):
            paths.append(entry.path)
    return paths
