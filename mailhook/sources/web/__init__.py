"""The web hook itself, by HTTP: a socket, its bounds, and one answer a request.

Owner of Starlette and uvicorn. What becomes of a hook is not known here: `take` is
handed in, and its answer is sent.
"""

from __future__ import annotations

from mailhook.sources.web.answers import Answer, Take

__all__ = ["Answer", "Take"]
