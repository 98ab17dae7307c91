"""Values: what is kept, and that any text is either taken or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.hubspot import values
from sandbox.hubspot.values import Check, Invalid

CHECKS = [values.email, values.phone, values.number, values.date, values.moment, values.one_of(["a"], several=True)]
HINTS = st.sampled_from("0123456789-+:.TZ@ae; ٣²")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@given(text=st.one_of(st.text(), st.text(HINTS), st.integers().map(str)))
def test_any_text_is_taken_or_refused(check: Check, text: str) -> None:
    try:
        kept = check(text)
    except Invalid as refusal:
        assert refusal.code
        assert refusal.message
    else:
        assert check(kept) == kept


@pytest.mark.parametrize(
    ("check", "given", "kept"),
    [
        (values.email, "A.B+c@Example.co.TH", "a.b+c@example.co.th"),
        (values.moment, "2024-01-01T07:00:00+07:00", "2024-01-01T00:00:00.000Z"),
        (values.moment, "1704067200000", "2024-01-01T00:00:00.000Z"),
        (values.date, "1704067200000", "2024-01-01"),
        (values.number, "1230.50", "1230.50"),
        (values.one_of(["a", "b"], several=True), "a;b", "a;b"),
    ],
)
def test_good_values_are_kept_in_hubspots_form(check: Check, given: str, kept: str) -> None:
    assert check(given) == kept


def test_an_email_may_have_a_top_level_domain_in_another_script() -> None:
    values.email("somying@xn--o3cw4h.xn--42c2d9a")
