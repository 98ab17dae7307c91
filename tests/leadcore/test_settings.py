import subprocess
import sys
from pathlib import Path

import pytest

from leadcore.errors import ConfigError, SettingsError
from leadcore.settings import (
    PaymentSettings,
    find_platform,
    list_weaknesses,
    read,
    read_promptpay_id,
    read_public_url,
    read_receiver,
    split_secrets,
)
from tests.conftest import ROOT

ONE, TWO = "one-secret-of-16", "another-secret-of-24-chr"
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
        ("DRY_RUN", "maybe"),
        ("REDIS_URL", "redis://cache:port"),
        ("REDIS_URL", "redis://cache:0"),
        ("REDIS_URL", "redis://cache:70000"),
        ("REDIS_URL", "redis://[::1"),
        ("REDIS_URL", "redis://:pa#ss@cache:6379/0"),
        ("REDIS_URL", "redis://:pa/ss@cache:6379/0"),
        ("REDIS_URL", "redis://:123/4@cache:6379/0"),
        ("REDIS_URL", "redis://user:12?3@cache:6379/0"),
        ("REDIS_URL", "redis://cache:6379/first"),
        ("REDIS_URL", "redis://cache:6379/0?family=0"),
        ("REDIS_URL", "redis://cache:6379/0?decode_responses=1"),
        ("REDIS_URL", "redis://cache:6379?db=first"),
        ("REDIS_URL", "rediss://cache:6379/0?ssl_cert_reqs=some"),
        ("METRICS_TOKEN", "กุญแจ"),
        ("METRICS_TOKEN", "two\nlines"),
        ("METRICS_TOKEN", "nul\x00"),
        ("METRICS_TOKEN", "x" * 5000),
        ("CONSOLE_PASSWORD", "from-a-file\n"),
        ("CONSOLE_PASSWORD", "bell\x07"),
        ("CONSOLE_PASSWORD", "c1\x85"),
        ("CONSOLE_PASSWORD", "not utf-8 \udcff"),
        ("CONSOLE_PASSWORD", "x" * 5000),
        ("DEALDROID_SECRET", "not utf-8 \udcff"),
        ("LEADSYNC_KEY", "not utf-8 \udcff"),
        ("METRICS_TOKEN", "not utf-8 \udcff"),
        ("HOST", "not utf-8 \udcff"),
    ],
)
def test_an_unusable_value_stops_the_start_and_names_the_variable(name: str, value: str) -> None:
    given = {**GOOD, name: value}
    if name == "ALLOW_UNAUTHENTICATED":
        del given["DEALDROID_SECRET"]
    with pytest.raises(SettingsError, match=name) as caught:
        read_receiver(given)
    assert "\n" not in str(caught.value)
    if name in ("REDIS_URL", "METRICS_TOKEN", "CONSOLE_PASSWORD", "DEALDROID_SECRET", "LEADSYNC_KEY"):
        assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "rediss://user:p%40ss%2Fword%23@cache.example:6380/3"),
        ("REDIS_URL", "redis://:secret@[::1]:6379/"),
        ("REDIS_URL", "redis:///2"),
        ("REDIS_URL", "rediss://cache:6379?ssl_cert_reqs=none&db=1"),
        ("METRICS_TOKEN", "a-Z0.9~+/=!"),
        ("METRICS_TOKEN", "two words"),
        ("CONSOLE_PASSWORD", " รหัสผ่าน: with blanks and : "),
        ("DEALDROID_SECRET", "กุญแจ"),
    ],
)
def test_an_unusual_value_that_works_is_taken(name: str, value: str) -> None:
    given = read_receiver({**GOOD, name: value})
    values = {
        "REDIS_URL": given.shared.redis_url,
        "METRICS_TOKEN": given.metrics_token,
        "CONSOLE_PASSWORD": given.console_password,
        "DEALDROID_SECRET": given.secrets[0],
    }
    assert values[name] == value


def test_the_messages_token_is_off_unless_set_and_weak_if_it_is_short() -> None:
    assert read_receiver(GOOD).messages_token == ""
    given = read_receiver({**GOOD, "MESSAGES_TOKEN": " short\n"})
    assert given.messages_token == "short"
    assert any(one.startswith("MESSAGES_TOKEN is shorter") for one in list_weaknesses(given))
    assert "short" not in repr(given)


def test_a_line_break_after_a_token_is_no_part_of_it() -> None:
    assert read_receiver({**GOOD, "METRICS_TOKEN": " token\n"}).metrics_token == "token"


@pytest.mark.parametrize(
    ("environ", "host"),
    [
        ({}, "127.0.0.1"),
        ({"PORT": "5000"}, "127.0.0.1"),
        ({"PORT": "5000", "DYNO": "web.1"}, "0.0.0.0"),  # noqa: S104 - what a platform needs
        ({"HOST": " [::1] ", "DYNO": "web.1"}, "[::1]"),
        ({"HOST": "0.0.0.0"}, "0.0.0.0"),  # noqa: S104 - what is asked for
    ],
)
def test_a_port_alone_opens_nothing_to_the_network(environ: dict[str, str], host: str) -> None:
    assert read({"REDIS_URL": "redis://cache", **environ}).host == host


