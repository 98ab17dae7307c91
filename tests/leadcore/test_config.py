from pathlib import Path

import pytest

from leadcore.config import Config, Crm, Inbox, Notes, Orders, Payment, load, parse
from leadcore.errors import ConfigError
from leadcore.property_names import MAPPED


def test_an_empty_file_is_the_defaults() -> None:
    assert parse("") == Config()


def test_everything_can_be_set() -> None:
    config = parse(
        """
        [crm]
        country = "VN"
        email_match = "overwrite"
        ignored_emails = ["@shop.co.th"]
        [messages]
        quiet_hours = ["21:00", "08:30"]
        [messages.texts.en]
        details_saved = "Saved."
        [inbox]
        shards = 8
        [intents."สั่งซื้อ"]
        reply = ["ขอบคุณค่ะ"]
        lead = false
        [mapping]
        phone = "whatsapp"
        dealdroid_cart = false
        [properties]
        "contact_info.line_id" = "line_id"
        """
    )
    assert config.crm == Crm(country="VN", email_match="overwrite", ignored_emails=("@shop.co.th",))
    assert config.messages.quiet_hours == ("21:00", "08:30")
    assert config.messages.texts == {"en": {"details_saved": "Saved."}}
    assert config.inbox == Inbox(shards=8)
    assert (config.intent("สั่งซื้อ").reply, config.intent("สั่งซื้อ").lead) == (("ขอบคุณค่ะ",), False)
    assert config.mapping == {"phone": "whatsapp", "dealdroid_cart": False}
    assert config.properties == {"contact_info.line_id": "line_id"}
    assert config.required == {}
    assert parse("[required]\ncompany = '-'").required == {"company": "-"}


