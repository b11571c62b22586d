"""From rows of images to rows of breasts or patients."""

from __future__ import annotations
