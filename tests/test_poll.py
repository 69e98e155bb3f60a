"""The main job over a real Dovecot: mails in, rows out."""

from __future__ import annotations

import mails
from dovecot import Account

from mailhook.config import load
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.polling import poll


def test_a_mail_becomes_an_event_and_a_second_poll_changes_nothing(account: Account):
    account.append(mails.check_finished("CHK" + "0" * 32))
    settings = load(account.config())
    with Store(settings.store.path) as store:
        first = poll(settings, store, Trust.of(settings.trust))
        second = poll(settings, store, Trust.of(settings.trust))
    assert (first.outcomes, first.errors) == (["recorded"], [])
    assert (second.outcomes, second.errors) == ([], [])
