"""Mails that lie in files, or come by standard input. Read only: nothing is moved or marked.

`finding` says which files there are, `reading` turns them into deliveries; between
them `opening` opens one and unpacks gzip, `mbox` takes many messages apart,
`postmark` knows the line between them, `maildir` the folders of Maildir.
"""

from mailhook.sources.files.finding import Listing, find
from mailhook.sources.files.opening import STDIN
from mailhook.sources.files.reading import Report, delivered, read

__all__ = ["STDIN", "Listing", "Report", "delivered", "find", "read"]
