"""Writing commands through the service that holds the store: `<store>.sock`, one call a connection.

    caller                                        service
    connect ────────────────────────────────────▶ same user or root? a place free?
            ◀──────────────────────────────────── greeting: protocol, how much it takes
    request: command, arguments, sizes ─────────▶
    bytes of the mails, if any ─────────────────▶ the command runs in a thread of its own
            ◀──────────────────────────────────── done so far, at least every few seconds
            ◀──────────────────────────────────── result and exit code, or the error in words

Frames are JSON or plain bytes behind their length, never pickles; each is bounded in
size, each wait in time. A call that breaks off has happened or not, as a killed command
has; every command may be given again. `address` is where the socket lies, `peer` who may
talk, `wire` the frames, `request` and `faults` what travels, `conversation` one client.
"""
