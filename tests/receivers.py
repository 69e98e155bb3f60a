"""Receivers of hooks that are not ours: each POST is answered as a test says, and kept."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Respond = Callable[[socket.socket, "Receiver"], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Receiver:
    """`respond` is asked at each POST; what came stands in `bodies` and `heads`."""

    respond: Respond
    url: str = ""
    heads: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


def says(answer: bytes) -> Respond:
    """The same answer to everybody."""
    return lambda line, _: line.sendall(answer)


def status(code: int, *headers: str, words: str = "no") -> bytes:
    told = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {code} x\r\n{told}Content-Length: {len(words)}\r\n\r\n{words}".encode()


def hangs(_: socket.socket, receiver: Receiver) -> None:
    receiver.stopped.wait(20)


def drips(line: socket.socket, receiver: Receiver) -> None:
    """A byte of an endless header at a time, each well within any time-out of a read."""
    line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not receiver.stopped.wait(0.05):
        line.sendall(b"x")


@contextmanager
def receiving(respond: Respond = says(OK)) -> Iterator[Receiver]:  # noqa: B008 - it has no state
    receiver = Receiver(respond)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b"".join(iter(self.rfile.readline, b"\r\n")).decode()
            length = next(line for line in head.lower().splitlines() if "content-length" in line)
            receiver.heads.append(head)
            respond = receiver.respond
            receiver.bodies.append(self.rfile.read(int(length.partition(":")[2])).decode())
            try:
                respond(self.connection, receiver)
            except OSError:
                return  # it was cut off

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hooks?a=b"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.stopped.set()
            server.shutdown()
            thread.join()
