"""The payment pages over real HTTP."""

import re
from collections.abc import Callable
from decimal import Decimal
from string import Formatter
from urllib.parse import parse_qs, urlsplit

import pytest

from leadcore.config import Payment
from leadcore.event import encode, receive
from leadcore.machine import Machine
from leadcore.orders.reference import order_ref
from leadcore.store import keys
from leadcore.store.orders import CHECKING_MS
from receiver.pay.promptpay import draw, make_payload
from receiver.pay.texts import TEXTS, write_amount
from receiver.pay.views import OPENED_BY_SENDER, OPENED_PER_LINK, _count
from receiver.throttle import Throttle
from tests.conftest import Line, eventually, lead, own_port
from tests.receiver.pay.conftest import KEY, PAYEE, PUBLIC, Desk, Stripe

CART = {
    "products": [{"name": "Dog food", "price": 600, "count": 2, "total": 1200, "available": True}],
    "shippingFee": "50.50",
    "grandTotal": "1,250.50",
}


def test_all_words_are_there_in_both_languages() -> None:
    assert TEXTS["th"].keys() == TEXTS["en"].keys()
    for name, text in TEXTS["en"].items():
        of_both = [{field for _, field, _, _ in Formatter().parse(one) if field} for one in (text, TEXTS["th"][name])]
        assert of_both[0] == of_both[1], name
        assert re.search("[฀-๿]", TEXTS["th"][name])


def test_the_reply_leads_to_the_page_of_its_order(promptpay: Desk) -> None:
    answer = promptpay.line.post(lead("c", "Purchase", shopping_cart=CART, payment_method="bank_transfer"))
    [text] = answer.json()
    found = re.fullmatch(r"Thank you! (\w{8})\nPay: https://shop\.example\.com/pay/(\S+)", text)
    assert found
    page = promptpay.open(found[2])
    assert (page.status_code, found[1] in page.text, "1,250.50 THB" in page.text) == (200, True, True)


def test_the_reference_is_that_of_customer_and_lead(promptpay: Desk) -> None:
    """By which the workers know the order, however often the event comes."""
    said = lead("c", "Purchase", shopping_cart=CART)
    replies = {promptpay.line.post(said).json()[0].split("\n")[0] for _ in range(2)}
    [receipt] = promptpay.line.receipts("c")
    assert replies == {f"Thank you! {order_ref(KEY.encode(), 'c', receipt.lead)}"}


def test_while_redis_is_away_the_reply_has_its_reference_and_its_link(start_desk: Callable[..., Desk]) -> None:
    away = f"redis://127.0.0.1:{own_port()}/0"
    desk = start_desk(Payment(), {"PROMPTPAY_ID": PAYEE, "REDIS_URL": away})
    said = lead("c", "Purchase", shopping_cart=CART)
    head = receive(encode(said), bool)
    reference = order_ref(KEY.encode(), "c", keys.digest(KEY.encode(), head.body))
    [text] = desk.line.post(said).json()
    assert text.startswith(f"Thank you! {reference}\nPay: {PUBLIC}/pay/{reference}-125050-THB-")
    page = desk.open(text.rpartition("/")[2])
    assert (page.status_code, "<svg" in page.text) == (503, False)


def test_the_reply_of_an_order_that_is_paid_on_delivery_has_no_link(promptpay: Desk) -> None:
    answer = promptpay.line.post(lead("c", "Purchase", shopping_cart=CART, payment_method="cash_on_delivery"))
    assert re.fullmatch(r"Thank you! \w{8}", answer.json()[0])


def test_the_page_shows_the_code_for_the_amount_to_the_payee(promptpay: Desk) -> None:
    page = promptpay.open(promptpay.link())
    assert page.status_code == 200
    assert draw(make_payload(PAYEE, Decimal("1250.50"))) in page.text
    for text in ("ร้านของแอน", "1,250.50 THB", "K73FX219", "slip"):
        assert text in page.text
    assert not re.search("expir|valid until|หมดอายุ", page.text)


def test_the_page_is_in_the_customers_language(promptpay: Desk) -> None:
    token = promptpay.link()
    assert 'lang="th"' in promptpay.open(token, lang="").text
    assert 'lang="th"' in promptpay.open(token, lang="", **{"Accept-Language": "th-TH,th;q=0.9,en;q=0.8"}).text
    assert 'lang="th"' in promptpay.open(token, lang="", **{"Accept-Language": "zh-CN,th;q=0.8,en;q=0.5"}).text
    assert 'lang="en"' in promptpay.open(token, lang="", **{"Accept-Language": "zh-CN,zh;q=0.8"}).text
    assert 'lang="th"' in promptpay.open(token, lang="", **{"Accept-Language": "*"}).text
    english = promptpay.open(token, lang="", **{"Accept-Language": "en-US,en;q=0.9"}).text
    assert 'lang="en"' in english
    assert "1,250.50 บาท" in promptpay.open(token, lang="th").text
    assert f'href="/pay/{token}?lang=th"' in english


