"""Where a host leads, and whether a document may be fetched from there."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from modelops.rag.reading.reasons import NotRead, Reason

Address = IPv4Address | IPv6Address

# Prefixes under which an IPv4 address stands in an IPv6 one (RFC 6052, RFC 8215): a way around the check of either.
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses of a host, each of which may be connected to.

    Raises :class:`NotRead` where there is none, and, unless ``allow_private``, where any leads into this machine or a
    private network: a name that leads to both is not an honest one.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotRead(Reason.UNREACHABLE, f"Its host {host} is not known: {error}.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private:
        for address in addresses:
            if not is_public(ip_address(address)):
                raise NotRead(
                    Reason.PRIVATE_ADDRESS,
                    f"Its host {host} leads to {address}, in this machine or a private network. "
                    "Allow private addresses if that is meant.",
                )
    return addresses


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet; those that only carry another one are not."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour is not None or address.teredo is not None or address.is_site_local:
            return False
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
