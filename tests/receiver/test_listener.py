"""The port's check: sockets of this process play the other programs."""

import socket
import sys
from contextlib import ExitStack, closing, suppress

import pytest

from leadcore.errors import SettingsError
from receiver.listener import address_of, listen, share_out
from tests.conftest import has_ipv6, own_port

needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
LOOPBACKS, WILDCARDS = ("127.0.0.1", "::1"), ("0.0.0.0", "::")  # noqa: S104 - what programs do


def other_program(address: str, port: int, *, shares: bool = False) -> socket.socket:
    """A listener; `shares`: with SO_REUSEPORT, so that the system lets others open the same port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, reuse_port=shares)


@needs_ipv6
@pytest.mark.parametrize("shares", [True, False])
@pytest.mark.parametrize("there", [*LOOPBACKS, *WILDCARDS])
@pytest.mark.parametrize("here", [*LOOPBACKS, *WILDCARDS, "localhost", "[::1]"])
def test_a_port_is_taken_whatever_overlapping_address_the_other_program_listens_on(
    here: str, there: str, shares: bool
) -> None:
    port = own_port()
    with other_program(there, port, shares=shares), pytest.raises(SettingsError, match=f"PORT {port} is taken"):
        listen(here, port, 0)
    listen(here, port, 0).close()


@needs_ipv6
def test_a_program_that_takes_no_more_connections_still_has_its_port() -> None:
    with socket.create_server(("127.0.0.1", own_port()), backlog=0) as other:
        port = other.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        with pytest.raises(SettingsError, match=str(port)):
            listen("0.0.0.0", port, 0)  # noqa: S104 - what is asked for
        for one in waiting:
            one.close()


def test_a_port_whose_last_connections_are_not_forgotten_yet_is_free() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = listener.accept()
            accepted.close()  # this side closes first, and so has to remember
            with suppress(OSError):
                client.recv(1)
    listen("127.0.0.1", port, 0).close()


def test_of_two_that_start_at_once_one_gets_the_port() -> None:
    port = own_port()
    with closing(listen("127.0.0.1", port, 0)), pytest.raises(SettingsError, match="PORT"):
        listen("127.0.0.1", port, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all processes accept from one socket")
@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::", marks=needs_ipv6)])
def test_connections_are_dealt_out_evenly_and_a_second_program_is_still_refused(host: str) -> None:
    with ExitStack() as stack:
        listeners = share_out(listen(host, 0), 2)
        for one in listeners:
            stack.enter_context(one)
            one.setblocking(False)
        port = listeners[0].getsockname()[1]
        for _ in range(100):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        taken = [0, 0]
        for number, one in enumerate(listeners):
            with suppress(BlockingIOError):
                while True:
                    stack.enter_context(one.accept()[0])
                    taken[number] += 1
        assert sum(taken) == 100
        assert min(taken) > 20
        with pytest.raises(SettingsError, match="taken"):
            listen(host, port, 0)


def test_a_single_process_gets_a_socket_that_nobody_can_join() -> None:
    with closing(listen("127.0.0.1", 0)) as listener:
        assert share_out(listener, 1) == [listener]
        with pytest.raises(OSError, match="in use"):
            other_program("127.0.0.1", listener.getsockname()[1], shares=True)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://127.0.0.1:"),
        ("0.0.0.0", "http://0.0.0.0:"),  # noqa: S104 - what is asked for
        pytest.param("::1", "http://[::1]:", marks=needs_ipv6),
        pytest.param("[::1]", "http://[::1]:", marks=needs_ipv6),
    ],
)
def test_a_host_may_be_a_name_or_an_address_and_port_0_takes_any_free_one(host: str, address: str) -> None:
    with closing(listen(host, 0)) as listener:
        assert address_of(listener).startswith(address)
        assert int(address_of(listener).rpartition(":")[2]) > 0


@needs_ipv6
def test_all_addresses_of_ipv6_are_those_of_ipv4_too() -> None:
    with closing(listen("[::]", 0)) as listener:
        for address in LOOPBACKS:
            socket.create_connection((address, listener.getsockname()[1])).close()


@pytest.mark.parametrize(
    "host",
    ["no-such-host.invalid", "127.0.0.1:8000", "http://localhost", "203.0.113.9", "[::1", "a b", "." * 70, "x" * 70],
)
def test_a_host_that_is_none_of_this_machine_is_refused_in_one_line(host: str) -> None:
    with pytest.raises(SettingsError, match="HOST") as caught:
        listen(host, own_port(), 0)
    assert "\n" not in str(caught.value)
