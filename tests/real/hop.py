"""The server that the ground hands mail for far.test to: it takes what it is given, or says what it is told to."""

from __future__ import annotations

import contextlib
import re
import socketserver
import threading
from collections.abc import Callable, Iterator

from warmup.model import Stage

HOST = "127.0.0.1"
NAME = "mx.far.test"
USUAL = {
    Stage.CONNECT: f"220 {NAME} ESMTP",
    Stage.EHLO: f"250-{NAME}\n250 ENHANCEDSTATUSCODES",
    Stage.MAIL: "250 2.1.0 Ok",
    Stage.RCPT: "250 2.1.5 Ok",
    Stage.DATA: "354 Go on",
    Stage.DOT: "250 2.0.0 Ok: taken",
}
VERBS = {"EHLO": Stage.EHLO, "HELO": Stage.EHLO, "MAIL": Stage.MAIL, "RCPT": Stage.RCPT, "DATA": Stage.DATA}


class NextHop:
    """A server on a port of loopback: `with NextHop(port, deliver) as hop:`. `deliver` gets the sender, the recipients
    and the text of each message that is taken; `met` has the stages that clients came to, in order.
    """

    def __init__(self, port: int, deliver: Callable[[str, list[str], bytes], object]) -> None:
        self.deliver = deliver
        self.met: list[Stage] = []
        self._says: dict[Stage, str] = {}
        self._server = _Server((HOST, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> NextHop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextlib.contextmanager
    def saying(self, stage: Stage, reply: str) -> Iterator[None]:
        """Meanwhile its answer at a stage is this, which may have several lines; after a 421 it hangs up."""
        self._says[stage] = reply
        try:
            yield
        finally:
            del self._says[stage]

    def answer(self, stage: Stage) -> str:
        self.met.append(stage)
        return self._says.get(stage, USUAL[stage])


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False  # Postfix may keep a connection for later

    def __init__(self, address: tuple[str, int], hop: NextHop) -> None:
        self.hop = hop
        super().__init__(address, _Session)


class _Session(socketserver.StreamRequestHandler):
    timeout = 30
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self._converse()

    def _converse(self) -> None:
        sender, recipients = "", list[str]()
        said = self._answer(Stage.CONNECT)
        while not said.startswith("421") and (line := self.rfile.readline().decode()):
            stage = VERBS.get(line[:4].upper())
            if stage is None:  # RSET, QUIT
                said = self._say("250 2.0.0 Ok")
                continue
            said = self._answer(stage)
            if stage is Stage.MAIL:
                sender, recipients = _path(line), []
            elif stage is Stage.RCPT and said.startswith("2"):
                recipients.append(_path(line))
            elif stage is Stage.DATA and said.startswith("3"):
                said = self._take(sender, recipients)

    def _take(self, sender: str, recipients: list[str]) -> str:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        said = self.server.hop.answer(Stage.DOT)
        if said.startswith("2"):
            text = b"".join(line[1:] if line.startswith(b".") else line for line in lines)
            self.server.hop.deliver(sender, recipients, text)
        return self._say(said)

    def _answer(self, stage: Stage) -> str:
        return self._say(self.server.hop.answer(stage))

    def _say(self, reply: str) -> str:
        self.wfile.write("".join(f"{line}\r\n" for line in reply.split("\n")).encode())
        return reply


def _path(line: str) -> str:
    found = re.search(r"<(.*?)>", line)
    return found[1] if found else ""
