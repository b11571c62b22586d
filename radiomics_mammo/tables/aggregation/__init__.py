"""From rows of images to rows of breasts or women."""

from __future__ import annotations