def test_a_railway_token_on_a_laptop_is_no_hosting_platform() -> None:
    assert find_platform({"RAILWAY_TOKEN": "x", "RAILWAY_API_TOKEN": "x", "DYNO": ""}) == ""
    assert find_platform({"RAILWAY_TOKEN": "x", "RAILWAY_PUBLIC_DOMAIN": "x"}) == "RAILWAY_PUBLIC_DOMAIN"


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"DEALDROID_SECRET": "x" * 32, "CONSOLE_PASSWORD": "x" * 16, "METRICS_TOKEN": "x" * 16}, []),
        ({"DEALDROID_SECRET": "x" * 32}, []),
        ({"DEALDROID_SECRET": "x" * 31}, ["DEALDROID_SECRET"]),
        ({"DEALDROID_SECRET": "x" * 40 + ",short"}, ["DEALDROID_SECRET"]),
        ({"DEALDROID_SECRET": "x" * 32, "CONSOLE_PASSWORD": "x" * 15}, ["CONSOLE_PASSWORD"]),
        ({"DEALDROID_SECRET": "x" * 32, "METRICS_TOKEN": "x"}, ["METRICS_TOKEN"]),
        ({"DEALDROID_SECRET": "x" * 32, "LEADSYNC_KEY": "x"}, ["LEADSYNC_KEY"]),
        ({"ALLOW_UNAUTHENTICATED": "1"}, ["ALLOW_UNAUTHENTICATED"]),
        ({"ALLOW_UNAUTHENTICATED": "1", "DEALDROID_SECRET": "x" * 32}, []),
    ],
)
def test_what_protects_little_is_named_and_its_value_is_not(environ: dict[str, str], names: list[str]) -> None:
    found = list_weaknesses(read_receiver(environ))
    assert [weakness.split()[0] for weakness in found] == names
    assert "xx" not in "".join(found)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://user:hidden@cache.example:6380/3?password=hidden", "redis://cache.example:6380/3"),
        ("rediss://:hidden@[::1]:6379", "rediss://[::1]:6379"),
        ("redis://:hidden%40hidden@cache/0", "redis://cache/0"),
    ],
)
def test_the_address_of_redis_is_shown_without_password(url: str, address: str) -> None:
    assert read({"REDIS_URL": url}).redis_address == address


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
        (f"{ONE},{TWO}", (ONE, TWO, f"{ONE},{TWO}")),
        (f" {ONE} , {TWO} ", (ONE, TWO, f"{ONE} , {TWO}")),
        (f"{ONE},,{TWO}", (ONE, TWO, f"{ONE},,{TWO}")),
        (f"{ONE},{ONE}", (ONE, f"{ONE},{ONE}")),
        ("one,", ("one", "one,")),
        ("กุญแจ", ("กุญแจ",)),
        ("", ()),
        (" , ", ()),
    ],
)
def test_secrets_are_separated_by_commas_and_the_whole_value_is_tried_too(value: str, secrets: tuple[str, ...]) -> None:
    assert split_secrets(value) == secrets


@pytest.mark.parametrize(
    "value", ["one,two", f"{ONE},short", f"s3cret,{ONE}", f"{ONE},{TWO},{'x' * 15}", " one , two "]
)
def test_where_a_part_is_short_only_the_whole_counts(value: str) -> None:
    """It may be one secret with a comma in it, and a part of that could be guessed."""
    assert split_secrets(value) == (value.strip(),)
    assert any("one secret" in each for each in list_weaknesses(read_receiver({**GOOD, "DEALDROID_SECRET": value})))


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