def test_nothing_of_the_page_goes_elsewhere_or_stays(promptpay: Desk) -> None:
    headers = promptpay.open(promptpay.link()).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("token", ["x", "K73FX219-125050-THB-9999999999.AAAA", "%00", "a.b", "ä"])
def test_a_link_that_was_tampered_with_is_not_found(promptpay: Desk, token: str) -> None:
    page = promptpay.open(token)
    assert (page.status_code, "no such payment link" in page.text) == (404, True)


def test_another_amount_in_the_address_is_not_found(promptpay: Desk) -> None:
    assert promptpay.open(promptpay.link().replace("125050", "000050")).status_code == 404


def test_a_link_that_has_expired_says_so_to_people(promptpay: Desk) -> None:
    token = promptpay.link(expires=1_700_000_000)
    for lang, text in (("en", "This link has expired"), ("th", "ลิงก์นี้หมดอายุแล้ว")):
        page = promptpay.open(token, lang)
        assert (page.status_code, text in page.text) == (410, True)


def test_the_page_shows_what_the_order_is_now(promptpay: Desk) -> None:
    token = promptpay.link()
    promptpay.set_order(amount="99900", currency="THB", revision="2")
    page = promptpay.open(token).text
    assert draw(make_payload(PAYEE, Decimal(999))) in page
    assert "this is the amount now" in page
    promptpay.set_order(paid="1")
    page = promptpay.open(token)
    assert (page.status_code, "Paid, thank you" in page.text, "<svg" in page.text) == (200, True, False)
    promptpay.set_order(paid="0", cancelled="1")
    page = promptpay.open(token)
    assert (page.status_code, "was cancelled" in page.text, "<svg" in page.text) == (410, True, False)


@pytest.mark.parametrize("order", [{"amount": "0"}, {"amount": "999999999"}, {"amount": "100", "currency": "USD"}])
def test_an_order_that_cannot_be_paid_by_a_link_any_more_shows_no_code(promptpay: Desk, order: dict[str, str]) -> None:
    promptpay.set_order(**order)
    page = promptpay.open(promptpay.link())
    assert (page.status_code, "<svg" in page.text) == (410, False)


def test_without_redis_the_page_tries_again_and_shows_no_code(promptpay: Desk) -> None:
    """Nobody knows whether the order is paid."""
    promptpay.redis.set(keys.order("K73FX219"), "no hash")
    page = promptpay.open(promptpay.link())
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert '<meta http-equiv="refresh" content="5">' in page.text
    assert "<svg" not in page.text


def test_a_link_that_is_opened_too_often_has_to_wait_and_others_do_not(promptpay: Desk) -> None:
    token = promptpay.link(reference="AAAAAAAA")
    ours = {"X-Forwarded-For": "203.0.113.1"}
    statuses = [promptpay.open(token, **ours).status_code for _ in range(OPENED_PER_LINK + 1)]
    assert statuses == [200] * OPENED_PER_LINK + [429]
    page = promptpay.open(token, **ours)
    assert (0 < int(page.headers["Retry-After"]) <= 60, "Too often" in page.text) == (True, True)
    assert promptpay.open(promptpay.link(reference="BBBBBBBB"), **ours).status_code == 200


def test_one_who_never_stops_lets_nobody_else_wait() -> None:
    throttle = Throttle(allowed=2, allowed_in_all=10)
    assert [bool(_count(throttle, "a")) for _ in range(100)] == [False, False] + [True] * 98
    assert not _count(throttle, "b")


def test_an_order_that_cannot_be_read_shows_no_code(promptpay: Desk) -> None:
    promptpay.set_order(amount="1,250.50")
    page = promptpay.open(promptpay.link())
    assert (page.status_code, "<svg" in page.text) == (503, False)


def test_a_sender_of_very_many_links_has_to_wait_and_others_do_not(promptpay: Desk) -> None:
    ours = {"X-Forwarded-For": "203.0.113.2"}
    statuses = {promptpay.open(f"x{n}", **ours).status_code for n in range(OPENED_BY_SENDER)}
    assert statuses == {404}
    assert promptpay.open(promptpay.link(reference="CCCCCCCC"), **ours).status_code == 429
    others = {"X-Forwarded-For": "203.0.113.3"}
    assert promptpay.open(promptpay.link(reference="CCCCCCCC"), **others).status_code == 200


