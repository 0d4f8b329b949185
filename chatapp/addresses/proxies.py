"""The trusted proxies, as FIRSTLINE_TRUSTED_PROXIES lists them."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

ANY = "*"


class Proxies:
    """Addresses and networks, separated by commas; `*` is all of them."""

    def __init__(self, listed: str) -> None:
        """Raises ValueError for what is neither an address nor a network."""
        parts = [part for part in (part.strip() for part in listed.split(",")) if part]
        self._any = ANY in parts
        self._networks = tuple(_network(part) for part in parts if part != ANY)

    @property
    def networks(self) -> list[str]:
        """As uvicorn takes them, and as people write them."""
        if self._any:
            return [ANY]
        return [str(n.network_address if n.num_addresses == 1 else n) for n in self._networks]

    def __contains__(self, host: str) -> bool:
        if self._any:
            return True
        try:
            address = ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is neither an address, nor a network such as 10.0.0.0/8, nor *") from None
