"""A page taken apart, for the tests of what is on it."""

from __future__ import annotations

from html.parser import HTMLParser


class Parsed(HTMLParser):
    """Collects tags with their attributes, and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)