@pytest.mark.parametrize("path", ["/pay/", "/pay", "/pay/a/b"])
def test_there_is_nothing_else_below_it(promptpay: Desk, path: str) -> None:
    assert promptpay.open("../" + path.lstrip("/")).status_code == 404


def test_the_shops_own_page_gets_a_signed_link(shop_page: Desk) -> None:
    shop_page.set_order(amount="99900", currency="THB")
    answer = shop_page.open(shop_page.link())
    url = urlsplit(answer.headers["Location"])
    assert (answer.status_code, url.netloc, url.path) == (303, "pay.example.com", "/o/K73FX219")
    said = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (said["amount"], said["currency"], len(said["signature"])) == ("999.00", "THB", 64)
    assert answer.content == b""


def test_the_stripe_page_opens_at_the_click_and_not_before(desk: Desk, stripe: Stripe) -> None:
    desk.line.post(lead("c", "Purchase", shopping_cart=CART, payment_method="credit_card"))
    token = desk.link()
    assert desk.open(token, method="HEAD").status_code == 200
    assert stripe.account.calls == []
    answer = desk.open(token)
    [session] = stripe.account.sessions.values()
    assert (answer.status_code, answer.headers["Location"]) == (303, session["url"])


def test_a_stripe_that_is_down_is_a_page_that_tries_again(desk: Desk, stripe: Stripe) -> None:
    stripe.fault("429", retry_after=7)
    page = desk.open(desk.link())
    assert (page.status_code, page.headers["Retry-After"]) == (503, "7")
    assert '<meta http-equiv="refresh" content="7">' in page.text
    stripe.mend()
    assert desk.open(desk.link()).status_code == 303


def test_a_stripe_that_refuses_is_told_to_the_customer_and_in_the_log(desk: Desk, stripe: Stripe) -> None:
    page = desk.open(desk.link(units=500))
    assert (page.status_code, "refresh" in page.text, "ask in the chat" in page.text) == (503, False, True)
    eventually(lambda: "amount_too_small" in desk.line.logs())


def test_who_has_paid_there_comes_back_to_a_page_that_promises_nothing(desk: Desk, stripe: Stripe) -> None:
    page = desk.open("done")
    assert (page.status_code, "confirms it in the chat" in page.text) == (200, True)


def test_without_a_table_there_are_no_payment_pages(receiver: Line) -> None:
    """The receiver of the other tests has none."""
    assert receiver.url
    for path in ("/pay/x", "/pay/done", "/api/v1/payments", "/api/v1/payments/stripe"):
        desk = Desk(receiver, None)  # type: ignore[arg-type]  # no links are made with it
        assert desk.open(f"..{path}").status_code == 404
        assert desk.open(f"..{path}", method="POST").status_code == 404


@pytest.mark.parametrize(
    ("amount", "currency", "texts"),
    [("1250.50", "THB", ("1,250.50 บาท", "1,250.50 THB")), ("5000", "JPY", ("5,000 JPY", "5,000 JPY"))],
)
def test_amounts_are_written_for_people(amount: str, currency: str, texts: tuple[str, str]) -> None:
    assert (write_amount(Decimal(amount), currency, "th"), write_amount(Decimal(amount), currency, "en")) == texts


def test_until_prices_are_compared_the_page_tries_again_and_asks_for_nothing(checking: Desk) -> None:
    made_now = int(Machine().time()) + checking.payment.expires_hours * 3600
    token = checking.link(expires=made_now)
    answer = checking.open(token)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert 'http-equiv="refresh"' in answer.text
    assert "<svg" not in answer.text
    checking.set_order(amount="125050", currency="THB", customer='"c-1"', payable="compared")
    assert "<svg" in checking.open(token).text


def test_the_page_of_an_order_whose_prices_nobody_compares_says_so_after_a_minute(checking: Desk) -> None:
    """Redis was emptied since, say."""
    made_a_minute_ago = int(Machine().time()) + checking.payment.expires_hours * 3600 - CHECKING_MS // 1000
    answer = checking.open(checking.link(expires=made_a_minute_ago))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert TEXTS["en"]["delayed"] in answer.text
    assert "<svg" not in answer.text


def test_other_prices_than_the_shops_ask_for_nothing(checking: Desk) -> None:
    checking.set_order(amount="125050", currency="THB", customer='"c-1"', payable="pay_prices_differ")
    for lang in ("en", "th"):
        answer = checking.open(checking.link(), lang)
        assert answer.status_code == 410
        assert "1,250.50" not in answer.text
        assert "<svg" not in answer.text
