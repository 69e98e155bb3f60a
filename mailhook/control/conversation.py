"""One client: greeting, request, progress, answer. Whatever it does or leaves, only it suffers."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping

from mailhook.control import faults, greeting, peer
from mailhook.control.command import Command
from mailhook.control.request import Asked
from mailhook.control.wire import Wire, within
from mailhook.control.work import Work
from mailhook.errors import TemporaryError
from mailhook.model import Object
from mailhook.store import audit

log = logging.getLogger(__name__)

# Seconds: for a request to be here whole; for a frame to be taken; between two looks at what is
# done; and between frames, so that the other side knows we live.
_REQUEST_SECONDS = 60
_SEND_SECONDS = 10
_LOOK_SECONDS = 0.2
_ALIVE_SECONDS = 5


class Conversation(threading.Thread):
    """The thread that serves one client, and ends with it. `ended` is called last."""

    def __init__(
        self,
        connected: socket.socket,
        commands: Mapping[str, Command],
        limit_bytes: int,
        ended: Callable[[Conversation], None],
    ) -> None:
        super().__init__(name="control", daemon=True)
        self._wire = Wire(connected)
        self._who = audit.user(peer.uid(connected))
        self._commands, self._limit_bytes, self._ended = commands, limit_bytes, ended
        self.at_work = False

    def hang_up(self) -> None:
        """End the connection; a command at work goes on to its end."""
        self._wire.hang_up()

    def run(self) -> None:
        """Serve the client to its end; raises nothing it can bring about."""
        try:
            self._serve()
        except ValueError:
            log.warning("a request at the control socket was not understood")
        except (OSError, RuntimeError):  # a client that left, or no thread to be had
            log.debug("a call at the control socket broke off")
        finally:
            self._wire.close()
            self._ended(self)

    def _serve(self) -> None:
        greeting.welcome(self._wire, self._limit_bytes)
        deadline = within(_REQUEST_SECONDS)
        asked = Asked.read(self._wire.receive(deadline))
        raws = asked.cut(self._wire.receive_bytes(deadline, self._limit_bytes))
        command = self._commands.get(asked.name)
        if command is None:
            self._send({"error": faults.spelled(_unknown(asked.name))})
            return
        self.at_work = True
        work = Work(command, asked.arguments, tuple(raws), self._who)
        work.start()
        self._accompany(work, asked.name)

    def _accompany(self, work: Work, name: str) -> None:
        """Tell of the work until it ends, then of its end."""
        try:
            self._tell_progress(work)
        except OSError:
            work.ended.wait()  # nobody listens, but the place is taken for as long as it works
        log.info("command", extra={"command": name, "count": work.done})
        self._wire.send_bytes(work.answer, within(_SEND_SECONDS))

    def _tell_progress(self, work: Work) -> None:
        told, told_at = 0, time.monotonic()
        while not work.ended.wait(_LOOK_SECONDS):
            done = work.done
            if done != told or time.monotonic() - told_at >= _ALIVE_SECONDS:
                self._send({"done": done})
                told, told_at = done, time.monotonic()

    def _send(self, value: Object) -> None:
        self._wire.send(value, within(_SEND_SECONDS))


def _unknown(name: str) -> TemporaryError:
    shown = name if name.isidentifier() else "this command"
    return TemporaryError(
        f"the running service does not know {shown}: it is of another version; restart it"
    )
