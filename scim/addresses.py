"""Addresses: whence a request comes, and whence a provider lets requests come.

A client may write what it likes into ``X-Forwarded-For``; the front end of Azure Functions, and each proxy of the
operator's before it, appends the address that it was called from. So only as many entries count, from the end, as
there are proxies of our own.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, ip_address, ip_network


def client_address(headers: Mapping[str, str], proxies: int) -> str:
    """The address that the outermost of our own proxies was called from; blank where there is none to be trusted.

    Args:
        headers: the request's headers, with names in lower case.
        proxies: how many there are, the front end of Azure Functions among them; 0: none that can be trusted.
    """
    entries = headers.get("x-forwarded-for", "").split(",")
    if not 0 < proxies <= len(entries):
        return ""
    try:
        address = ip_address(_without_port(entries[-proxies].strip()))
    except ValueError:
        return ""
    return str(address.ipv4_mapped or address) if isinstance(address, IPv6Address) else str(address)


def neighbourhood(address: str) -> str:
    """What one caller has at his disposal: the address; of IPv6, the network of 64 bits that it is in."""
    return str(ip_network(f"{address.partition('%')[0]}/64", strict=False)) if ":" in address else address


def _without_port(entry: str) -> str:
    """An address as some front ends write it, ``192.0.2.1:4711`` or ``[2001:db8::1]:4711``, without the port."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


def networks(texts: Sequence[str]) -> tuple[str, ...]:
    """Networks in the form in which they are kept.

    Raises:
        ValueError: naming the first that is none.
    """
    return tuple(str(ip_network(text)) for text in texts)


def within(address: str, allowed: Sequence[str]) -> bool:
    """Whether an address is in one of the networks; an unknown one is in none."""
    if not address:
        return False
    known = ip_address(address)
    return any(known in ip_network(each) for each in allowed)