def test_an_intents_name_is_compared_exactly() -> None:
    config = parse('[intents."Purchase"]\nlead = false')
    assert [config.intent(name).lead for name in ("Purchase", "purchase", "Purchase ", "")] == [False, True, True, True]


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("[crm]\ncountry = 'TH'\ncountri = 'TH'", 3, "countri"),
        ("[crm]\ncountry = 'thailand'", 2, "crm.country"),
        ("\n\n[crm]\n\nlead_status = 5", 5, "crm.lead_status"),
        ("[inbox]\nshards = 0", 2, "inbox.shards"),
        ("[inbox]\nshards = 4\ntries = 51", 3, "inbox.tries"),
        ("[messages]\nconfirm_max_age = 1381", 2, "confirm_max_age"),
        ("[messages]\nquiet_hours = ['21:00', '25:00']", 2, "quiet_hours"),
        ("[messages]\nquiet_hours = ['21:00']", 2, "quiet_hours"),
        ("[messages]\ndefault_language = 'zh'", 2, "default_language"),
        ("[messages.texts.en]\nsaved = 'x'", 2, "saved"),
        ("[messages.texts.fr]\ndetails_saved = 'x'", 1, "fr"),
        ("[intents.Purchase]\nreply = 'One moment'", 2, "reply"),
        ("[intents.A]\nlead = true\n[intents.B]\nlead = 'no'", 4, "lead"),
        ("[intents.A]\nlead = true\n[intents.B]\nleed = true", 4, "leed"),
        ("[mapping]\nphone = true", 2, "phone"),
        ("[mapping]\nphone = 'mobilephone'\ncompany = 'hs_marketable_status'", 3, "hs_marketable_status"),
        ("[properties]\nfolder = 'dealdroid_shorter_2'", 2, "dealdroid_shorter_2"),
        ("[properties]\n'e' = 'dealdroid_customer_id'", 2, "dealdroid_customer_id"),
        ("[mapping]\nphone = 'lifecyclestage'", 2, "lifecyclestage"),
        ("[required]\ncompany = '-'\nemail = 'none@example.com'", 3, "one contact"),
        ("[required]\nphone = '000'", 2, "one contact"),
        ("[required]\nmobilephone = '000'", 2, "one contact"),
        ("[required]\nhs_additional_emails = 'none@example.com'", 2, "one contact"),
        ("[required]\nhs_whatsapp_phone_number = '000'", 2, "one contact"),
        ("[required]\nown_phone = '000'\n[mapping]\nphone = 'own_phone'", 2, "one contact"),
        ("[required]\ndealdroid_customer_id = '1'", 2, "the key of the contact"),
        ("[required]\nlifecyclestage = 'lead'", 2, "HubSpot sets it itself"),
        ("[required]\ncompany = ' '", 2, "company"),
        ("[required]\ncompany = 5", 2, "company"),
        ("[crm]\ncountry = TH", 2, "TOML"),
        ("[crm\n", 1, "TOML"),
        ("[crm]\n[crm]\n", 2, "TOML"),
        ("[surprise]\n", 1, "surprise"),
        ("[orders]\nobjekt = 'deal'", 2, "objekt"),
        ("[orders]\nobject = 'ticket'", 2, "orders.object"),
        ("[orders]\nobject = 'deal'", 2, "orders.stage is missing"),
        ("[orders]\nstage = ' '\nobject = 'deal'", 3, "orders.stage is missing"),
        ("[orders]\nobject = 'cart'\npipeline = 'Shop'", 3, "orders.pipeline does not go"),
        ("[orders]\n# stage = 'x'\nobject = 'cart'\nstage = 'Open'", 4, "orders.stage does not go"),
        (
            "[orders]\nobject = 'cart'\n[messages]\nenabled = true\n[orders.messages.th]\nShipped = 'x'",
            5,
            "orders.messages does not go",
        ),
        ("[orders]\ncurrency = 'baht'", 2, "orders.currency"),
        ("[orders]\ncurrency = 'XYZ'", 2, "ISO 4217"),
        ("[orders]\ncurrency = 'thb'", 2, "three capitals"),
        ("[orders]\ncurrency = '฿฿฿'", 2, "orders.currency"),
        ("[orders]\nintents = 'Purchase'", 2, "orders.intents"),
        ("[orders]\nintents = ['']", 2, "orders.intents"),
        ("[orders]\nowners = ['a@example.com', 5]", 2, "orders.owners"),
        ("[orders]\nsame_order_hours = 0", 2, "orders.same_order_hours"),
        ("[orders]\nname = ''", 2, "orders.name"),
        ("[orders]\n\ncancel_intents = ['Purchase']", 3, "Purchase makes orders"),
        ("[orders.messages.fr]\nShipped = 'x'", 1, "orders.messages.fr"),
        ("[orders.messages.th]\nShipped = 'x'\nDelivered = 5", 3, "orders.messages.th.Delivered"),
        ("[orders.messages.en]\nShipped = 'x'\n'shipped ' = 'y'", 2, "two texts"),
        ("[notes]\nintent = ['A']", 2, "notes"),
        ("[notes]\nintents = [' ']", 2, "notes.intents"),
    ],
)
def test_a_mistake_names_its_line_and_what_is_wrong(source: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(source)
    assert f"line {line}" in str(caught.value)
    assert words in str(caught.value)
    assert "`$" not in str(caught.value), "a person reads this"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("[crm]\nemail_match = 'overwrit'", 'must be "fill" or "overwrite", not "overwrit" (did you mean overwrite?)'),
        ("[crm]\nprovince_language = 'zh'", 'must be "en" or "th", not "zh"'),
        ("[crm]\ncountry = 'th'", 'crm.country: must be a country\'s two capitals, such as TH, not "th"'),
        ("[crm]\nlead_status = 5", "must be a text in quotes, not 5"),
        ("[crm]\ncountri = 'TH'", "crm.countri: there is no such key (did you mean country?); known are country, "),
        ("[inbox]\nshards = 0", "must be a whole number from 1 to 64, not 0"),
        ("[inbox]\nreceipts_max = 1.5", "must be a whole number of at least 1000, not 1.5"),
        ("[messages]\nenabled = 1", "must be true or false, not 1"),
        ("[messages]\nquiet_hours = ['21:00']", "must be a list in [ ] of 2, each HH:MM, not a list of 1"),
        ("[messages]\nquiet_hours = ['21:00', '9:00']", 'messages.quiet_hours: must be HH:MM, not "9:00"'),
        ("[messages.texts.en]\ndetails_savd = 'x'", "(did you mean details_saved?)"),
        ("[intents.A]\nrepl = ['x']", "intents.A.repl: there is no such key (did you mean reply?)"),
        ("[intents.'A B']\nConfirm = false", "(did you mean confirm?)"),
        ("[intents.A]\nreply = 'x'", 'must be a table or a list in [ ], each item a text in quotes, not "x"'),
        ("[intents]\nA = 1", "intents.A: must be a table, not 1"),
        ("[intent.A]\nreply = ['x']", "intent: there is no such key (did you mean intents?)"),
        ("[orders]\nobject = 'orders'", '"cart", "deal" or "order", not "orders" (did you mean order?)'),
        ("[mapping]\nphone = true", "mapping.phone: must be a text in quotes or false, not true"),
        ("[mapping]\npone = 'x'", "mapping.pone: there is no such key (did you mean phone?); known are firstname, "),
        ("[mapping]\nshoe_size = 'x'", "mapping.shoe_size: there is no such key; known are firstname, "),
        ("[mapping]\ndealdroid_placeholder = 'x'", "there is no such key"),
        ("[required]\ncompany = ''", 'must be a text that is not blank, not ""'),
        ("[messages.texts]\nth = 1", "line 2: messages.texts.th: must be a table, not 1"),
        ("[intents.A.texts]\nth = 'x'", "line 2: intents.A.texts.th: must be a table, not"),
        ("[orders.messages]\nth = 1", "line 2: orders.messages.th: must be a table, not 1"),
        ("[intents.A]\ntexts = 1", "intents.A.texts: must be a table, not 1"),
        ("[intents.A]\nreply = ['x', 1]", "intents.A.reply: must be a text in quotes, not 1"),
        ("[intents.A.reply]\nth = 'x'", "intents.A.reply.th: must be a list in [ ], each item a text in quotes, not"),
        ("[payment]\nprovidr = 'stripe'", "payment.providr: there is no such key (did you mean provider?)"),
        ("crm = 1", "crm: must be a table, not 1"),
    ],
)
def test_a_mistake_is_told_in_plain_words_with_what_may_stand_there(source: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(source)
    assert said in str(caught.value)


def test_every_name_of_ours_can_be_mapped() -> None:
    assert parse("[mapping]\n" + "\n".join(f"{name} = false" for name in MAPPED)).mapping


def test_without_the_table_there_are_no_orders_and_no_notes() -> None:
    config = parse("")
    assert (config.orders, config.notes) == (None, Notes())
    assert not config.notes.wants("Purchase")


def test_an_empty_table_makes_orders_as_documented() -> None:
    orders = parse("[orders]").orders
    assert orders == Orders(
        object="order",
        intents=("Purchase",),
        currency="THB",
        pipeline="",
        stage="",
        same_order_hours=24,
        cancel_intents=(),
        owners=(),
        messages={},
    )
    assert [orders.kind, Orders(object="deal").kind, Orders(object="cart").kind] == ["orders", "deals", "carts"]


def test_a_deal_with_a_stage_and_a_bare_cart_are_accepted() -> None:
    deal, cart = parse("[orders]\nobject = 'deal'\nstage = 'New'").orders, parse("[orders]\nobject = 'cart'").orders
    assert deal
    assert cart
    assert (deal.stage, cart.object) == ("New", "cart")


@pytest.mark.parametrize(
    ("patterns", "intent", "expected"),
    [
        (["Purchase"], "Purchase", True),
        (["Purchase"], "purchase", False),
        (["Purchase"], "Purchase again", False),
        (["Purchase*"], "Purchase again", True),
        (["*"], "", True),
        (["*ซื้อ*"], "สั่งซื้อสินค้า", True),
        (["A*C"], "ABBC", True),
        (["A*C"], "AC", True),
        (["A*C"], "ACB", False),
        (["[a-z]?"], "ab", False),
        (["[a-z]?"], "[a-z]?", True),
        (["a.c"], "abc", False),
        (["  เเจ้งที่อยู่ "], "แจ้งที่อยู่", True),
        ([], "Purchase", False),
    ],
)
def test_a_star_in_the_name_of_an_intent_stands_for_anything(patterns: list[str], intent: str, expected: bool) -> None:
    assert Orders(intents=tuple(patterns)).makes(intent) is expected
    assert Orders(cancel_intents=tuple(patterns)).cancels(intent) is expected
    assert Notes(intents=tuple(patterns)).wants(intent) is expected


def test_an_intent_that_cancels_makes_no_order() -> None:
    orders = Orders(intents=("*",), cancel_intents=("Cancel*",))
    assert [orders.makes(one) for one in ("Purchase", "Cancel it")] == [True, False]


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"LEADSYNC_CONFIG names .*missing\.toml"):
        load(str(tmp_path / "missing.toml"))


