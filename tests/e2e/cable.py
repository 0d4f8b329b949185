"""TCP on loopback that a test can cut and mend, so that a lost connection is a real one in every browser."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

CHUNK_BYTES = 65_536


class Cable(ThreadingTCPServer):
    """Carries connections to another port. Cut, it breaks those there are, and every new one at once."""

    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.far = ("127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._whole, self.swallows = True, False
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()

    def cut(self) -> None:
        """Break what there is, and all that comes until it is mended."""
        with self._lock:
            self._whole = False
            for end in self._ends:
                _shut(end)

    def swallow(self) -> None:
        """Take everything and carry nothing, as a network does that is gone without a word."""
        self.swallows = True

    def mend(self) -> None:
        """Carry again. What was swallowed is lost, and with it the connections that it belonged to."""
        with self._lock:
            if self.swallows:
                for end in self._ends:
                    _shut(end)
            self._whole, self.swallows = True, False

    @contextmanager
    def carried(self, *ends: socket.socket) -> Iterator[bool]:
        """Whether the connection between these ends may be; a cut breaks it for as long as this lasts."""
        with self._lock:
            whole = self._whole
            self._ends.update(ends)
        try:
            yield whole
        finally:
            with self._lock:
                self._ends.difference_update(ends)


class _Connection(BaseRequestHandler):
    server: Cable

    def handle(self) -> None:
        with socket.create_connection(self.server.far) as far, self.server.carried(self.request, far) as whole:
            if whole:
                back = threading.Thread(target=_pump, args=(far, self.request, self.server))
                back.start()
                _pump(self.request, far, self.server)
                back.join()


@contextmanager
def cable_to(url: str) -> Iterator[Cable]:
    """A cable to the server at this address, whole."""
    port = urlsplit(url).port
    assert port
    with Cable(port) as cable:
        threading.Thread(target=cable.serve_forever, args=(0.05,)).start()
        try:
            yield cable
        finally:
            cable.cut()
            cable.shutdown()


def _pump(source: socket.socket, target: socket.socket, cable: Cable) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK_BYTES):
            if not cable.swallows:
                target.sendall(data)
    _shut(source)
    _shut(target)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
