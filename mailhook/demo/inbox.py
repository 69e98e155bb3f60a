"""An IMAP server in this process, on loopback, for as long as the demo runs. Owner of pymap."""

from __future__ import annotations

import asyncio
import imaplib
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress

from mailhook.errors import TemporaryError

HOST = "127.0.0.1"
USER = "hooks@example.com"
_SECONDS = 20


@contextmanager
def serve(mails: Iterable[bytes], password: str) -> Iterator[int]:
    """The port of an inbox that holds the mails; gone when the block is left."""
    listening: Future[int] = Future()
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(
        target=_run, args=(loop, _serve(listening, stop, password)), name="inbox", daemon=True
    )
    thread.start()
    try:
        try:
            port = listening.result(_SECONDS)
            _fill(port, password, [*mails])
        except OSError as error:
            raise TemporaryError(f"no inbox can be served on {HOST}: {error}") from error
        yield port
    finally:
        with suppress(RuntimeError):  # its loop is closed where it could not listen
            loop.call_soon_threadsafe(stop.set)
        thread.join(_SECONDS)


def _run(loop: asyncio.AbstractEventLoop, serving: Coroutine[object, object, None]) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serving)


async def _serve(listening: Future[int], stop: asyncio.Event, password: str) -> None:
    from proxyprotocol.noop import ProxyProtocolNoop
    from proxyprotocol.reader import ProxyProtocolReader
    from pymap.backend.dict import DictBackend
    from pymap.imap import IMAPServer
    from pysasl.hashing import BuiltinHash

    try:
        # The password is made for this run and has 128 bits: no rounds would make it safer.
        hashing = BuiltinHash(rounds=1)
        backend, config = await DictBackend.init(_arguments(password), hash_context=hashing)
        config.apply_context()
        connected = ProxyProtocolReader(ProxyProtocolNoop()).get_callback(
            IMAPServer(backend.login, config)
        )
        # pymap's own service would listen on every interface.
        server = await asyncio.start_server(connected, HOST, 0)
    except BaseException as error:  # noqa: BLE001 - whoever waits raises it
        listening.set_exception(error)
        return
    async with server:
        listening.set_result(server.sockets[0].getsockname()[1])
        await stop.wait()


def _arguments(password: str) -> Namespace:
    from pymap.backend.dict import DictBackend
    from pymap.imap import IMAPService

    parser = ArgumentParser()
    DictBackend.add_subparser("dict", parser.add_subparsers())
    IMAPService.add_arguments(parser)
    return parser.parse_args(
        ["--no-tls", "dict", f"--demo-user={USER}", f"--demo-password={password}"],
        Namespace(debug=False, passlib_cfg=None, skip_services=[]),
    )


@contextmanager
def opened(port: int, password: str) -> Iterator[Callable[[bytes], object]]:
    """What puts one mail more into the inbox; raises OSError where that does not answer."""
    with imaplib.IMAP4(HOST, port, timeout=_SECONDS) as client:
        client.login(USER, password)
        yield lambda mail: client.append("INBOX", "", "", mail)


def _fill(port: int, password: str, mails: Sequence[bytes]) -> None:
    if not mails:
        return
    with opened(port, password) as append:
        for mail in mails:
            append(mail)
