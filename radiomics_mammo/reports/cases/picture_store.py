"""Where a page keeps its pictures: each once, however often it is shown."""

from __future__ import annotations

from radiomics_mammo.reports.cases.records import Picture, Pictures, ShownImage

ABSENT = "No picture: the image could not be reached."


class Store:
    """Hands out keys for pictures and remembers which were asked for.

    Parameters
    ----------
    pictures : Pictures
    absent : str
        What is said in the place of a picture that is not there.
    note : str
        Added to every picture's words.
    """

    def __init__(self, pictures: Pictures, *, absent: str = ABSENT, note: str = "") -> None:
        self.kept: dict[str, Picture] = {}
        self._pictures = pictures
        self._absent = absent
        self._note = f" ({note})" if note else ""
        self._numbers: dict[str, int] = {}

    def lesion(self, case_id: str, *, caption: str) -> ShownImage:
        """Show the region with its outline, or say why not."""
        picture = self._pictures.lesions.get(case_id)
        if picture is None:
            return ShownImage("", 0, 0, "", caption, self._absent)
        return self._shown("l", case_id, picture, f"{caption}: the lesion of {case_id} with its outline", caption)

    def whole(self, case_id: str, *, caption: str) -> ShownImage | None:
        """Show the whole image with the region's box; None where there is no such picture."""
        picture = self._pictures.wholes.get(case_id)
        if picture is None:
            return None
        return self._shown("w", case_id, picture, f"{caption}: mammogram of {case_id} with the lesion's box", caption)

    def view(self, case_id: str, *, caption: str) -> ShownImage | None:
        """Show another view: the whole image, or the region where that is all there is."""
        found = self.whole(case_id, caption=caption)
        if found is None and case_id in self._pictures.lesions:
            return self.lesion(case_id, caption=caption)
        return found

    def thumbnail(self, case_id: str) -> ShownImage | None:
        """Show the region small, from its large picture if there is one."""
        alt = f"The lesion of {case_id}, small"
        if case_id in self._pictures.lesions:
            return self._shown("l", case_id, self._pictures.lesions[case_id], alt, "")
        if case_id in self._pictures.thumbnails:
            return self._shown("t", case_id, self._pictures.thumbnails[case_id], alt, "")
        return None

    def _shown(self, kind: str, case_id: str, picture: Picture, alt: str, caption: str) -> ShownImage:
        key = f"pic-{kind}{self._numbers.setdefault(case_id, len(self._numbers))}"
        self.kept[key] = picture
        return ShownImage(key, picture.width, picture.height, alt + self._note, caption)
