import socket
import ssl
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import redis as client

from leadcore.settings import read
from leadcore.store.connection import AWAY, connect, describe_error, digest_address
from tests.conftest import ROOT
from tests.libraries import exceptions_of

PEM = ROOT / "tests/workers/flow/localhost.pem"

# Of clients for a cluster, and of pipelines there; the clients of this project are for one server.
OF_CLUSTERS = {
    "CrossSlotTransactionError",
    "IncorrectPolicyType",
    "InvalidPipelineStack",
    "RedisClusterException",
    "SlotNotCoveredError",
}


@pytest.mark.parametrize("kind", exceptions_of(client.exceptions), ids=lambda kind: kind.__name__)
def test_each_error_of_the_client_means_that_redis_is_away(kind: type[Exception]) -> None:
    assert issubclass(kind, AWAY) is (kind.__name__ not in OF_CLUSTERS)


def test_a_certificate_that_is_not_trusted_is_named() -> None:
    """Otherwise it looks like a Redis that does not run."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: context.wrap_socket(listener.accept()[0], server_side=True))
        url = f"rediss://127.0.0.1:{listener.getsockname()[1]}"
        with closing(connect(read({"REDIS_URL": url}))) as redis, pytest.raises(client.ConnectionError) as raised:
            redis.ping()
    assert describe_error(raised.value) == "ConnectionError (CERTIFICATE_VERIFY_FAILED)"


def test_the_text_of_an_error_is_not_told() -> None:
    said = client.ResponseError("MISCONF Redis is configured ... script: user_script:1: 'Nok Jaidee'")
    assert describe_error(said) == "ResponseError (MISCONF)"
    assert describe_error(client.ResponseError("WRONGTYPE Nok Jaidee")) == "ResponseError"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can")
@pytest.mark.parametrize("at_most", [None, 2])
def test_what_was_given_up_is_not_delivered_once_the_network_is_back(databases: Iterator[str], at_most: int) -> None:
    """A put that arrives minutes later would be a new word; see `tests/e2e/test_machines.py`."""
    with closing(connect(read({"REDIS_URL": next(databases)}), 0.4, at_most=at_most)) as redis:
        connection = redis.connection_pool.get_connection()
        assert connection._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 400
        assert connection._sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_threads_wait_for_one_of_a_limited_number_of_connections(databases: Iterator[str]) -> None:
    """A hosted Redis refuses more than its plan allows, and a drain has twenty calls in flight."""
    url = next(databases)
    with (
        closing(connect(read({"REDIS_URL": url}), at_most=3)) as shared,
        closing(client.Redis.from_url(url)) as other,
        ThreadPoolExecutor(12) as pool,
    ):
        waited = list(pool.map(lambda _: shared.blpop("nothing", 0.1), range(12)))
        ours = [each for each in other.client_list() if each["db"] == url.rpartition("/")[2]]
    assert waited == [None] * 12
    assert len(ours) == 3 + 1


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("redis://cache:6379/0", "redis://:secret@CACHE", True),
        ("redis://cache/0", "redis://default:secret@cache/", True),
        ("redis://cache/0", "rediss://cache:6379/0", True),
        ("redis://cache/0", "redis://cache/1", False),
        ("redis://cache/1", "redis://cache/?db=1", True),
        ("redis://cache/0", "redis://cache:6380/0", False),
        ("redis://cache/0", "redis://cash/0", False),
        ("redis://anna:x@cache/0", "redis://bob:x@cache/0", False),
        ("redis://anna:x@cache/0", "redis://anna:y@cache/0", True),
    ],
)
def test_an_address_is_host_port_database_and_user(one: str, other: str, is_same: bool) -> None:
    first, second = (digest_address(connect(read({"REDIS_URL": url}))) for url in (one, other))
    assert (first == second) is is_same
    assert len(first) == 16
