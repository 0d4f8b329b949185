"""The product below a path of a site, such as `/chat`, whatever the proxy before it does with that path."""

from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """Takes requests with the root path and without it alike: some proxies strip it, others pass it on.

    Within, `path` always begins with `root_path`, as ASGI has it, so that mounted folders find their files.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app, self._root = app, root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._root and scope["type"] != "lifespan":
            scope = {**scope, "root_path": self._root, "path": self._whole(scope["path"])}
            if raw := scope.get("raw_path"):
                scope["raw_path"] = self._whole(raw.decode("latin-1")).encode("latin-1")
        await self._app(scope, receive, send)

    def _whole(self, path: str) -> str:
        if path == self._root:
            return f"{self._root}/"
        return path if path.startswith(f"{self._root}/") else self._root + path
