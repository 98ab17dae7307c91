import subprocess
import sys
from pathlib import Path

import pytest

from leadcore.config import ConfigError
from leadcore.settings import SettingsError, read, read_receiver, split_secrets
from tests.conftest import ROOT

GOOD = {"DEALDROID_SECRET": "key", "HOME": "/nonexistent"}


def test_the_defaults_are_those_of_the_table() -> None:
    given = read_receiver(GOOD)
    shared = given.shared
    assert (shared.redis_url, shared.redis_tls_verify, shared.hosted) == ("redis://localhost:6379/0", True, False)
    assert (str(shared.timezone), shared.port, shared.key, shared.log_level) == ("Asia/Bangkok", 8000, "", "INFO")
    assert (given.secrets, given.console_password, given.metrics_token) == (("key",), "", "")
    assert given.trusted_proxies == 0


@pytest.mark.parametrize("platform", ["DYNO", "RENDER", "RAILWAY_ENVIRONMENT", "RAILWAY_PROJECT_ID"])
def test_on_a_hosting_platform_redis_url_is_required_and_one_proxy_is_trusted(platform: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL"):
        read({platform: "1"})
    given = read_receiver({**GOOD, platform: "1", "REDIS_URL": "rediss://cache:6380"})
    assert (given.trusted_proxies, given.shared.hosted) == (1, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "http://localhost"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_TLS_VERIFY", "maybe"),
        ("LEADSYNC_TIMEZONE", "Bangkok"),
        ("LEADSYNC_TIMEZONE", "../etc/passwd"),
        ("LEADSYNC_TIMEZONE", "/etc/localtime"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "๘๐"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "1.5"),
        ("LOG_LEVEL", "LOUD"),
        ("TRUSTED_PROXIES", "many"),
        ("ALLOW_UNAUTHENTICATED", "perhaps"),
    ],
)
def test_an_unusable_value_stops_the_start_and_names_the_variable(name: str, value: str) -> None:
    given = {**GOOD, name: value}
    if name == "ALLOW_UNAUTHENTICATED":
        del given["DEALDROID_SECRET"]
    with pytest.raises(SettingsError, match=name) as caught:
        read_receiver(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "  ", ",", " , ,"])
def test_without_a_secret_the_start_fails_unless_anybody_may_post(secret: str) -> None:
    with pytest.raises(SettingsError, match=r"DEALDROID_SECRET.*ALLOW_UNAUTHENTICATED"):
        read_receiver({"DEALDROID_SECRET": secret})
    assert read_receiver({"DEALDROID_SECRET": secret, "ALLOW_UNAUTHENTICATED": "1"}).secrets == ()


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        ("one", ("one",)),
        (" one \n", ("one",)),
        ("one,two", ("one", "two", "one,two")),
        (" one , two ", ("one", "two", "one , two")),
        ("one,,two", ("one", "two", "one,,two")),
        ("one,one", ("one", "one,one")),
        ("กุญแจ", ("กุญแจ",)),
        ("", ()),
        (" , ", ()),
    ],
)
def test_secrets_are_separated_by_commas_and_the_whole_value_is_tried_too(value: str, secrets: tuple[str, ...]) -> None:
    assert split_secrets(value) == secrets


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    given = read_receiver(
        {
            **GOOD,
            "DEALDROID_SECRET": "hide-a",
            "REDIS_URL": "redis://:hide-b@cache",
            "LEADSYNC_KEY": "hide-c",
            "CONSOLE_PASSWORD": "hide-d",
            "METRICS_TOKEN": "hide-e",
        }
    )
    assert "hide" not in repr(given)


def test_the_spool_folder_is_taken_from_the_environment_or_left_undecided(tmp_path: Path) -> None:
    assert read({"SPOOL_DIR": str(tmp_path)}).spool_dir == tmp_path
    assert read({"HOME": str(tmp_path)}).spool_dir is None


def test_a_mistake_in_the_config_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[inbox]\nshard = 4\n")
    with pytest.raises(ConfigError, match=r"own\.toml: line 2"):
        read({"LEADSYNC_CONFIG": str(file)})


@pytest.mark.parametrize(
    ("command", "environ", "words"),
    [
        ("web", {}, "DEALDROID_SECRET is not set"),
        ("web", {"DEALDROID_SECRET": "x", "PORT": "http"}, "PORT must be"),
        ("worker", {"DEALDROID_SECRET": "x"}, "HUBSPOT_ACCESS_TOKEN is not set"),
        ("all", {"DEALDROID_SECRET": "x"}, "HUBSPOT_ACCESS_TOKEN is not set"),
        ("web", {"DEALDROID_SECRET": "x", "LEADSYNC_CONFIG": "wrong.toml"}, "wrong.toml: line 3"),
    ],
)
@pytest.mark.processes
def test_each_process_reports_a_mistake_in_one_line(
    tmp_path: Path, command: str, environ: dict[str, str], words: str
) -> None:
    (tmp_path / "wrong.toml").write_text("[crm]\ncountry = 'TH'\nprovince_language = 'fr'\n")
    done = subprocess.run(
        [sys.executable, "-m", "leadsync", command],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert words in done.stderr
