import pytest

from leadcore.errors import SettingsError
from workers.settings import read_worker

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
