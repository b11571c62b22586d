"""Collections of mammograms by one name each, whoever spells it."""

from __future__ import annotations

CBIS_DDSM = "CBIS-DDSM"
RSNA = "RSNA"


def collection_name(said: str) -> str:
    """One name for all spellings of a collection, readers' names among them; others are given back as they are.

    CBIS-DDSM is a part of DDSM: who has seen one has seen the other.
    """
    plain = said.casefold()
    if "ddsm" in plain or "cbis" in plain:
        return CBIS_DDSM
    return RSNA if "rsna" in plain else said.strip()
