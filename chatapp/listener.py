"""The address that the server listens on, taken before anything slow is loaded."""

import errno
import socket

from chatapp.errors import FenceError, PortError

_REMEDIES = {
    errno.EADDRINUSE: "Stop what listens there, or choose another port (--port 0 takes a free one).",
    errno.EACCES: "Ports under 1024 need privileges: choose a higher one with --port.",
    errno.EADDRNOTAVAIL: "Give an address of this machine: 127.0.0.1, or 0.0.0.0 for all it has.",
}


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as wrapped:  # `create_server` words bind's own error anew and keeps it as the context
        error = wrapped.__context__ if isinstance(wrapped.__context__, OSError) else wrapped
    if isinstance(error, FenceError):
        raise PortError(error.what, "In local-only mode give FIRSTLINE_HOST as a numeric address.")
    hint = _REMEDIES.get(error.errno or 0, "Check FIRSTLINE_HOST and FIRSTLINE_PORT.")
    raise PortError(f"Cannot listen on {host!r} port {port}: {error.strerror}.", hint)


def url(listener: socket.socket) -> str:
    """Where a browser on this machine finds the server."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - named, not bound
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
