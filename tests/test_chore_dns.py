"""The service asks the DNS again by itself for what waits for it."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import mails
from stores import asked

from mailhook.config import Settings
from mailhook.model import Batch
from mailhook.pipeline import Trust, ingest
from mailhook.store import Store
from mailhook.worker.asking import Asking
from mailhook.worker.housekeeping import chores
from mailhook.worker.pulse import Pulse
from mailhook.worker.turns import Turns


def test_what_waits_for_the_dns_is_examined_again_each_hour_and_nothing_else(
    tmp_path: Path, trust: Trust
):
    path = tmp_path / "mailhook.db"
    settings = Settings.model_validate({"store": {"path": str(path)}})
    raws = [mails.check_finished("CHK1"), mails.check_finished("CHK2", proof=None)]
    deliveries = tuple(mails.delivered(raw, uid) for uid, raw in enumerate(raws, 1))
    with Store(path) as store:
        ingest(Batch(deliveries), store, Trust(trust.settings.model_copy(update={"senders": ()})))
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE deliveries SET reason = 'dkim_dns_temporary: …' WHERE id = 1")
        asking = Asking(settings, store, trust, threading.Event(), Turns())
        found = chores(settings, store, trust, pulse=Pulse(store), asking=asking)
        every = {chore.name: (seconds, chore) for seconds, chore in found}
        seconds, chore = every["dkim"]
        assert seconds == 3600
        begun = chore.done_at
        chore.start()
        chore.ring()
        while chore.done_at == begun:
            time.sleep(0.01)  # a chore calls nobody when it is done
        chore.end()
        chore.join()
        ((who, what, why),) = asked(path, "SELECT who, what, why FROM audit")
        assert (who, what) == ("mailhook", "replay")
        assert "dkim_dns_temporary" in str(why)
    assert [row[0] for row in asked(path, "SELECT outcome FROM deliveries ORDER BY id")] == [
        "recorded",
        "quarantined",
    ]
