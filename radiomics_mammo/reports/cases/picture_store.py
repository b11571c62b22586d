"""The images of a page: each stored once, however often it is shown."""

from __future__ import annotations

from radiomics_mammo.reports.cases.records import Picture, Pictures, ShownImage

ABSENT = "No image: the file could not be read."


class PictureStore:
    """Gives keys to images and stores those that are shown."""

    def __init__(self, pictures: Pictures, *, absent: str = ABSENT, note: str = "") -> None:
        self.stored: dict[str, Picture] = {}
        self._pictures = pictures
        self._absent = absent
        self._note = f" ({note})" if note else ""
        self._numbers: dict[str, int] = {}

    def lesion(self, case_id: str, *, caption: str) -> ShownImage:
        """Return the region with its outline, or the reason why there is none."""
        picture = self._pictures.lesion_images.get(case_id)
        if picture is None:
            return ShownImage("", 0, 0, "", caption, self._absent)
        return self._shown("l", case_id, picture, f"{caption}: the lesion of {case_id} with its outline", caption)

    def whole(self, case_id: str, *, caption: str) -> ShownImage | None:
        """Return the full image with the region's box; None where there is none."""
        picture = self._pictures.full_images.get(case_id)
        if picture is None:
            return None
        return self._shown("w", case_id, picture, f"{caption}: mammogram of {case_id} with the lesion's box", caption)

    def view(self, case_id: str, *, caption: str) -> ShownImage | None:
        """Return another view: the full image, or the region where there is only that."""
        image = self.whole(case_id, caption=caption)
        if image is None and case_id in self._pictures.lesion_images:
            return self.lesion(case_id, caption=caption)
        return image

    def thumbnail(self, case_id: str) -> ShownImage | None:
        """Return the region as a thumbnail, from its large image if there is one."""
        alt = f"The lesion of {case_id}, small"
        if case_id in self._pictures.lesion_images:
            return self._shown("l", case_id, self._pictures.lesion_images[case_id], alt, "")
        if case_id in self._pictures.thumbnails:
            return self._shown("t", case_id, self._pictures.thumbnails[case_id], alt, "")
        return None

    def _shown(self, kind: str, case_id: str, picture: Picture, alt: str, caption: str) -> ShownImage:
        key = f"pic-{kind}{self._numbers.setdefault(case_id, len(self._numbers))}"
        self.stored[key] = picture
        return ShownImage(key, picture.width, picture.height, alt + self._note, caption)
