"""What the doctor says, as frozen values: sentences, who sends hooks, lines to set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["wrong", "advice", "ok"]
Topic = Literal[
    "settings", "mailbox", "senders", "junk", "clock", "store", "permissions", "keys", "api"
]


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence: what is so, why it matters, what to do. Holds no personal data."""

    group: Group
    topic: Topic
    words: str


@dataclass(frozen=True, slots=True)
class Sender:
    """What looks like hooks from one domain in one folder.

    `domain` is None for mails without exactly one plain address in From. `proven`
    counts those that count as proven by the settings, `passing` those that the topmost
    Authentication-Results, whosever it is, lets pass by DMARC or DKIM, `forwarded` those
    that only pass a hook on, `unknown_key` proven ones whose token no key of ours has
    signed, since the last that one has; `said` is what that header says of From's domain,
    with how many mails say so.
    """

    mailbox: str
    folder: str
    domain: str | None
    mails: int
    proven: int
    passing: int
    forwarded: int
    unknown_key: int
    said: dict[str, int]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The section `trust` as it might be: its lines, ready to be pasted, and what to mind."""

    lines: tuple[str, ...]
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found."""

    remarks: tuple[Remark, ...]
    senders: tuple[Sender, ...] = ()
    proposal: Proposal | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not any(remark.group == "wrong" for remark in self.remarks)


def ok(topic: Topic, words: str) -> Remark:
    """What is as it should be."""
    return Remark("ok", topic, words)


def advice(topic: Topic, words: str) -> Remark:
    """What works, but should be seen to."""
    return Remark("advice", topic, words)


def wrong(topic: Topic, words: str) -> Remark:
    """What does not work, or is not safe, until something is done."""
    return Remark("wrong", topic, words)


def count(number: int, noun: str) -> str:
    """`1 mail`, `12,000 mails`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
