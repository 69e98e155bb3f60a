"""One round over folders of a mailbox: sweep, commit batch by batch, then the queued actions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from mailhook.config import MailboxSettings
from mailhook.errors import FolderMissing, MailhookError, Refused
from mailhook.metrics.meter import Meter
from mailhook.model import Action, After, Delivery, Outcome
from mailhook.sources.imap import Mailbox
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.pulse import Pulse
from mailhook.worker.turns import Turns

# Called after each commit with the deliveries of the batch and their outcomes.
Report = Callable[[Sequence[Delivery], Sequence[Outcome]], object]

# Done before what came of them is committed and the signals are looked at.
_ACTIONS = 1000


class Undone(Refused):
    """Mails were read, but what was to be done with them is refused; it stays queued."""


@dataclass(slots=True)
class Round:
    """What one round over the mailboxes came to."""

    outcomes: list[Outcome] = field(default_factory=list)
    errors: list[MailhookError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0, or the gravest of the errors: a setting to mend goes before trying again."""
        return max((error.exit_code for error in self.errors), default=0)

    def add(self, other: Round) -> None:
        """Take in what another round came to."""
        self.outcomes += other.outcomes
        self.errors += other.errors


@dataclass(frozen=True, slots=True)
class Post:
    """What a round over a mailbox needs. `stop` ends it after the batch it is at.

    `meter` counts what is worth a figure, where anybody wants figures; `sign` is called
    when the server has answered in the middle of a longer work; `turns` are shared by all
    that may ever do this work; `mend` is called where the store has gone.
    """

    settings: MailboxSettings
    store: Store
    trust: Trust
    pulse: Pulse
    report: Report | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    meter: Meter = field(default_factory=Meter)
    sign: Callable[[], object] = lambda: None
    turns: Turns = field(default_factory=Turns)
    mend: Callable[[], object] = lambda: None


def after(settings: MailboxSettings) -> After | None:
    """What is to be done with mails that were understood; None: leave them."""
    verb = settings.after.verb
    return None if verb == "leave" else After(verb, settings.after.target)


def visit(
    mailbox: Mailbox, folder: str, post: Post, *, told: bool = False, thorough: bool = True
) -> Round:
    """Sweep one folder; then work off what is queued for it, if anything came or `thorough`.

    `told`: the server says that something came. An error of the folder or the connection
    ends up in the round, after what was committed before it struck; the connection is
    closed if it may be broken.
    """
    result, source, start = Round(), mailbox.source(folder), time.monotonic()
    try:
        for outcomes in _sweep(mailbox, folder, source, post, told=told):
            result.outcomes += outcomes
            post.pulse.beat([source])
            if post.stop.is_set():
                return result
        post.pulse.beat([source])
        if not result.outcomes:
            post.meter.round_trip(post.settings.name, folder, time.monotonic() - start)
        if thorough or result.outcomes:
            with post.turns.of(source) as is_ours:
                if is_ours:  # else a thread that a reload has left behind is at it
                    _perform(mailbox, source, post)
    except Undone as error:  # which is no silence: the rows of `actions` tell of it
        result.errors.append(error)
    except MailhookError as error:
        result.errors.append(error)
        if not post.stop.is_set():  # who took over after a reload may be well
            post.pulse.failed([source], error)
        if broke(error):
            mailbox.close()  # whatever state it was left in
    return result


def broke(error: MailhookError) -> bool:
    """Whether it is the mailbox or the store that is in trouble, not one folder or one deed."""
    return not isinstance(error, Refused | FolderMissing)


def _sweep(
    mailbox: Mailbox, folder: str, source: str, post: Post, *, told: bool
) -> Iterator[list[Outcome]]:
    """The outcomes of each batch, once it is committed."""
    batches = mailbox.sweep(folder, post.store.position(source), told=told)
    first = next(batches, None)
    if first is None:
        return
    from mailhook.examiner import examined
    from mailhook.pipeline import commit

    for batch, findings in examined(chain([first], batches), post.trust):
        committed = commit(batch, findings, post.store, after(mailbox.settings))
        if post.report and batch.deliveries:
            post.report(batch.deliveries, committed)
        yield committed


def _perform(mailbox: Mailbox, source: str, post: Post) -> None:
    """Work off what is queued for the folder, part by part, until the server refuses.

    Raises Undone, naming what it was, which stays queued.
    """
    queued = post.store.actions(source)
    for at in range(0, len(queued), _ACTIONS):
        refused = _perform_part(mailbox, source, post, queued[at : at + _ACTIONS])
        if refused:
            raise Undone(f"mailbox {post.settings.name}: {'; '.join(refused)}; stays queued")
        if post.stop.is_set():
            return


def _perform_part(mailbox: Mailbox, source: str, post: Post, queued: Sequence[Action]) -> list[str]:
    """What the server refused. Ends are noted together, halves of a move at once."""
    ended: list[tuple[Action, str]] = []

    def note(actions: Sequence[Action], word: str) -> None:
        post.sign()
        post.pulse.beat([source])
        noted = [(action, word) for action in actions]
        if word in {"copying", "copied"}:
            post.store.note_actions(noted)
        else:
            ended.extend(noted)

    try:
        mailbox.perform(queued, note)
    except Refused as error:  # the folder does not open for it
        left = [action for action in queued if action not in {one for one, _ in ended}]
        ended.extend((action, f"refused: {error}") for action in left)
    finally:
        post.store.note_actions(ended)
    return list(dict.fromkeys(word for _, word in ended if word.startswith("refused")))
