"""Whence a request comes, whatever its sender says, and whence it may come."""

import pytest

from scim.addresses import client_address, networks, within


@pytest.mark.parametrize(
    ("header", "proxies", "address"),
    [
        ("192.0.2.1", 1, "192.0.2.1"),
        ("192.0.2.1:4711", 1, "192.0.2.1"),
        ("[2001:db8::1]:4711", 1, "2001:db8::1"),
        ("[2001:db8::1]", 1, "2001:db8::1"),
        ("2001:0DB8::0001", 1, "2001:db8::1"),
        ("::ffff:192.0.2.1", 1, "192.0.2.1"),
        ("10.0.0.1, 192.0.2.1", 1, "192.0.2.1"),
        ("10.0.0.1,192.0.2.1 , 198.51.100.7:80", 2, "192.0.2.1"),
        ("192.0.2.1", 2, ""),
        ("192.0.2.1", 0, ""),
        ("", 1, ""),
        ("unknown", 1, ""),
        ("192.0.2.1, ", 1, ""),
        ("192.0.2.1\n", 1, "192.0.2.1"),
        ("<script>", 1, ""),
    ],
)
def test_only_what_our_own_proxies_say_counts(header: str, proxies: int, address: str) -> None:
    assert client_address({"x-forwarded-for": header}, proxies) == address
    assert client_address({}, proxies) == ""


@pytest.mark.parametrize(
    ("address", "right"),
    [
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("2001:db8:1::1", True),
        ("2001:db9::1", False),
        ("203.0.113.5", True),
        ("", False),
    ],
)
def test_an_address_is_in_one_of_the_networks_or_not(address: str, right: bool) -> None:
    assert within(address, networks(["192.0.2.0/24", "2001:db8::/32", "203.0.113.5"])) is right


@pytest.mark.parametrize("text", ["192.0.2.1/24", "contoso", "", "192.0.2.0/33"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text or "''"):
        networks(["198.51.100.0/24", text])
