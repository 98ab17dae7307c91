import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.ports import PortReservations
from tests.conftest import ROOT, own_port

OTHER = """
import sys
from pathlib import Path
from sandbox.ports import PortReservations
with PortReservations(Path(sys.argv[1])) as ports:
    print(ports.take(int(sys.argv[2])), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[PortReservations]:
    with PortReservations(tmp_path / "ports.lock") as opened:
        yield opened


def test_a_port_that_another_run_has_chosen_and_not_opened_yet_is_not_free(
    ports: PortReservations, tmp_path: Path, processes: None
) -> None:
    port = own_port()
    command = [sys.executable, "-c", OTHER, str(tmp_path / "ports.lock"), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "True\n"
        assert not ports.take(port)
    assert ports.take(port)


def test_a_port_that_a_program_listens_on_is_not_free(ports: PortReservations) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not ports.take(taken.getsockname()[1])


def test_without_a_place_for_locks_a_port_is_looked_at(tmp_path: Path) -> None:
    with (
        PortReservations(tmp_path / "missing" / "ports.lock") as ports,
        socket.create_server(("127.0.0.1", 0)) as taken,
    ):
        assert (ports.take(own_port()), ports.take(taken.getsockname()[1])) == (True, False)
