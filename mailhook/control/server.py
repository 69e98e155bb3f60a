"""The service's end of the control socket: who may come in, and how many at once."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from mailhook.control import address, greeting, peer
from mailhook.control.command import Command
from mailhook.control.conversation import Conversation
from mailhook.control.wire import Wire, within
from mailhook.errors import TemporaryError

log = logging.getLogger(__name__)

_CLIENTS = 16
# Of one request; what is larger than a batch of mails is one mail alone.
_REQUEST_BYTES = 64_000_000
# Seconds: after the system has refused a connection to us; for commands at work to end.
_PAUSE_SECONDS = 0.5
_END_SECONDS = 3


class Server:
    """Listens beside the store while in its `with` block; a thread a client runs the commands.

    To be opened by who holds the store. Where no socket can be had, the reason is
    logged and the service goes on without. `limit_bytes` bounds the mails of one
    request, `clients` how many are served at once; more are told that it is busy.
    """

    def __init__(
        self,
        store: Path,
        commands: Mapping[str, Command],
        *,
        limit_bytes: int = _REQUEST_BYTES,
        clients: int = _CLIENTS,
    ) -> None:
        self.path = address.beside(store)
        self._commands, self._limit_bytes = commands, limit_bytes
        self._clients = clients
        self._mutex = threading.Lock()
        self._talking: set[Conversation] = set()
        self._stopping = threading.Event()
        self._deadline = 0.0
        self._listener: address.Listener | None = None
        self._thread = threading.Thread(target=self._accept, name="control socket", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._listener = address.Listener(self.path)
        except (OSError, TemporaryError) as error:
            log.error("no control socket, commands cannot go through the service: %s", error)  # noqa: TRY400 - its words are all there is to know
        else:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._listener:
            self._thread.join()
            self._end()
            self._listener.close()

    def mind(self) -> None:
        """To be called each second or so: listen anew where the name has gone, as with its folder.

        What lies there instead is left alone.
        """
        before = self._listener
        if before is None or self._stopping.is_set() or before.is_there():
            return
        with suppress(OSError, TemporaryError):  # not yet: the folder is to come back first
            self._listener = address.Listener(self.path)
            log.warning("the control socket was gone, and has been made anew")
            before.remove()
            before.close()

    def stop(self) -> None:
        """Take no more clients and let go of those who ask nothing; what is at work goes on.

        Returns at once, so that all parts of the service can end at the same time.
        """
        if self._listener and not self._stopping.is_set():
            self._deadline = within(_END_SECONDS)
            self._stopping.set()
            self._listener.remove()
            with self._mutex:
                for one in self._talking:
                    if not one.at_work:
                        one.hang_up()

    def _end(self) -> None:
        """Wait for who is at work, then let go of all."""
        with self._mutex:
            talking = list(self._talking)
        for one in talking:
            one.join(max(0, self._deadline - time.monotonic()))
            one.hang_up()

    def _accept(self) -> None:
        while (listener := self._listener) and not self._stopping.is_set():
            try:
                self._admit(listener.socket.accept()[0])
            except (OSError, RuntimeError) as error:  # no descriptor or no thread to be had
                if listener is self._listener and not self._stopping.is_set():
                    log.warning("no client can be let in: %s", error)
                    self._stopping.wait(_PAUSE_SECONDS)

    def _admit(self, connected: socket.socket) -> None:
        if not peer.may_ask(user := peer.uid(connected)):
            log.warning("a stranger was refused at the control socket", extra={"uid": user})
            with connected, suppress(OSError):
                greeting.refuse(Wire(connected), "the service is asked by its own user and by root")
            return
        with self._mutex:
            is_full = len(self._talking) >= self._clients
            if not (is_full or self._stopping.is_set()):
                self._begin(
                    Conversation(connected, self._commands, self._limit_bytes, self._forget)
                )
                return
        with connected, suppress(OSError):
            if is_full:
                greeting.put_off(Wire(connected), self._clients)

    def _begin(self, one: Conversation) -> None:
        try:
            one.start()
        except RuntimeError:
            one.hang_up()
            raise
        self._talking.add(one)

    def _forget(self, one: Conversation) -> None:
        with self._mutex:
            self._talking.discard(one)
