"""Which addresses are of the public internet."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from modelops.rag.reading.addresses import is_public, resolve
from modelops.rag.reading.reasons import NotRead


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
    ],
)
def test_what_is_inside_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_what_is_outside_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "::1"])
def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(NotRead) as caught:
        resolve(host, 80, allow_private=False)
    assert caught.value.reason in ("private_address", "unreachable")


def test_a_host_that_does_not_exist_is_named() -> None:
    with pytest.raises(NotRead) as caught:
        resolve("nowhere.invalid", 80, allow_private=True)
    assert caught.value.reason == "unreachable"
