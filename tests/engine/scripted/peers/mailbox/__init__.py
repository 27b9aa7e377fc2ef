"""Where EDI files come and go."""

from tests.engine.scripted.peer import Scripted


class Mailbox(Scripted):
    type = "mailbox"
    pulls = frozenset({"edi"})
    pushes = frozenset({"*"})


CONNECTOR = Mailbox
