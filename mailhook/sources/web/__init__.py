"""The web hook itself, by HTTP: a socket, its bounds, and one answer a request.

Owner of httptools, the parser of Node.js, and of uvloop. What becomes of a hook is not
known here: `take` is handed in, and what it replies is sent.
"""

from __future__ import annotations

from mailhook.sources.web.answers import NOT_NOW, Answer, Reply, Take

__all__ = ["NOT_NOW", "Answer", "Reply", "Take"]
