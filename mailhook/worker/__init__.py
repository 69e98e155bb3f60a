"""The composition root: which mailboxes exist, who reads them, and when it all ends.

`poll` is one round, `run` the service: a thread a connection (`watch`), each
doing the same round (`rounds`) whenever something wakes it.
"""
