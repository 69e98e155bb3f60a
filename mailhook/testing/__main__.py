"""Send invented hooks to an endpoint as Truora would, and tell what became of them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from mailhook import signing_keys
from mailhook.testing.clock import Clock
from mailhook.testing.letters import LAYOUTS, Style
from mailhook.testing.mailing import Postbox
from mailhook.testing.terms import Terms
from mailhook.testing.vendor import Vendor
from mailhook.testing.wording import LANGUAGES

_EPILOG = """\
Ends with 0 when every token was answered by a 2xx and every mail was taken, else with 1.
Retries come as the vendor's do, up to three hours later: --speed 600 makes minutes of hours.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Send what the arguments ask for; the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        return _tell(asked)
    except ValueError as error:
        parser.error(str(error))


def _tell(asked: Namespace) -> int:
    clock = Clock(asked.speed)
    terms = Terms(seed=asked.seed, alert_language=asked.language, results=asked.results)
    send = Postbox(asked.mail, asked.to) if asked.mail else None
    with Vendor(asked.url, asked.key_file, send, terms, clock) as vendor:
        try:
            _send(vendor, asked)
        except KeyboardInterrupt:
            sys.stderr.write("interrupted; what waited for a retry is not sent\n")
        return _report(vendor)


def _send(vendor: Vendor, asked: Namespace) -> None:
    style = Style(asked.layout, asked.language)
    for nth in range(asked.events):
        after = nth * asked.every
        event = vendor.invent(asked.type, asked.action, after=after)
        vendor.post(event, after=after)
        if asked.mail:
            vendor.mail(event, style, after=after)
    vendor.finish(patience_seconds=float("inf"))


def _report(vendor: Vendor) -> int:
    unsent = [letter for letter in vendor.letters if letter.sent_at is None]
    for posting in (*vendor.lost, *vendor.waiting):
        names = ", ".join(f"{event.type}.{event.action}" for event in posting.events)
        sys.stdout.write(f"{posting.fate}: token {posting.number} ({names}): {posting.why}\n")
    for letter in unsent:
        sys.stdout.write(f"not sent: the mail of {letter.about}: {letter.error}\n")
    sent, letters = len(vendor.delivered), len(vendor.letters)
    sys.stdout.write(
        f"{sent} tokens delivered in {len(vendor.attempts)} attempts, {len(vendor.lost)} lost;"
        f" {letters - len(unsent)} mails sent\n"
    )
    return int(bool(vendor.lost or vendor.waiting or unsent))


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m mailhook.testing", description=__doc__, epilog=_EPILOG)
    parser.add_argument("url", help="where the hooks are posted to")
    parser.add_argument(
        "--key-file", type=_key, required=True, help="a file with a signing key that is for tests"
    )
    parser.add_argument("--events", type=int, default=10, help="how many (10)")
    parser.add_argument("--every", type=float, default=0, help="vendor's seconds between two (0)")
    parser.add_argument("--type", default="", help="such as check; any where left out")
    parser.add_argument("--action", default="", help="such as finished; any where left out")
    parser.add_argument("--seed", type=int, default=0, help="the same one invents the same")
    parser.add_argument("--speed", type=_speed, default=1, help="how fast the vendor's time goes")
    parser.add_argument("--mail", metavar="URL", help="tell by mail too: smtp://host:port or lmtp:")
    parser.add_argument("--to", default="hooks@example.com", help="whose mailbox that is")
    parser.add_argument("--layout", choices=LAYOUTS, default="labelled")
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--results", help="an Authentication-Results to write on top of each mail")
    return parser


def _key(path: str) -> bytes:
    try:
        key = Path(path).read_bytes().strip()
    except OSError as error:
        raise ArgumentTypeError(f"{path}: {(error.strerror or 'unreadable').lower()}") from error
    if reason := signing_keys.unfit(key):
        raise ArgumentTypeError(f"{path}: {reason}")
    return key


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed < float("inf"):
        raise ArgumentTypeError("a number over 0")
    return speed


if __name__ == "__main__":
    sys.exit(main())
