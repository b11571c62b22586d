"""Group images by view, views by breast, breasts by patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

BREAST, PATIENT = "breast", "patient"
LEVELS = (BREAST, PATIENT)
SIDES = ("LEFT", "RIGHT")


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Items in groups, for reductions over sorted runs.

    Attributes
    ----------
    order : ndarray of int64, shape (n_items,)
        The items, group after group.
    starts : ndarray of int64, shape (n_groups,)
        Where each group begins in ``order``; no group is empty.
    """

    order: Codes
    starts: Codes

    @property
    def counts(self) -> Codes:
        """Return the number of items in each group."""
        return np.diff(np.append(self.starts, self.order.size)).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Nest:
    """Rows in views (of a breast), views in breasts, breasts in patients.

    Breasts and patients are numbered as they first come in the table.

    Attributes
    ----------
    views, breasts, patients : Grouping
        Rows by view, views by breast, breasts by patient.
    pairs : Grouping
        Views of which the other breast has the same one, two by two.
    paired : Grouping
        Of these pairs into patients.
    paired_patients : ndarray of int64
        The patients of ``paired``.
    row_breast : ndarray of int64, shape (n_rows,)
    breast_patient : ndarray of int64, shape (n_breasts,)
    breast_side : ndarray of int64, shape (n_breasts,)
        Index in ``SIDES``.
    """

    views: Grouping
    breasts: Grouping
    patients: Grouping
    pairs: Grouping
    paired: Grouping
    paired_patients: Codes
    row_breast: Codes
    breast_patient: Codes
    breast_side: Codes

    def units(self, level: str) -> Grouping:
        """Return the groups of a level."""
        return self.breasts if level == BREAST else self.patients

    def unit_of_rows(self, level: str) -> Codes:
        """Return the breast or the patient of each row."""
        return self.row_breast if level == BREAST else self.breast_patient[self.row_breast]


def group_by(codes: Codes) -> Grouping:
    """Group items by code; groups are in the order of the codes."""
    order = np.argsort(codes, kind="stable").astype(np.int64)
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if codes.size else np.empty(0)
    return Grouping(order, starts.astype(np.int64))


def make_nest(patient: Codes, side: Codes, view: Codes) -> Nest:
    """Build the groups of a table's rows.

    Parameters
    ----------
    patient, side, view : ndarray of int64, shape (n_rows,)
        Codes of each row, patients from 0 in the order in which they come; ``side`` is an index in ``SIDES``.
    """
    row_breast = _as_they_come(2 * patient + side)
    breasts = group_by(row_breast)
    first_rows = breasts.order[breasts.starts]
    breast_patient, breast_side = patient[first_rows], side[first_rows]
    width = int(view.max(initial=0)) + 1
    views = group_by(row_breast * width + view)
    view_row = views.order[views.starts]
    view_breast, view_code = row_breast[view_row], view[view_row]
    # In (patient, view) the left breast's view comes before the right one's: two neighbours with one code are a pair.
    key = breast_patient[view_breast] * width + view_code
    ordered = np.lexsort((breast_side[view_breast], key)).astype(np.int64)
    firsts = np.flatnonzero(key[ordered][1:] == key[ordered][:-1])
    in_pairs = np.stack([ordered[firsts], ordered[firsts + 1]], axis=1)
    pair_patient = breast_patient[view_breast[in_pairs[:, 0]]]
    paired = group_by(pair_patient)
    return Nest(
        views=views,
        breasts=group_by(view_breast),
        patients=group_by(breast_patient),
        pairs=Grouping(in_pairs.ravel(), np.arange(0, in_pairs.size, 2, dtype=np.int64)),
        paired=paired,
        paired_patients=pair_patient[paired.order[paired.starts]],
        row_breast=row_breast,
        breast_patient=breast_patient,
        breast_side=breast_side,
    )


def _as_they_come(codes: Codes) -> Codes:
    """Renumber codes from 0 in the order of their first appearance."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    return np.asarray(rank[inverse])
