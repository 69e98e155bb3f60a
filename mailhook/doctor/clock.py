"""This machine's clock against the mail servers', as far as arrivals tell.

IMAP has no command that asks for the time, and to put a mail there would write. What is
known: a mail came (INTERNALDATE, by the server's clock) before we look at it (by ours).
So a clock of ours that is behind shows; one that is ahead shows only in the store, where
mails that were waited for in IDLE have a row a moment after they came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from mailhook import times
from mailhook.doctor.model import Remark, advice, ok, wrong
from mailhook.store import Reader

# More is no matter of rounding to seconds and of mails on their way.
_MOST = timedelta(seconds=30)
# A row so much later than its mail may be due to an outage, but hardly for so many in a row.
_LATE, _ROWS = timedelta(seconds=90), 20

_LAGS = """
SELECT received_at, recorded_at FROM deliveries WHERE channel = 'email' ORDER BY id DESC LIMIT ?
"""


def remarks(
    arrivals: Sequence[datetime], store: Reader | None, now: datetime, *, watched: bool
) -> Iterator[Remark]:
    """What the newest mails say of the clocks; `watched`: the service waits in IDLE."""
    lags = _lags(store) if store else []
    ahead = max([*(arrival - now for arrival in arrivals), *(-lag for lag in lags)], default=None)
    if ahead is None:
        yield advice("clock", "no mail shows the mail server's clock: see that NTP keeps this one")
    elif ahead > _MOST:
        yield wrong(
            "clock",
            f"a mail came {_words(ahead)} later than it was seen: this clock is behind the mail"
            " server's, or that one is ahead; times, lags and alarms are off by that: see that NTP"
            " keeps this machine's clock",
        )
    elif watched and len(lags) == _ROWS and min(lags) > _LATE:
        yield advice(
            "clock",
            f"each of the last {_ROWS} mails has its row {_words(min(lags))} or more after it came:"
            " this clock is ahead of the mail server's, or mails are read late; see `mailhook"
            " status`, and that NTP keeps this machine's clock",
        )
    else:
        yield ok("clock", "no mail came later than it was seen: the clock is not behind")


def _lags(store: Reader) -> list[timedelta]:
    pairs = (
        (times.parse(row["received_at"]), times.parse(row["recorded_at"]))
        for row in store.rows(_LAGS, (_ROWS,))
    )
    return [recorded - received for received, recorded in pairs if received and recorded]


def _words(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < 600 else f"{seconds // 60:,} min"  # noqa: PLR2004 - ten minutes
