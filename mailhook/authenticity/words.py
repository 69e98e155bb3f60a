"""What every check of a sender says: why it proves nothing, in words that are safe to print."""

from __future__ import annotations

_SHOWN = 80


class Unproven(Exception):
    """The mail is not proven; the message is the sentence that says why.

    `temporary` where another try may prove it: DNS did not answer.
    """

    def __init__(self, sentence: str, *, temporary: bool = False) -> None:
        self.temporary = temporary
        super().__init__(sentence)


def shown(text: str) -> str:
    """What came from a mail, safe to print."""
    text = text[:_SHOWN]
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
