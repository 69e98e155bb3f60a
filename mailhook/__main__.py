"""The installed command, and `python -m mailhook`."""

from __future__ import annotations

import gc
import os
import sys

# No plug-in is wanted, and to look for some pydantic reads through all that is installed.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Starting makes seventy thousand objects that stay: to look through them even once takes
# as long as a round that finds nothing new.
gc.set_threshold(100_000)


def program() -> None:
    """Run one command and end the process with its exit code."""
    from mailhook.cli import main

    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        sys.stdout.flush()
        sys.stderr.flush()
        # All is closed and committed; to tear the modules down, too, only takes time.
        os._exit(code)


if __name__ == "__main__":
    program()