def test_without_a_name_the_file_in_the_current_folder_is_used_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None) == Config()
    (tmp_path / "leadsync.toml").write_text("[inbox]\nshards = 2\n")
    assert load(None).inbox.shards == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[inbox]\nshards = 0"])
def test_an_error_names_the_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "odd.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"odd\.toml: "):
        load(str(file))


def test_an_intent_is_known_by_the_normal_form_of_its_name() -> None:
    config = parse('[intents."  เเจ้งที่อยู่ "]\nlead = false')
    assert config.intent("แจ้งที่อยู่").lead is False


def test_a_reply_is_a_list_of_texts_or_one_for_each_language() -> None:
    assert parse('intents."A".reply = ["x", "y"]').intent("A").reply == ("x", "y")
    config = parse('[intents."A".reply]\nth = ["ก"]\nen = ["a", "b"]')
    assert config.intent("A").reply == {"th": ("ก",), "en": ("a", "b")}
    assert config.intent("A").reply_texts == ["ก", "a", "b"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('[intents."A"]\nreply = "x"', 2),
        ('[intents."A"]\nreply = [1]', 2),
        ('[intents."A".reply]\nth = "x"', 2),
        ('[intents."A".reply]\nth = ["x"]\nde = ["x"]', 3),
    ],
)
def test_a_reply_that_cannot_be_used_is_refused_with_its_line(source: str, line: int) -> None:
    with pytest.raises(ConfigError, match=rf"line {line}: .*reply"):
        parse(source)


