"""mbox: many messages in one file, in any of its four dialects.

Sources: RFC 4155; mbox(5) of qmail; Debian's mbox(5). A message begins behind a
postmark and ends with a blank line before the next, or at the end of the file.
The dialects differ in how a line `From ` of a message is kept from beginning one:

    mboxo    `From `, but not `>From `, gets a `>`: which had one is lost
    mboxrd   `>*From ` gets one more `>`: nothing is lost
    mboxcl   as mboxo, and Content-Length tells how long the body is
    mboxcl2  Content-Length alone; no line is changed

No file says which it is, so each message is read by what its own bytes say. Not by
its neighbours: a mailbox that has grown must give its old messages the same
bytes as before, because these name them.

A Content-Length is believed where it leads to a postmark, or to the end; of several,
the longest that does. Else, the sender has written it. Where it reaches further than
can be looked and a postmark comes before, what is right cannot be known: reading
ends there, since whoever writes a message may write a postmark into it, and behind
that the words of our own mail server.

One `>` is taken from every line `>From `, `>>From ` and so on: exact in mboxrd, and in
the others right as long as nobody wrote a `>From ` of his own, which is rare beside
those that mail servers wrote. But in a message with a line that begins with a bare
`From `, nobody has quoted; there all stays (mboxcl2). Where this is wrong, the
message has one byte more or less a line than its sender signed: it is then another
message than its `.eml`, but every reading finds the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailhook.errors import UnreadableInput
from mailhook.sources.files import postmark
from mailhook.sources.files.ahead import Ahead
from mailhook.sources.files.postmark import POSTMARK_BYTES

_CHUNK_BYTES = 1 << 18
_HEADERS_BYTES = 1_000_000
_HEADERS_END = re.compile(rb"(?:\A|\n)\r?\n")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]{0,9}(\d{1,15})[ \t]{0,9}\r?$")
_LINE_END = re.compile(rb"\r?\n")
_BARE = re.compile(rb"(?m)^From ")
_QUOTED = re.compile(rb"(?m)^>(>*From )")
# So much from the end of what is held cannot be decided yet: a postmark, and the line before it.
_UNDECIDED_BYTES = POSTMARK_BYTES + 8


def begin(ahead: Ahead) -> bytes:
    """Take the first postmark, or the next one behind a message; empty at the end."""
    ahead.fill(POSTMARK_BYTES)
    return ahead.take(len(_line(ahead.held, 0)))


def pieces(ahead: Ahead) -> Iterator[bytes]:
    """Take the message behind a postmark, as it stands there, in pieces of bounded size.

    The line that separates it from the next message goes with it, untold. Raises
    UnreadableInput where nobody can know where the message ends.
    """
    ends = [(length, _leads_to_end(ahead, length)) for length in _told_lengths(ahead)]
    too_far = max((length for length, leads in ends if leads is None), default=0)
    believed = max((length for length, leads in ends if leads), default=None)
    if believed is not None and not too_far:
        yield from _counted(ahead, believed)
        return
    size = 0
    for piece in _searched(ahead):
        size += len(piece)
        yield piece
    if too_far > size + len(b"\r\n") and not ahead.finished:
        raise UnreadableInput(
            f"{ahead.name}: a message of {too_far:,} bytes by its Content-Length has a postmark"
            f" after {size:,}: only in a plain file can be seen which is right; unpack it, and"
            " read that"
        )


def unquoted(raw: bytes) -> bytes:
    """The whole message with the quoting of `From ` undone."""
    if b">From " not in raw or _BARE.search(raw):
        return raw
    return _QUOTED.sub(rb"\1", raw)


def _told_lengths(ahead: Ahead) -> set[int]:
    """How many bytes the message has, by each of its Content-Lengths; headers count as well."""
    size = POSTMARK_BYTES
    while True:
        ahead.fill(size)
        found = _HEADERS_END.search(ahead.held, 0, _HEADERS_BYTES)
        if found:
            told = _LENGTH.findall(ahead.held, 0, found.end())
            return {found.end() + int(length) for length in told}
        if len(ahead.held) < size or size >= _HEADERS_BYTES:
            return set()
        size *= 4


def _leads_to_end(ahead: Ahead, length: int) -> bool | None:
    """Whether a message of that length ends before a postmark or the end; None if that is far."""
    seen = ahead.look(length - 1, POSTMARK_BYTES + len(b"x\r\n"))
    if seen is None:
        return None
    last, rest = seen[:1], seen[1:]
    blank = _LINE_END.match(rest)
    behind = rest[blank.end() :] if blank else rest
    if not behind:
        return bool(last)  # else it is longer than all there is
    return (last == b"\n" or blank is not None) and postmark.begins(behind)


def _counted(ahead: Ahead, length: int) -> Iterator[bytes]:
    while length:
        ahead.fill(min(length, _CHUNK_BYTES))
        piece = ahead.take(min(length, _CHUNK_BYTES))
        if not piece:
            return  # what was seen ahead is gone: the file became shorter
        length -= len(piece)
        yield piece
    ahead.fill(len(b"\r\n"))
    blank = _LINE_END.match(ahead.held)
    ahead.take(blank.end() if blank else 0)


def _searched(ahead: Ahead) -> Iterator[bytes]:
    is_start = True
    while (found := _separator(ahead, is_start=is_start)) is None:
        yield ahead.take(len(ahead.held) - _UNDECIDED_BYTES)
        is_start = False
    end, blank_bytes = found
    yield ahead.take(end)
    ahead.take(blank_bytes)


def _separator(ahead: Ahead, *, is_start: bool) -> tuple[int, int] | None:
    """Where the message ends, and the size of the blank line there; None if farther than held."""
    ahead.fill(_CHUNK_BYTES)
    held = ahead.held
    decided = len(held) + 1 if ahead.ended else len(held) - POSTMARK_BYTES
    line = held.find(b"\nFrom ", 0, decided) + 1
    while line:
        blank_bytes = _blank_bytes(held, line, is_start=is_start)
        if blank_bytes and postmark.begins(_line(held, line)):
            return line - blank_bytes, blank_bytes
        line = held.find(b"\nFrom ", line, decided) + 1
    if not ahead.ended:
        return None
    blank_bytes = _blank_bytes(held, len(held), is_start=is_start)
    return len(held) - blank_bytes, blank_bytes


def _blank_bytes(held: bytearray, end: int, *, is_start: bool) -> int:
    """The size of the line that ends there if it is blank, else 0."""
    blank = held[max(0, end - 2) : end]
    size = 2 if blank == b"\r\n" else 1
    begin = end - size
    is_line = held[begin - 1 : begin] == b"\n" if begin else is_start
    return size if blank.endswith(b"\n") and is_line else 0


def _line(held: bytearray, begin: int) -> bytes:
    """The line from there on, with its end; of one longer than any postmark the beginning."""
    limit = begin + POSTMARK_BYTES
    return bytes(held[begin : held.find(b"\n", begin, limit) + 1 or limit])