RELEASE = {"DEALDROID_SECRET": "x", "HUBSPOT_ACCESS_TOKEN": "x"}


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
        # A release fails then, so that the platform keeps the one before, which takes leads.
        ("setup --release", {"DEALDROID_SECRET": "x", "LEADSYNC_TIMEZONE": "Asia/Bankok"}, "LEADSYNC_TIMEZONE must be"),
        ("setup --release", {"DEALDROID_SECRET": "x", "REDIS_URL": "leads.example.com"}, "REDIS_URL must"),
        ("setup --release", {**RELEASE, "ALERT_WEBHOOK_URL": "example.com"}, "ALERT_WEBHOOK_URL must"),
        ("setup --release", {**RELEASE, "LEADSYNC_CONFIG": "wrong.toml"}, "wrong.toml: line 3"),
    ],
)
@pytest.mark.processes
def test_each_process_reports_a_mistake_in_one_line(
    tmp_path: Path, command: str, environ: dict[str, str], words: str
) -> None:
    (tmp_path / "wrong.toml").write_text("[crm]\ncountry = 'TH'\nprovince_language = 'fr'\n")
    done = subprocess.run(
        [sys.executable, "-m", "leadsync", *command.split()],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert words in done.stderr


def test_orders_need_a_key_that_outlives_redis(tmp_path: Path) -> None:
    file = tmp_path / "leadsync.toml"
    file.write_text("[orders]\n")
    env = {"LEADSYNC_CONFIG": str(file)}
    for key in ({}, {"LEADSYNC_KEY": ""}, {"LEADSYNC_KEY": "  "}):
        with pytest.raises(SettingsError, match=r"^LEADSYNC_KEY is not set, and \[orders\] needs it[^\n]*$"):
            read(env | key)
    assert read(env | {"LEADSYNC_KEY": "k" * 32}).config.orders
    file.write_text("[notes]\nintents = ['*']\n")
    assert read(env).key == ""


def with_config(folder: Path, source: str, **environ: str) -> dict[str, str]:
    file = folder / "leadsync.toml"
    file.write_text(source, encoding="utf-8")
    return {**GOOD, "LEADSYNC_CONFIG": str(file), **environ}


@pytest.mark.parametrize("source", ["[payment]", 'intents."A".reply = ["{{ order_ref }}"]'])
def test_references_and_links_need_a_key_of_the_environment(tmp_path: Path, source: str) -> None:
    with pytest.raises(SettingsError, match="LEADSYNC_KEY is not set"):
        read(with_config(tmp_path, source))
    with pytest.raises(SettingsError, match="LEADSYNC_KEY is not set"):
        read(with_config(tmp_path, source, LEADSYNC_KEY=" \n"))
    assert read(with_config(tmp_path, source, LEADSYNC_KEY="k" * 32)).key == "k" * 32


def test_without_a_table_nothing_of_payments_is_looked_at() -> None:
    given = read_receiver({**GOOD, "PROMPTPAY_ID": "nonsense", "PUBLIC_URL": "nonsense"})
    assert given.payment == PaymentSettings()
    assert given.messages_token == ""


@pytest.mark.parametrize(
    ("given", "digits"),
    [
        ("0812345678", "0812345678"),
        (" 081-234 5678\n", "0812345678"),
        ("0612345678", "0612345678"),
        ("0912345678", "0912345678"),
        ("1-2345-67890-12-1", "1234567890121"),
        ("004999000288505", "004999000288505"),
    ],
)
def test_a_promptpay_id_is_a_phone_a_tax_id_or_a_wallet(given: str, digits: str) -> None:
    assert read_promptpay_id(given) == digits


@pytest.mark.parametrize(
    "given",
    [
        "", "812345678", "0212345678", "0712345678", "08123456789", "66812345678", "+66812345678", "1234567890122",
        "12345678901234", "1234567890123456", "๐๘๑๒๓๔๕๖๗๘", "0812345678x",
    ],
)  # fmt: skip
def test_any_other_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(SettingsError, match="PROMPTPAY_ID") as refused:
        read_promptpay_id(given)
    assert not given or given not in str(refused.value)


@pytest.mark.parametrize("digit", range(10))
def test_one_check_digit_of_ten_is_right(digit: int) -> None:
    """Of 1234567890121 by the rule of Thai national ids: 1*13 + 2*12 + ... + 2*2 = 352; 11 - 352 % 11 = 11; its last
    digit is 1."""
    if digit == 1:
        assert read_promptpay_id(f"123456789012{digit}")
    else:
        with pytest.raises(SettingsError, match="check digit"):
            read_promptpay_id(f"123456789012{digit}")


@pytest.mark.parametrize(
    ("value", "url"),
    [("", ""), ("https://shop.example.com/", "https://shop.example.com"), ("http://127.0.0.1:8000/x/", "http://127.0.0.1:8000/x")],
)  # fmt: skip
def test_the_public_address_ends_without_a_slash(value: str, url: str) -> None:
    assert read_public_url({"PUBLIC_URL": value}) == url


@pytest.mark.parametrize(
    "value",
    ["shop.example.com", "ftp://x", "https://", "https://a?b=c", "https://a#b", "https://user:pw@a", "https://ร้าน"],
)
def test_any_other_public_address_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        read_public_url({"PUBLIC_URL": value})


@pytest.mark.parametrize("missing", ["STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"])
def test_stripe_needs_its_key_and_its_secret(tmp_path: Path, missing: str) -> None:
    keys = {"LEADSYNC_KEY": "k" * 32, "STRIPE_API_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1\n"}
    env = with_config(tmp_path, '[payment]\nprovider = "stripe"', **keys)
    found = read_receiver(env).payment
    assert (found.stripe_key, found.stripe_webhook_secret) == ("sk_test_1", "whsec_1")
    assert found.stripe_url == "https://api.stripe.com"
    assert "sk_test_1" not in repr(found)
    with pytest.raises(SettingsError, match=f"{missing} is not set"):
        read_receiver({**env, missing: " "})
