"""A bad month of the vendor, the network and this machine, and what mailhook makes of it.

Real: `mailhook run` as a process with its store, its control socket and its settings, killed
by SIGKILL; Dovecot over IMAP with a Maildir into which the mails are put as a mail server
does; HTTP to the endpoint and to the API; the mails, tokens and pages as bytes; the commands
`reconcile` and `token recheck` through the service. Simulated: the wall clock (moved on by
hand, in the service and in whoever asks the views; between two moves it goes as ours does),
the vendor (`mailhook.testing`: its rule, its words, its signatures), and whoever is to blame:
mails that are late, doubled or lost, an endpoint out of reach (nobody listens at the address
that is posted to), an API that answers 503 for a day, a mail server's proof (a header), a hand
that enables and repairs. What is drawn by chance depends on the seed alone; what depends on
when a kill hits within the machine is no part of any verdict.

The month keeps books of its own (`books`): what each road has brought of each event. They are
kept by what was sent and answered, never by what the store says. `verdicts` is what must stand
in the store because of them, `findings` what does.
"""
