"""`leadsync spool`: whose leads wait on this machine's disk, and what a person does about them. Redis is away."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leadcore.machine import Machine
from leadsync.cli import cli
from receiver.intake.spool import Spool
from tests.conftest import own_port

OWNER = "00000000000000d1"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "REDIS_URL": f"redis://127.0.0.1:{own_port()}/0",
        "SPOOL_DIR": str(tmp_path / "spool"),
        "COLUMNS": "200",
    }


@pytest.fixture
def other(environ: dict[str, str]) -> Iterator[Spool]:
    """The spool of another deployment, with two leads in it."""
    with closing(Spool(Path(environ["SPOOL_DIR"]), Machine(), "another-address")) as spool:
        spool.use_dataset(OWNER)
        for received_ms in (1_700_000_000_000, 1_700_000_060_000):
            spool.put(b"said by somebody", received_ms)
        yield spool


def call(environ: dict[str, str], *words: str, answer: str = "") -> Result:
    return CliRunner().invoke(cli, ["spool", *words], env=environ, input=answer)


def test_an_empty_spool_is_shown_and_not_created(environ: dict[str, str]) -> None:
    done = call(environ, "list")
    assert (done.exit_code, "No lead waits in" in done.stdout) == (0, True)
    assert not Path(environ["SPOOL_DIR"]).exists()


def test_the_list_names_owner_number_and_times_and_never_what_was_said(environ: dict[str, str], other: Spool) -> None:
    done = call(environ, "list")
    assert done.exit_code == 0
    for shown in (OWNER, "2", "2023-11-15 05:13:20", "2023-11-15 05:14:20", "spool adopt OWNER"):
        assert shown in done.stdout
    assert "said by" not in done.stdout
    [owner] = json.loads(call(environ, "list", "--json").stdout)["owners"]
    assert (owner["owner"], owner["leads"], owner["is_ours"]) == (OWNER, 2, False)


@pytest.mark.parametrize("command", ["adopt", "discard"])
def test_nothing_is_done_without_a_yes(environ: dict[str, str], other: Spool, command: str) -> None:
    assert call(environ, command, OWNER, answer="n\n").exit_code == 1
    assert other.count() == 2


def test_adopted_leads_are_this_deployments(environ: dict[str, str], other: Spool) -> None:
    done = call(environ, "adopt", OWNER, answer="y\n")
    assert (done.exit_code, "2 leads adopted" in done.stdout) == (0, True)
    assert other.count() == 0
    [owner] = json.loads(call(environ, "list", "--json").stdout)["owners"]
    assert (owner["leads"], owner["is_ours"]) == (2, True)
    again = call(environ, "adopt", owner["owner"], "--yes")
    assert (again.exit_code, "own" in again.stderr) == (1, True)


def test_discarded_leads_are_gone(environ: dict[str, str], other: Spool) -> None:
    assert call(environ, "discard", OWNER, "--yes").exit_code == 0
    assert other.count() == 0
    files = Path(environ["SPOOL_DIR"]).iterdir()
    assert b"said by" not in b"".join(file.read_bytes() for file in files)


def test_an_owner_without_leads_is_named_as_such(environ: dict[str, str], other: Spool) -> None:
    done = call(environ, "adopt", "nobody", "--yes")
    assert (done.exit_code, done.stderr) == (
        1,
        "leadsync: This owner has no leads here. See: leadsync spool list\n",
    )


def test_a_file_that_cannot_be_read_is_one_line(environ: dict[str, str]) -> None:
    (Path(environ["SPOOL_DIR"]) / "spool.db").mkdir(parents=True)
    done = call(environ, "list")
    assert (done.exit_code, done.stderr.count("\n"), "Check SPOOL_DIR" in done.stderr) == (1, 1, True)
    assert "directory" in done.stderr
