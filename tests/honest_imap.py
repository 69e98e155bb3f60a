"""What an honest IMAP server answers: a few folders in memory, one selected by each talk."""

from __future__ import annotations

from dataclasses import dataclass, field

PASSWORD = "correct-horse"
PLAIN = "IMAP4rev1 UIDPLUS MOVE"


@dataclass
class Mail:
    raw: bytes
    date: str = " 3-Aug-2026 12:00:00 +0000"
    flags: set[str] = field(default_factory=set)


@dataclass
class Box:
    mails: dict[int, Mail] = field(default_factory=dict)
    uidnext: int = 1
    uidvalidity: int | None = 7

    def add(self, *mails: Mail) -> None:
        for mail in mails:
            self.mails[self.uidnext] = mail
            self.uidnext += 1

    def chosen(self, uid_set: str) -> list[int]:
        last = max(self.mails, default=0)
        chosen: set[int] = set()
        for part in uid_set.split(","):
            ends = [last if end == "*" else int(end) for end in part.split(":")]
            chosen |= {uid for uid in self.mails if min(ends) <= uid <= max(ends)}
        return sorted(chosen)


class Honest:
    """One connection's view of the folders."""

    def __init__(self, boxes: dict[str, Box], capabilities: str) -> None:
        self._boxes, self.capabilities = boxes, capabilities
        self._box = Box(uidnext=0)
        self._told = 0

    def news(self) -> bytes:
        """EXISTS, if mail has come into the selected folder since that was last said."""
        if self._told >= self._box.uidnext:
            return b""
        self._told = self._box.uidnext
        return f"* {len(self._box.mails)} EXISTS\r\n".encode()

    def answer(self, command: str, tag: str) -> bytes:
        """The whole answer to the command."""
        words = command.split(" ", 2)
        name = " ".join(words[:2]) if words[0] == "UID" else words[0]
        rest = command[len(name) :].strip()
        try:
            lines = getattr(self, "_" + name.lower().replace(" ", "_"), _nothing)(rest)
        except Refused as error:
            return f"{tag} NO {error}\r\n".encode()
        untagged = b"".join(b"* " + line + b"\r\n" for line in lines)
        return untagged + self.news() + f"{tag} OK done\r\n".encode()

    def _capability(self, _: str) -> list[bytes]:
        return [f"CAPABILITY {self.capabilities}".encode()]

    def _logout(self, _: str) -> list[bytes]:
        return [b"BYE see you"]

    def _login(self, rest: str) -> list[bytes]:
        if not rest.endswith(f'"{PASSWORD}"'):
            raise Refused("[AUTHENTICATIONFAILED] no")
        return []

    def _list(self, rest: str) -> list[bytes]:
        pattern = _unquoted(rest.split(" ", 1)[1])
        names = self._boxes if pattern == "*" else [pattern]
        if not pattern:
            return [b'LIST (\\Noselect) "/" ""']
        return [f'LIST () "/" "{name}"'.encode() for name in names if name in self._boxes]

    def _create(self, rest: str) -> list[bytes]:
        self._boxes[_unquoted(rest)] = Box(uidvalidity=1)
        return []

    def _status(self, rest: str) -> list[bytes]:
        name, _, _ = rest.partition(" (")
        box = self._named(name)
        told = f"STATUS {name} (UIDNEXT {box.uidnext} UIDVALIDITY {box.uidvalidity or 0})"
        return [told.encode()]

    def _examine(self, rest: str) -> list[bytes]:
        self._box = box = self._named(rest)
        self._told = box.uidnext
        lines = [f"{len(box.mails)} EXISTS", f"OK [UIDNEXT {box.uidnext}] next"]
        if box.uidvalidity is not None:
            lines.append(f"OK [UIDVALIDITY {box.uidvalidity}] valid")
        return [line.encode() for line in lines]

    _select = _examine

    def _uid_search(self, rest: str) -> list[bytes]:
        key, _, value = rest.partition(" ")
        if key == "UID":
            found = self._box.chosen(value)
        else:
            wanted = _unquoted(value.partition(" ")[2]).encode()
            found = [uid for uid, mail in self._box.mails.items() if wanted in mail.raw]
        return [" ".join(["SEARCH", *map(str, found)]).encode()]

    def _uid_fetch(self, rest: str) -> list[bytes]:
        uid_set, _, items = rest.partition(" ")
        return [self._fetched(uid, items) for uid in self._box.chosen(uid_set)]

    def _fetched(self, uid: int, items: str) -> bytes:
        mail = self._box.mails[uid]
        told = f"{sorted(self._box.mails).index(uid) + 1} FETCH (UID {uid}"
        if "RFC822.SIZE" in items:
            told += f' RFC822.SIZE {len(mail.raw)} INTERNALDATE "{mail.date}"'
        if "HEADER" in items:
            head = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            return literal(f"{told} BODY[HEADER]<0>", head)
        if "BODY" in items:
            return literal(f"{told} BODY[]", mail.raw)
        return told.encode() + b")"

    def _uid_store(self, rest: str) -> list[bytes]:
        uid_set, _, flags = rest.split(" ", 2)
        for uid in self._box.chosen(uid_set):
            self._box.mails[uid].flags |= set(flags.strip("()").split())
        return []

    def _uid_copy(self, rest: str) -> list[bytes]:
        uid_set, _, name = rest.partition(" ")
        mails = [self._box.mails[uid] for uid in self._box.chosen(uid_set)]
        self._named(name).add(*(Mail(mail.raw, mail.date) for mail in mails))
        return []

    def _uid_move(self, rest: str) -> list[bytes]:
        self._uid_copy(rest)
        for uid in self._box.chosen(rest.partition(" ")[0]):
            del self._box.mails[uid]
        return []

    def _uid_expunge(self, rest: str) -> list[bytes]:
        for uid in self._box.chosen(rest):
            if r"\Deleted" in self._box.mails[uid].flags:
                del self._box.mails[uid]
        return []

    def _named(self, name: str) -> Box:
        box = self._boxes.get(_unquoted(name))
        if box is None:
            raise Refused("[NONEXISTENT] no such folder")
        return box


class Refused(Exception):
    """NO, and why."""


def literal(start: str, payload: bytes) -> bytes:
    """`start` and the payload as a literal, closed."""
    return f"{start} {{{len(payload)}}}\r\n".encode() + payload + b")"


def _nothing(_: str) -> list[bytes]:
    return []


def _unquoted(word: str) -> str:
    return word.strip().removeprefix('"').removesuffix('"')
