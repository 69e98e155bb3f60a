"""Text and HTML as a person sees them: lines in order, tables as rows, links. Owner of selectolax.

`plain` and `page` make a `View`; `split` parts what the mail itself says from
what it quotes or passes on.
"""

from __future__ import annotations

from mailhook.markup.quotes import Parts, split
from mailhook.markup.view import Line, View, plain
from mailhook.markup.walk import page

__all__ = ["Line", "Parts", "View", "page", "plain", "split"]
