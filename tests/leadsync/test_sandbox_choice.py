"""Which system a command means where a `leadsync run` runs in its folder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner, Result

from leadcore.local_run import DATA, FILE, announce
from leadsync.cli import cli
from leadsync.commands import exit_on_outage
from leadsync.sandbox_choice import use_local_run
from tests.conftest import Line, open_line

MADE = {
    "REDIS_URL": "redis://127.0.0.1:6399/0",
    "HUBSPOT_ACCESS_TOKEN": "sandbox",
    "HUBSPOT_BASE_URL": "http://127.0.0.1:8002",
    "DEALDROID_SECRET": "made-up",
}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands look for a run where they are started, as they do outside of the tests."""
    monkeypatch.setattr("leadsync.sandbox_choice.DATA", DATA)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with announce(tmp_path, MADE, {"DEALDROID_WEBHOOK_URL": "https://chat.example"}):
        yield tmp_path


def test_a_bare_environment_means_the_run_of_the_folder(folder: Path) -> None:
    environ = {"PATH": "/bin", "NO_PROXY": "intranet"}
    said = use_local_run(environ, folder)
    assert environ.items() >= {**MADE, "PATH": "/bin", "NO_PROXY": "intranet,127.0.0.1"}.items()
    assert "127.0.0.1:6399" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "redis://redis.example:6379/0"),
        ("HUBSPOT_ACCESS_TOKEN", "pat-of-the-real-portal"),
        ("DEALDROID_WEBHOOK_URL", "https://another.example"),
    ],
)
def test_an_environment_that_names_another_system_wins_as_a_whole(folder: Path, name: str, value: str) -> None:
    environ = {name: value}
    said = use_local_run(environ, folder)
    assert environ == {name: value}
    assert name in said
    assert value not in said


@pytest.mark.parametrize(
    "environ", [{"REDIS_URL": MADE["REDIS_URL"]}, {"DEALDROID_WEBHOOK_URL": "https://chat.example"}]
)
def test_an_environment_that_names_the_same_system_is_filled_up(folder: Path, environ: dict[str, str]) -> None:
    given = dict(environ)
    assert "is meant" in use_local_run(environ, folder)
    assert environ.items() >= {**MADE, **given}.items()


def test_other_settings_of_the_environment_stay(folder: Path) -> None:
    environ = {"DEALDROID_SECRET": "own"}
    use_local_run(environ, folder)
    assert environ["DEALDROID_SECRET"] == "own"


def test_a_hosting_platform_knows_no_local_run(folder: Path) -> None:
    environ = {"DYNO": "web.1"}
    assert (use_local_run(environ, folder), environ) == ("", {"DYNO": "web.1"})


def test_what_a_dead_run_has_left_is_said_and_not_used(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"environ": {"REDIS_URL": "redis://x"}, "given": {}}')
    (tmp_path / FILE).chmod(0o600)
    environ: dict[str, str] = {}
    assert "no longer runs" in use_local_run(environ, tmp_path)
    assert environ == {}
    assert use_local_run({"REDIS_URL": "redis://y"}, tmp_path) == ""


def test_nothing_is_said_where_nothing_runs(tmp_path: Path) -> None:
    assert use_local_run({}, tmp_path) == ""


def test_a_command_says_once_which_system_is_meant_and_works_there(
    tmp_path: Path, databases: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "")
    url = next(databases)
    with open_line(tmp_path, url) as line, announce(tmp_path / ".leadsync", {**MADE, "REDIS_URL": url}, {}):
        done = _call(line, "leads", "--json")
        assert (done.exit_code, done.stdout) == (0, "[]\n")
        assert done.stderr.count("leadsync: ") == 1
        assert "is meant" in done.stderr
        assert "is meant" not in _call(line, "leads", "--json", REDIS_URL="redis://127.0.0.1:1/0").stderr


def test_config_shows_and_checks_what_the_run_uses_and_no_secret(
    tmp_path: Path, databases: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "")
    used, own = tmp_path / "used.toml", tmp_path / "own.toml"
    used.write_text("[console]\nnames = true")
    own.write_text("[console]\nnames = false")
    url = next(databases)
    made = {**MADE, "REDIS_URL": url, "LEADSYNC_CONFIG": str(used)}
    with open_line(tmp_path, url) as line, announce(tmp_path / ".leadsync", made, {}):
        unset = {"LEADSYNC_CONFIG": ""}
        done = _call(line, "config", "show", **unset)
        assert json.loads(done.stdout)["console"]["names"] is True
        assert "is meant" in done.stderr
        assert MADE["DEALDROID_SECRET"] not in done.output
        assert _call(line, "config", "check", **unset).exit_code == 0
        used.write_text("[nonsense]")
        assert _call(line, "config", "check", **unset).exit_code != 0
        # What the terminal itself names still counts first.
        named = _call(line, "config", "show", LEADSYNC_CONFIG=str(own))
        assert json.loads(named.stdout)["console"]["names"] is False


def _call(line: Line, *words: str, **environ: str) -> Result:
    unset = dict.fromkeys(
        ("REDIS_URL", "HUBSPOT_ACCESS_TOKEN", "HUBSPOT_BASE_URL", "DEALDROID_WEBHOOK_URL", "NO_PROXY")
    )
    return CliRunner().invoke(cli, words, env={**line.environ, **unset, **environ})


def test_an_error_names_the_address_that_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["leads"], env={"REDIS_URL": "redis://user:hunter2@127.0.0.1:1/0"})
    assert "at redis://127.0.0.1:1/0" in done.stderr
    assert "hunter2" not in done.stderr


def test_where_no_address_was_named_an_error_says_that_no_run_works_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    with pytest.raises(SystemExit), exit_on_outage():
        raise redis.ConnectionError
    assert "no `leadsync run` works in this folder" in capsys.readouterr().err
