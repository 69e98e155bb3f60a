"""`mailhook` as a process of its own, started in a hundredth of the time: `warm.Popen`.

Four fifths of a short command are spent on imports, and the tests start hundreds. One process a
worker of pytest imports them once and forks whenever a program is to start; the fork has the
arguments, environment, folder and streams it was given, runs the installed script, and is a
child of the tests' own process, to be awaited, signalled and killed like any other.

What only a new interpreter can show (its own options, a terminal, work before exec) is started
as ever.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TextIO

MAILHOOK = str(Path(sys.executable).with_name("mailhook"))
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_REQUEST_BYTES = 2**17
_STARTING = threading.Lock()
# What mailhook imports where it is first needed.
_LATE = """
    apscheduler.executors.pool apscheduler.schedulers.background dkim jwt mailparser
    multiprocessing.connection prometheus_client.exposition proxyprotocol.noop pymap.backend.dict
    pymap.imap rich.progress rich.table selectolax.lexbor sqlite_utils httptools uvloop
""".split()


class Popen(subprocess.Popen):  # type: ignore[type-arg]
    """subprocess.Popen; what is a Python program of ours is forked where that can be."""

    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, *rest: Any) -> None:
        _, pass_fds, cwd, env, _, _, shell, *pipes = rest[:14]
        script = None if executable or preexec_fn or pass_fds or shell else _script(args)
        theirs = [pipes[nth] for nth in (0, 3, 5)]
        streams = [nth if one == -1 else one for nth, one in enumerate(theirs)]
        if script is None or _options(env) or any(map(os.isatty, streams)):
            super()._execute_child(args, executable, preexec_fn, *rest)  # type: ignore[misc]
            return
        told = {"argv": script, "cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ)}
        self.pid = _ask(json.dumps(told).encode(), streams)
        self._child_created = True
        self._close_pipe_fds(*pipes[:6])  # type: ignore[attr-defined]


def run(args: Sequence[object], **options: Any) -> subprocess.CompletedProcess[Any]:
    """As subprocess.run has it, with `input`, `capture_output` and `timeout`."""
    text, seconds = options.pop("input", None), options.pop("timeout", None)
    if text is not None:
        options["stdin"] = subprocess.PIPE
    if options.pop("capture_output", False):
        options["stdout"] = options["stderr"] = subprocess.PIPE
    with Popen(args, **options) as child:
        try:
            out, err = child.communicate(text, timeout=seconds)
        except BaseException:
            child.kill()
            raise
    return subprocess.CompletedProcess(args, child.returncode, out, err)


def _script(args: Any) -> list[str] | None:
    words = [os.fspath(word) for word in args]
    if words[0] == sys.executable and words[1].endswith(".py"):
        return words[1:]
    return words if words[0] == MAILHOOK else None


def _options(env: dict[str, str] | None) -> bool:
    """Whether an interpreter would start differently."""
    harmless = {"PYTHONDONTWRITEBYTECODE", "PYTHONSAFEPATH"}
    told = (name for name in env or os.environ if name not in harmless)
    return any(name.startswith(("PYTHON", "LD_")) for name in told)


def _ask(request: bytes, streams: list[int]) -> int:
    with _STARTING:
        line = _source()
        socket.send_fds(line, [request], streams)
        return int(line.recv(64))


@cache
def _source() -> socket.socket:
    """The line to the process that forks; it ends when the line does."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-P", __file__, str(theirs.fileno())]
    nothing = subprocess.DEVNULL
    source = subprocess.Popen(
        command, pass_fds=[theirs.fileno()], stdin=nothing, stdout=nothing, start_new_session=True
    )
    theirs.close()
    atexit.register(lambda: (ours.close(), source.wait()))
    return ours


def _import_all() -> None:
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    mailhook = importlib.import_module("mailhook")
    for module in pkgutil.walk_packages(mailhook.__path__, "mailhook."):
        if not module.name.endswith(("__main__", "notify.child")):  # programs of their own
            importlib.import_module(module.name)
    for name in _LATE:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a process with threads must not be forked"


def _serve(line: socket.socket) -> list[str]:
    """Fork at each request; in the fork come back with its argv."""
    while True:
        request, streams, _, _ = socket.recv_fds(line, _REQUEST_BYTES, 3)
        if not request:
            os._exit(0)
        if (pid := _fork()) == 0:
            line.close()
            return _become(json.loads(request), streams)
        for one in streams:
            os.close(one)
        line.send(str(pid).encode())


def _fork() -> int:
    """As os.fork, but the new process is left to the tests' own process, which may wait for it."""
    theirs, ours = os.pipe()
    if middle := os.fork():
        os.close(ours)
        os.waitpid(middle, 0)
        pid = int(os.read(theirs, 64))
        os.close(theirs)
        return pid
    if pid := os.fork():
        os.write(ours, str(pid).encode())
        os._exit(0)
    os.close(theirs)
    os.close(ours)
    return 0


def _become(told: dict[str, Any], streams: list[int]) -> list[str]:
    for number, one in enumerate(streams):
        os.dup2(one, number)
    os.closerange(3, max(streams) + 1)
    sys.stdin, sys.stdout, sys.stderr = (
        _opened(0, sys.stdin),
        _opened(1, sys.stdout),
        _opened(2, sys.stderr),
    )
    os.chdir(told["cwd"])
    os.environ.clear()
    os.environ.update(told["env"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    argv: list[str] = told["argv"]
    return argv


def _opened(number: int, like: TextIO) -> TextIO:
    """A stream anew: whether it can seek is asked when it is opened."""
    mode, buffering = ("w", 1 if number == 2 else -1) if number else ("r", -1)
    return open(number, mode, buffering, encoding=like.encoding, errors=like.errors, closefd=False)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the tests
    _import_all()
    gc.freeze()
    sys.argv = _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.path.insert(0, str(Path(sys.argv[0]).parent))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
