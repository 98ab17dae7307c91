import pytest

from leadcore.errors import SettingsError
from workers.settings import read_hook_secrets, read_hook_urls, read_notify_urls, read_worker

GOOD = {"HUBSPOT_ACCESS_TOKEN": "pat-test"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUBSPOT_ACCESS_TOKEN", ""),
        ("HUBSPOT_ACCESS_TOKEN", "two words"),
        ("HUBSPOT_ACCESS_TOKEN", "pat-\x07"),
        ("HUBSPOT_ACCESS_TOKEN", "โทเคน"),
        ("HUBSPOT_BASE_URL", "api.hubapi.com"),
        ("HUBSPOT_BASE_URL", "https://"),
        ("HUBSPOT_BASE_URL", "https://api hubapi.com"),
        ("HUBSPOT_BASE_URL", "https://api.hubapi.com:port"),
        ("HUBSPOT_BASE_URL", "https://[::1"),
        ("HUBSPOT_BASE_URL", "https://not-utf-8-\udcff"),
        ("DEALDROID_WEBHOOK_URL", "https:///webhook"),
        ("DEALDROID_WEBHOOK_URL", "https://ดีลดรอยด์.example/"),
        ("ALERT_WEBHOOK_URL", "https://chat.example:99999/secret"),
        ("ALERT_WEBHOOK_URL", "https://chat.example/two\nlines"),
        ("HUBSPOT_REQUESTS_PER_10S", "0"),
        ("HUBSPOT_REQUESTS_PER_DAY", "0"),
        ("HUBSPOT_API_VERSION", "v1"),
        ("HUBSPOT_API_VERSION", "2026-9"),
        ("REQUESTS_CA_BUNDLE", "/no/such/file.pem"),
    ],
)
def test_an_unusable_value_stops_the_start_and_names_the_variable_but_not_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        read_worker({**GOOD, name: value})
    assert "\n" not in str(caught.value)
    assert not value or len(value) < 3 or value not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "version"), [("", "2026-09"), ("2026-09", "2026-09"), (" 2026-03 ", "2026-03"), ("V3", "v3")]
)
def test_the_api_version_is_the_newest_unless_another_is_set(value: str, version: str) -> None:
    assert read_worker({**GOOD, "HUBSPOT_API_VERSION": value}).shared.hubspot_version == version
    assert read_worker(GOOD).shared.hubspot_version == "2026-09"


def test_what_works_is_taken() -> None:
    given = read_worker({**GOOD, "ALERT_WEBHOOK_URL": " https://chat.example:8443/a?b=c#d ", "DRY_RUN": "1"})
    assert given.alert_url == "https://chat.example:8443/a?b=c#d"
    assert given.shared.dry_run


GOOD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize("value", [GOOD_SECRET, f"{GOOD_SECRET}\n", f" {GOOD_SECRET}  whsec_{'QUJD' * 8}\n"])
def test_hook_secrets_are_taken_without_their_blanks(value: str) -> None:
    found = read_hook_secrets({"HOOK_SECRET": value}, wanted=True)
    assert found == tuple(value.split())


@pytest.mark.parametrize(
    "value",
    [
        "",
        GOOD_SECRET.removeprefix("whsec_"),
        "a-plain-secret-of-some-length",
        "whsec_" + "QUJD" * 7,
        "whsec_" + "QUJD" * 22,
        GOOD_SECRET[:-1],
        GOOD_SECRET[:-1] + "!",
        GOOD_SECRET.replace("9", "-"),
        f"{GOOD_SECRET} short",
        f"{GOOD_SECRET} whsec_{'QUJD' * 8} whsec_{'QUJE' * 8}",
    ],
)
def test_a_hook_secret_that_the_library_would_take_for_another_key_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="HOOK_SECRET") as refused:
        read_hook_secrets({"HOOK_SECRET": value}, wanted=True)
    assert "QUJD" not in str(refused.value)


def test_without_hooks_no_secret_is_needed() -> None:
    assert read_hook_secrets({}, wanted=False) == ()


@pytest.mark.parametrize("name", ["HOOK_URLS", "NOTIFY_URLS"])
def test_addresses_stand_behind_each_other(name: str) -> None:
    read = {"HOOK_URLS": read_hook_urls, "NOTIFY_URLS": read_notify_urls}[name]
    assert read({name: " https://a.example/x \n\thttps://b.example\n https://a.example/x"}) == (
        "https://a.example/x",
        "https://b.example",
    )
    assert read({}) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOOK_URLS", "ftp://secret.example"),
        ("HOOK_URLS", "https://"),
        ("HOOK_URLS", "https://a.example secret"),
        ("HOOK_URLS", " ".join(f"https://secret.example/{number}" for number in range(11))),
        ("NOTIFY_URLS", "secret"),
        ("NOTIFY_URLS", "://secret"),
    ],
)
def test_an_address_that_is_none_is_refused_and_not_quoted(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        {"HOOK_URLS": read_hook_urls, "NOTIFY_URLS": read_notify_urls}[name]({name: value})
    assert "secret" not in str(refused.value)
