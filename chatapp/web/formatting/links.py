"""Addresses in running text: which words are one, and where a bare host leads."""

from typing import Any

from linkify_it import LinkifyIt

_ENDINGS = frozenset(
    "com org net edu gov info biz shop example eu uk de fr nl ch ie ca au nz us jp cn kr tw hk se dk fi es pt pl cz gr br mx za".split()  # noqa: E501, SIM905 - read as one line
)
"""Endings by which a bare host is known. Others are words too (`it`, `is`, `no`, `at`, `py`, `md`): a missing space
after a full stop must not make a link. With `www.`, `https://` or a path any ending will do."""


class Links(LinkifyIt):  # type: ignore[misc]  # the package is not typed
    """Addresses in running text. Bare hosts are read with care, and over https."""

    def __init__(self) -> None:
        super().__init__({"ftp:": None, "//": None})
        self.tlds("[a-z]{2,24}|xn--[a-z0-9-]{1,59}")

    def match(self, text: str) -> list[Any] | None:
        """The addresses found, or None."""
        found = [link for link in super().match(text) or () if link.schema or _is_host(link.text)]
        for link in found:
            if not link.schema:
                link.url = "https://" + link.text
        return found or None


def _is_host(text: str) -> bool:
    host, _, path = text.partition("/")
    return bool(path) or host.lower().startswith("www.") or host.rpartition(".")[2].lower() in _ENDINGS
