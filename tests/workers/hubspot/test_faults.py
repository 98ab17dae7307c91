"""Every error of the libraries below HubSpot's client means that the line waits, and which row of the retries."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import hubspot.crm.contacts as contacts
import hubspot.crm.properties as properties
import pytest
import urllib3.exceptions
from hubspot.crm.contacts import rest

from leadcore.machine import Machine
from tests.libraries import exceptions_of, make
from workers.flow.errors import LineDown
from workers.hubspot import client
from workers.hubspot.budget import NoBudget
from workers.hubspot.client import HubSpot
from workers.hubspot.faults import _FAULTS, FOREIGN, translate
from workers.hubspot.transport import Transport
from workers.rules.retry import RETRIES, Waits

RAISED = [one for one in exceptions_of(urllib3.exceptions) if one is not urllib3.exceptions.HTTPError]


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
def test_each_error_of_urllib3_has_a_row(kind: type[Exception]) -> None:
    assert issubclass(kind, FOREIGN)
    assert any(issubclass(kind, kinds) for kinds, _ in _FAULTS)
    assert RETRIES[translate(make(kind)).code].waits is Waits.LINE


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (urllib3.exceptions.NameResolutionError, "unreachable"),
        (urllib3.exceptions.NewConnectionError, "unreachable"),
        (urllib3.exceptions.ProxyError, "unreachable"),
        (urllib3.exceptions.ClosedPoolError, "unreachable"),
        (urllib3.exceptions.ReadTimeoutError, "timeout"),
        (urllib3.exceptions.SSLError, "tls"),
        (urllib3.exceptions.IncompleteRead, "disconnected"),
        (urllib3.exceptions.HTTPError, "disconnected"),
        (ConnectionResetError, "unreachable"),
        (TimeoutError, "unreachable"),
    ],
)
def test_an_error_stops_the_line_for_its_own_reason(kind: type[Exception], code: str) -> None:
    assert translate(make(kind)).code == code


@pytest.mark.parametrize("kind", [*RAISED, OSError], ids=lambda kind: kind.__name__)
def test_nothing_else_leaves_the_transport(kind: type[Exception]) -> None:
    crm = HubSpot("token", "http://127.0.0.1:9", NoBudget(Machine()))

    class Pool:
        def request(self, *_: Any, **__: Any) -> None:
            raise make(kind)

    transport = crm._core.api_client.rest_client
    assert isinstance(transport, Transport)
    transport.pool_manager = Pool()
    with pytest.raises(LineDown):
        crm.properties()


@pytest.mark.parametrize("package", [contacts, properties], ids=lambda package: package.__name__)
def test_only_the_replaced_transport_raises_the_clients_api_exceptions(package: Any) -> None:
    """Or the reading of an answer into the client's models, for which no call asks. Every other error of the client is
    about an argument, and so a fault of this program."""
    raised = set()
    for file in Path(package.__file__).parent.rglob("*.py"):
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.FunctionDef) and "deserialize" not in function.name and file.name != "rest.py":
                raised |= {ast.unparse(node.exc.func) for node in ast.walk(function) if is_raised(node)}
    assert raised <= {"ApiTypeError", "ApiValueError", "ApiAttributeError", "ApiKeyError", "ValueError", "TypeError"}
    assert Transport.request is not rest.RESTClientObject.request
    calls = [ast.unparse(node) for node in ast.walk(ast.parse(inspect.getsource(client))) if isinstance(node, ast.Call)]
    typed = [one for one in calls if re.match(r"self\._(batch|basic|search|core|groups)\.(?!api_client)", one)]
    assert typed
    assert all("_preload_content=False" in one for one in typed)


def is_raised(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
