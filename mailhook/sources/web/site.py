"""What is at which address: a POST to one path is a hook, all else is told so.

How large and how slow a request may be is seen to below, by `connection`.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from mailhook.errors import whereabouts
from mailhook.sources.web.answers import (
    NOT_NOW,
    Answer,
    Answered,
    Astray,
    Reply,
    Take,
    unheard,
    unmissed,
)
from mailhook.sources.web.request import Request

log = logging.getLogger(__name__)

_NOTHING = Answer(HTTPStatus.NOT_FOUND, "nothing is here")
_ONLY_POST = Answer(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "this is where hooks are sent to, by POST; there is nothing to see",
    allow="POST",
)


class Site:
    """Answers each request: a POST to `path` as `take` says, all else with a friendly word.

    The path is compared byte for byte as it was sent: no other spelling of it is known
    here, whatever a proxy makes of one. `answered` is told the status of each answer to a
    hook, None where nobody knows whether it was the vendor's; `astray` what is posted elsewhere.
    """

    def __init__(
        self, path: str, take: Take, answered: Answered = unheard, astray: Astray = unmissed
    ) -> None:
        self._path, self._take = path.encode(), take
        self._answered, self._astray = answered, astray

    def move(self, path: str) -> None:
        """From now on hooks come to this path."""
        self._path = path.encode()

    def respond(self, request: Request, reply: Reply) -> None:
        """Have a whole request answered, now or later."""
        if request.path != self._path:
            reply(_NOTHING)
            if request.method == b"POST":
                self._astray(request.body)
        elif request.method != b"POST":
            reply(_ONLY_POST)
        else:
            self._hand_over(request, reply)

    def _hand_over(self, request: Request, reply: Reply) -> None:
        def told(answer: Answer) -> None:
            self._answered(answer.status)
            reply(answer)

        try:
            self._take(request.body, request.source, told)
        except Exception as error:  # noqa: BLE001 - a bug of ours is no reason for 500: it comes again
            log.error("a web hook met a bug of mailhook: %s", whereabouts(error))  # noqa: TRY400 - it may quote the hook
            self.give_up(reply)

    def give_up(self, reply: Reply) -> None:
        """Answer a hook of which nobody has said whether it was committed: it comes again."""
        self._answered(None)
        reply(NOT_NOW)
