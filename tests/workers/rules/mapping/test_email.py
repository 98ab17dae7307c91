import re

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.mapping.email import ignored, parse


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Somchai.J@example.com", "somchai.j@example.com"),
        ("wang@example.cn", "wang@example.cn"),
        ("mj@example.co.uk", "mj@example.co.uk"),
        ("test@test.com", "test@test.com"),
        ("  a_b+tag@mail.example.org ", "a_b+tag@mail.example.org"),
        ("o'connor@example.travel", "o'connor@example.travel"),
        ("ＷＡＮＧ＠ｅｘａｍｐｌｅ．ｃｎ", "wang@example.cn"),
        ("wang＠example。cn", "wang@example.cn"),
        ("a__b@example.com", "a__b@example.com"),
        ("a@example.com.", "a@example.com"),
        ("a@example.com,", "a@example.com"),
        ("a@example.com ，", "a@example.com"),
        ("a@example.com。", "a@example.com"),
        ("a@ไทย.com", "a@xn--o3cw4h.com"),
    ],
)
def test_an_address_is_corrected_and_lowercased(text: str, email: str) -> None:
    assert parse(text) == (email, "")


@pytest.mark.parametrize(
    "text",
    [
        "somchai(at)gmail..com",
        "somchai@gmail",
        "somchai@gmail,com",
        "somchai @gmail.com",
        "somchai@gmail.com somsri@gmail.com",
        "a@example.com,b@example.com",
        "mailto:a@example.com",
        "Somchai <a@example.com>",
        "อีเมลa@example.com",
        "a@printer.local",
        "a@localhost",
        "a@[127.0.0.1]",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "a@-example.com",
        "a@ex--ample.com-",
        "ไม่มี",
        "@somchai",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a" * 5000,
    ],
)
def test_what_is_not_one_address_is_given_back_as_it_came(text: str) -> None:
    assert parse(text) == ("", text)


@pytest.mark.parametrize("text", ["", " "])
def test_a_blank_is_nothing_and_nothing_to_keep(text: str) -> None:
    assert parse(text) == ("", "")


LABEL = st.text("abcxyz019-", min_size=1, max_size=40)
ADDRESS = st.builds(
    "{}@{}.{}".format,
    st.text("abcxyzABC019._+-", min_size=1, max_size=70),
    st.lists(LABEL, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["com", "co.th", "th", "net", "cn", "test", "local", "c", "museum"]),
)


@given(ADDRESS)
def test_the_cheap_path_says_what_the_library_says(text: str) -> None:
    try:
        expected = validate_email(
            text.lower(), check_deliverability=False, allow_smtputf8=False, strict=True
        ).normalized
    except EmailNotValidError:
        expected = ""
    assert parse(text)[0] == expected


@given(st.text() | ADDRESS | st.text("aB1.@-ＡＢ。，ไทย,", max_size=20))
def test_any_text_gives_a_checked_address_or_is_kept(text: str) -> None:
    found, kept = parse(text)
    assert kept in ("", text, text.strip())
    assert not (found and kept)
    if found:
        assert re.fullmatch(r"[!-?A-~]+@[a-z0-9.-]+\.[a-z0-9-]+", found)
        assert parse(found) == (found, "")


@pytest.mark.parametrize(
    ("email", "patterns", "answer"),
    [
        ("test@test.com", ("test@test.com",), True),
        ("Test@Test.com", ("TEST@test.com",), True),
        ("anybody@shop.co.th", ("a@b.com", "@Shop.co.th"), True),
        ("anybody@mail.shop.co.th", ("@shop.co.th",), False),
        ("anybody@myshop.co.th", ("@shop.co.th", "shop.co.th"), False),
        ("best@test.com", ("test@test.com",), False),
        ("a@b.com", (), False),
        ("a@b.com", ("", " "), False),
        ("", ("", "@"), False),
        ("a@b.com", ("@",), False),
    ],
)
def test_ignored_addresses_and_domains(email: str, patterns: tuple[str, ...], answer: bool) -> None:
    assert ignored(email, patterns) is answer


@given(st.text(), st.lists(st.text()).map(tuple))
def test_any_text_is_ignored_once_it_is_a_pattern(email: str, patterns: tuple[str, ...]) -> None:
    assert ignored(email, (*patterns, email)) or not email.strip() or email != email.strip()
