"""MIME as the book has it (RFC 2045, 2046), taken apart in one pass over the bytes.

Nearly all notifications are a text, or a text beside its HTML, and a general
parser that walks them line by line costs more than all the rest of reading
them. What is not by the book in any way is None here, and goes to that parser.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_WORD = r"[!#$&+.^_`{|}~\w-]+"
_VALUE = re.compile(rf"\s*({_WORD}(?:/{_WORD})?)\s*", re.ASCII)
_PARAMETER = re.compile(rf';\s*({_WORD})=(?:({_WORD}|[\w.:/=?+-]+)|"([^"\\]*)")\s*', re.ASCII)
_HEADER = re.compile(rb"([!-9;-~]+):((?:[^\r\n]|\r\n[ \t])*)(?:\r\n|\Z)")
# Attached messages, and digests, whose parts are messages (RFC 2046 section 5.1.5).
_NOT_OURS = ("message/", "multipart/digest")
_DEPTH_LIMIT = 5
_PARTS_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part without parts: what its headers say, and its bytes, decoded."""

    content_type: str
    charset: str
    disposition: str
    filename: str
    payload: bytes = field(repr=False)


def leaves(headers: Mapping[str, str], body: bytes, depth: int = 0) -> list[Leaf] | None:
    """The leaves in order; None where anything is not by the book.

    `headers` are the entity's own Content-* headers, names in lower case.
    """
    typed = _typed(headers.get("content-type", "text/plain"))
    if typed is None:
        return None
    content_type, parameters = typed
    if content_type.startswith(_NOT_OURS) or "/" not in content_type:
        return None
    if content_type.startswith("multipart/"):
        return _parts(parameters.get("boundary", ""), body, depth)
    placed = _typed(headers.get("content-disposition", "inline"))
    payload = _decoded(headers.get("content-transfer-encoding", "7bit"), body)
    if placed is None or payload is None:
        return None
    disposition, placing = placed
    filename = placing.get("filename", parameters.get("name", "")).strip()
    if filename.startswith("<"):  # the general parser takes <> for quotation marks
        return None
    return [Leaf(content_type, parameters.get("charset", ""), disposition, filename, payload)]


def _parts(boundary: str, body: bytes, depth: int) -> list[Leaf] | None:
    if not boundary or boundary.endswith(" ") or depth > _DEPTH_LIMIT or not _has_lines(body):
        return None
    _preamble, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("ascii"))
    if not parts or len(parts) > _PARTS_LIMIT or not _is_end(parts.pop()):
        return None
    found: list[Leaf] = []
    for part in parts:
        inner = _part(part, depth)
        if inner is None:
            return None
        found += inner
    return found


def _has_lines(body: bytes) -> bool:
    """Whether every CR and every LF is part of a CRLF: all lines end as they should."""
    return body.count(b"\r\n") == body.count(b"\n") == body.count(b"\r")


def _is_end(rest: bytes) -> bool:
    """Whether this follows the last boundary: two hyphens, then nothing or a new line."""
    return rest == b"--" or rest.startswith(b"--\r\n")


def _part(part: bytes, depth: int) -> list[Leaf] | None:
    if not part.startswith(b"\r\n"):
        return None
    if part.startswith(b"\r\n\r\n"):
        return leaves({}, part[4:], depth + 1)
    head, end, body = part[2:].partition(b"\r\n\r\n")
    headers = _headers(head)
    return None if headers is None or not end else leaves(headers, body, depth + 1)


def _headers(head: bytes) -> dict[str, str] | None:
    headers: dict[str, str] = {}
    at = 0
    while at < len(head):
        found = _HEADER.match(head, at)
        name = found[1].decode("ascii").lower() if found else ""
        if found is None or name in headers or not found[2].isascii():
            return None
        headers[name] = found[2].decode("ascii").replace("\r\n", "").strip()
        at = found.end()
    return headers


def _typed(value: str) -> tuple[str, dict[str, str]] | None:
    """`type/subtype; name=value` as its parts in lower case, values as they are."""
    found = _VALUE.match(value)
    if found is None or not value.isascii():
        return None
    parameters: dict[str, str] = {}
    at = found.end()
    while at < len(value):
        parameter = _PARAMETER.match(value, at)
        name = parameter[1].lower() if parameter else ""
        if parameter is None or "*" in name or name in parameters or "=?" in parameter[0]:
            return None
        parameters[name] = parameter[2] if parameter[2] is not None else parameter[3]
        at = parameter.end()
    return found[1].lower(), parameters


def _decoded(encoding: str, body: bytes) -> bytes | None:
    match encoding.lower():
        case "7bit" | "8bit" | "binary":
            return body
        case "quoted-printable":
            return binascii.a2b_qp(body)
        case "base64":
            try:
                return binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
            except binascii.Error:
                return None
    return None
