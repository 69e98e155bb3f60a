"""One command at work, in a thread of its own, so that a slow reader never holds it up."""

from __future__ import annotations

import logging
import threading

from mailhook.control import faults
from mailhook.control.command import Command, Request, Talk
from mailhook.control.wire import spelled
from mailhook.errors import MailhookError, whereabouts

log = logging.getLogger(__name__)


class Work(threading.Thread):
    """Runs the command; `ended` is set once `answer`, the last frame, is there, as JSON.

    A daemon: a command that hangs must not keep the service from ending.
    """

    def __init__(
        self, command: Command, request: Request, raws: tuple[bytes, ...], who: str
    ) -> None:
        super().__init__(name="command", daemon=True)
        self.ended = threading.Event()
        self.answer = b""
        self._mutex = threading.Lock()
        self._done = 0
        self._command, self._request = command, request
        self._talk = Talk(raws, self._count, who)

    @property
    def done(self) -> int:
        """How many are done so far."""
        with self._mutex:
            return self._done

    def run(self) -> None:
        """Run the command; its errors, and bugs of ours, are answers as well."""
        try:
            result = self._command(self._request, self._talk)
            self.answer = spelled({"result": result.value, "code": result.exit_code})
        except MailhookError as error:
            self.answer = spelled({"error": faults.spelled(error)})
        except Exception as bug:  # noqa: BLE001 - our bug must cost one call, not the service
            where = whereabouts(bug)
            log.error("a bug of mailhook: %s", where)  # noqa: TRY400 - its message may quote a mail
            self.answer = spelled({"bug": where})
        finally:
            self.ended.set()

    def _count(self, more: int) -> None:
        with self._mutex:
            self._done += more