def test_payments_are_off_until_there_is_a_table() -> None:
    assert parse("").payment is None
    assert parse("[payment]").payment == Payment("promptpay", currency="THB", expires_hours=24, min=1, max=100_000)


@pytest.mark.parametrize(
    ("table", "line", "why"),
    [
        ('provider = "paypal"', 2, "provider"),
        ('currency = "baht"', 2, "currency"),
        ('provider = "link"\nlink = "https://x"\ncurrency = "BTC"', 4, "no currency of ISO 4217"),
        ('currency = "USD"', 2, "PromptPay pays in THB"),
        ('provider = "stripe"\ncurrency = "ISK"', 3, "other units"),
        ('provider = "stripe"\ncurrency = "KWD"', 3, "other units"),
        ('provider = "link"', 1, "payment.link"),
        ('provider = "link"\nlink = "shop.example.com"', 3, "payment.link"),
        (
            'provider = "link"\nlink = "https://a/{reference}/{amount}/{signature}/{currancy}"',
            3,
            "payment.link: there is no {currancy}",
        ),
        ("max = inf", 2, "payment.max"),
        ("max = 1e300", 2, "payment.max"),
        ('[orders]\ncurrency = "USD"', 1, "payment.currency is THB: orders are in USD"),
        ('provider = "link"\nlink = "https://shop.example.com/{reference}"', 3, "{signature}"),
        ("min = 10\nmax = 5", 2, "more than max"),
        ("min = 0", 2, "min"),
        ("max = -1", 2, "max"),
        ("expires_hours = 0", 2, "expires_hours"),
        ("expires_hours = 721", 2, "expires_hours"),
        ("paid_stage = ''", 2, "paid_stage"),
        ("promptpay_id = '1'", 2, "promptpay_id"),
    ],
)
def test_a_payment_that_cannot_work_is_refused_with_its_line(table: str, line: int, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"line {line}: .*{why}"):
        parse("[payment]\n" + table)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("", ""),
        ('intents."A".reply = ["{{ grand_total }} {{ my_order_ref }}"]', ""),
        ('intents."A".reply = ["order_ref is a word here"]', ""),
        ('intents."A".reply = ["{{ order_ref }}"]', 'the reply of intents."A"'),
        ('[intents."A".reply]\nen = ["x", "{% if pay_url\\n%}{% endif %}"]', 'the reply of intents."A"'),
        ("[payment]", "[payment]"),
    ],
)
def test_what_needs_a_key_is_known(source: str, what: str) -> None:
    assert parse(source).needs_key == what
