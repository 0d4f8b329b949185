"""Text that can be stored and sent: what every database, socket and page can hold."""


def storable(text: str) -> str:
    """The text with what no database can hold, lone surrogates and NUL, replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def within_bytes(text: str, most: int) -> str:
    """The beginning of a storable text that takes at most so many bytes in UTF-8, no character cut in two."""
    return text.encode()[:most].decode(errors="ignore")
