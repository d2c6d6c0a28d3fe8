"""The webhook channel connects to the very address that was judged, and to none in a private network unasked."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from typing import Any

import httpcore2
import pytest

from console.channels import FailureCode, PermanentFailure
from console.channels.network import is_public, resolve, within
from tests.channels.conftest import Authority
from tests.channels.receiver import Receiver
from tests.channels.test_webhook import send, webhook


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
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "ff0e::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:db8::1",
        "fec0::1",
        "2001:0:0:0:0:0:80ff:fffe",
    ],
)
def test_inside_addresses_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "169.254.169.254"],
)
def test_a_private_receiver_is_refused_without_a_connection(host: str) -> None:
    channel = webhook(f"https://{host}:1/", webhook_allow_private=False)
    with pytest.raises(PermanentFailure, match="private network") as failed:
        send(channel)
    assert failed.value.code == FailureCode.SETTINGS
    assert "private network" in str(channel.problem())


def test_a_private_receiver_is_reached_where_that_is_allowed() -> None:
    with Receiver(host="::1") as receiver:
        assert send(webhook(receiver.url)).startswith("HTTP 202")
        assert receiver.posted[0].headers["host"] == f"[::1]:{receiver.port}"


Answers = list[tuple[Any, ...]]


def names(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], list[str]]) -> list[str]:
    """A name server of the test's own; returns the names it is asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> Answers:
        if host.replace(".", "").isdigit():
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer(host)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, lambda _: ["93.184.216.34", "10.0.0.5"])
    with pytest.raises(PermanentFailure, match="private network"):
        send(webhook("https://receiver.test/", webhook_allow_private=False))


def test_a_name_is_asked_for_once_and_its_address_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    """A second look-up could answer with another address than the one that was judged."""
    connected: list[str] = []
    connect = socket.create_connection

    def record(address: tuple[str, int], *parts: Any, **more: Any) -> socket.socket:
        connected.append(address[0])
        return connect(address, *parts, **more)

    with Receiver(authority.context) as receiver:
        asked = names(monkeypatch, lambda _: ["127.0.0.1"])
        monkeypatch.setattr(socket, "create_connection", record)
        channel = webhook(receiver.url, channel_ca_file=authority.file)
        send(channel, number=1)
        send(channel, number=2)
        assert asked == ["localhost"] and connected == ["127.0.0.1"]
        assert receiver.posted[0].headers["host"] == f"localhost:{receiver.port}"


def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        names(monkeypatch, lambda _: ["127.0.0.2", "127.0.0.1"])
        assert send(webhook(f"http://receiver.test:{receiver.port}/")).startswith("HTTP 202")


def test_a_name_server_that_does_not_answer_takes_no_longer_than_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow(_: str) -> list[str]:
        time.sleep(3)
        return []

    names(monkeypatch, slow)
    started = time.monotonic()
    with within(0.1), pytest.raises(httpcore2.TimeoutException):
        resolve("receiver.test", 443)
    assert time.monotonic() - started < 2


def test_a_name_that_stands_for_nothing_is_said() -> None:
    with within(5), pytest.raises(httpcore2.ConnectError):
        resolve("no-such-host.invalid", 443)
