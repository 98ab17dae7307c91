import re

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.mapping.email import ignored, may_be_meant, parse


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
        ("a@example.comครับผม", "a@example.com"),
        ("somchai๙๙@example.com", "somchai99@example.com"),
        ("a@example.com ฯ", "a@example.com"),
        ("a@example.comๆ", "a@example.com"),
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
        "somchai jaidee @gmail.com",
        "somchai at gmail.com",
        "som chai@example.com",
        "Som chai@example.com",
        "somchai jaidee 99@example.com",
        "som  chai@example.com ค่ะ",
        "my shop@example.com",
        "the boss@example.com",
        "it support@example.com",
        "som. chai @example.com",
        "a@example. Thanks",
        "somchai@gmail.com somsri@gmail.com",
        "a@example.com,b@example.com",
        "a@example.com หรือ b@example.com",
        "a@example.comค่ะb@example.com",
        "สมชาย@example.com",
        "สมชาย@ไทย.คอม",
        "josé@example.com",
        "аnna@example.com",
        "a@example.соm",
        "a@exampleс.com",
        "a@example.com/b@example.com",
        "a@example.comé",
        "a@example.ค่ะ",
        "a@b@example.com",
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


@pytest.mark.parametrize(
    "text",
    [
        "a@example.comค่ะ",
        "a@example.com ค่ะ",
        "a@example.com.ค่ะ",
        "Email: A@Example.com",
        "E-mail a@example.com ครับ",
        "Gmail a@example.com",
        "E: a@example.com",
        "Somchai Jaidee <a@example.com>;",
        "อีเมลa@example.com",
        "อีเมล์ : a@example.com",
        "邮箱：a@example.com",
        "메일a@example.com",
        "mailto:a@example.com",
        "email=a@example.com",
        '"a@example.com"',
        "'a@example.com'",
        "“a@example.com”",
        "`a@example.com`",
        "*a@example.com*",
        "<a@example.com>",
        "(a@example.com)",
        "[a@example.com];",
        "Somchai Jaidee <a@example.com>",
        '"Jaidee, Somchai" <A@example.com>',
        "a@example.com<mailto:a@example.com>",
        "A@example.com, a@example.com",
        "a@example.com!",
        "a@example.com…",
        "a@example.com😊",
        "@a@example.com",
        "a@exam\u00adple.com",
        "\u200ba@example.com\u200b",
        "a @ example . com",
        "a @example.com",
        "a@example .com",
        "a@example. com",
        "a(at)example.com",
        "a [at] example [dot] com",
    ],
)
def test_the_one_address_in_a_text_that_says_no_more_is_taken_out(text: str) -> None:
    assert parse(text) == ("a@example.com", "")


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("somchai @gmail.com", "somchai@gmail.com"),
        ("somchai@ gmail.com", "somchai@gmail.com"),
        ("somchai @ hotmail . com", "somchai@hotmail.com"),
        ("somchai@yahoo .co .th", "somchai@yahoo.co.th"),
        ("อีเมล somchai @outlook.com", "somchai@outlook.com"),
        ("Gmail: somchai @gmail.com", "somchai@gmail.com"),
        ("icloud @example.com", "icloud@example.com"),
    ],
)
def test_a_provider_within_an_address_that_has_blanks_in_it_is_no_label(text: str, email: str) -> None:
    assert parse(text) == (email, "")


@pytest.mark.parametrize(
    "text",
    [
        "สมหญิงa@example.com",
        "我的邮箱是a@example.com谢谢",
        "a@example.comспасибо",
        "почтаa@example.com",
        "a@example.comครับ.ขอบคุณ",
        "a@example.com 0812345678",
        "a@example.com0812345678",
        "0812345678/a@example.com",
        "a@example.com (work)",
        "a@example.com. Thanks",
        "a@example.com. My",
        "a@example.com\n0812345678",
        "Line @somchai email a@example.com",
        "Somchai 0812345678 <a@example.com>",
        "Somchai Jaidee a@example.com",
        "my email is a@example.com",
        "0812345678 a@example.com",
        "https://example.com?email=a@example.com",
    ],
)
def test_a_text_that_says_more_than_its_one_address_is_kept_with_it(text: str) -> None:
    assert parse(text) == ("a@example.com", text)


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("somying@ไทย.คอม", "somying@xn--o3cw4h.xn--42c2d9a"),
        ("somying@ไทย.คอมค่ะ", "somying@xn--o3cw4h.xn--42c2d9a"),
        ("somying@xn--o3cw4h.xn--42c2d9aค่ะ", "somying@xn--o3cw4h.xn--42c2d9a"),
        ("a@ไทย.comค่ะ", "a@xn--o3cw4h.com"),
        ("a@mail.my-ไทย.com", "a@mail.xn--my--yml3c0l.com"),
        ("a@中文.中国", "a@xn--fiq228c.xn--fiqs8s"),
        ("a@münchen.de", "a@xn--mnchen-3ya.de"),
        ("ivan@пример.рф", "ivan@xn--e1afmkfd.xn--p1ai"),
        ("a@example.co.thค่ะ", "a@example.co.th"),
        ("a@gmial.com", "a@gmial.com"),
        ("a&b@example.com", "a&b@example.com"),
        ("-a@example.com", "-a@example.com"),
    ],
)
def test_a_domain_and_a_mailbox_stay_as_they_were_typed(text: str, email: str) -> None:
    """Only what cannot be a part of them is cut off: no domain is corrected, and no word becomes a domain."""
    assert parse(text) == (email, "")


def test_a_name_before_an_address_that_has_it_is_no_half_of_the_mailbox_name() -> None:
    assert parse("Ann ann.lee@example.com") == ("ann.lee@example.com", "Ann ann.lee@example.com")


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


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("somchai at gmail dot com", "somchai@gmail.com"),
        ("som dot chai at yahoo dot co dot th", "som.chai@yahoo.co.th"),
        ("somchai แอท gmail จุด com", "somchai@gmail.com"),
        ("somchai(a)gmail.com", "somchai@gmail.com"),
        ("meet us at the shop dot", ""),
    ],
)
def test_an_address_that_is_spelled_out_is_read(text: str, email: str) -> None:
    assert parse(text) == (email, "" if email else text)


@pytest.mark.parametrize("text", ["somchai@gmail.con", "somchai@gmail.comm", "kim@naver.cmo"])
def test_an_end_that_no_domain_has_is_refused_and_not_corrected(text: str) -> None:
    assert parse(text) == ("", text)


@pytest.mark.parametrize("text", ["somchai@gmail.co", "somchai@example.cm", "a@example.om"])
def test_an_end_that_is_one_may_be_meant(text: str) -> None:
    assert parse(text) == (text, "")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("somchai(at)gmail..com", True),
        ("สมชาย@ไทย.คอม", True),
        ("สมชาย แอท จีเมล ดอทคอม", True),
        ("0812345678", True),
        ("ไม่มี ใช้ไลน์", False),
        ("ใช้เบอร์แทน 0812345678", False),
        ("没有邮箱哦", False),
    ],
)
def test_words_without_a_sign_of_an_address_are_not_meant_as_one(text: str, meant: bool) -> None:
    assert may_be_meant(text) is meant
