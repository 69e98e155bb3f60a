"""What is said to a client that keeps to no bound or to no grammar, before it is hung up on."""

from __future__ import annotations

from http import HTTPStatus

from mailhook.sources.web.answers import Answer

BAD = Answer(HTTPStatus.BAD_REQUEST, "this is no request of HTTP/1.1")
OTHER = Answer(HTTPStatus.BAD_REQUEST, "only HTTP/1.1 is spoken here: send it without Upgrade")
MANY = Answer(HTTPStatus.TOO_MANY_REQUESTS, "wait for an answer now and then")
SLOW_HEAD = Answer(HTTPStatus.REQUEST_TIMEOUT, "the head of the request did not come in time")
SLOW_BODY = Answer(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time")
LARGE_HEAD = Answer(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head of the request is too large"
)
LARGE_BODY = Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a hook is at most 256 kB")
