"""What stands in a payload under another name than DealDroid's."""

from typing import Any

import pytest

from leadcore.event import Address, ContactInfo, Event, encode, read

SOMCHAI = ContactInfo(name="สมชาย ใจดี", phone="0812345678")


def said(**parts: Any) -> Event:
    return read(encode({"mid": "m", "customer_id": "c", "intent": "Purchase", **parts}))


@pytest.mark.parametrize(
    "contact",
    [
        {"fullName": "สมชาย ใจดี", "phoneNumber": "0812345678"},
        {"first_name": "สมชาย", "last_name": "ใจดี", "tel": "0812345678"},
        {"familyName": "ใจดี", "givenName": "สมชาย", "Mobile": "0812345678"},
        {"ชื่อ": "สมชาย", "นามสกุล": "ใจดี", "เบอร์โทร": "0812345678"},
        {"name": "สมชาย", "surname": "ใจดี", "phone": "", "mobile_no": "0812345678"},
        {"name": "-", "ชื่อ-นามสกุล": "สมชาย ใจดี", "phone": "0812345678", "tel": "N/A"},
        {"fullName": "สมชาย ใจดี", "firstName": "สมชาย", "lastName": "ใจดี", "phone": "0812345678"},
        [{"fullName": "สมชาย ใจดี"}, {"tel": "0812345678"}],
    ],
)
def test_contact_details_under_other_names_are_read(contact: Any) -> None:
    event = said(contact_info=contact)
    assert (event.contact, event.unread) == (SOMCHAI, {})


def test_a_documented_value_outranks_another_name_and_further_phones_are_added() -> None:
    contact = {"name": "สมชาย ใจดี", "customer_name": "Other", "phone": "021234567", "mobile": "0812345678"}
    event = said(contact_info=contact)
    assert (event.contact.name, event.contact.phone) == ("สมชาย ใจดี", "021234567, 0812345678")


def test_two_other_names_that_contradict_are_kept_unread() -> None:
    event = said(contact_info={"zip": "10110", "postcode": "10500"})
    assert (event.contact.zipcode, event.unread) == ("", {"zipcode": '{"postcode":"10500","zip":"10110"}'})


@pytest.mark.parametrize(
    "parts",
    [
        {"street": "1 ถ.สีลม", "amphoe": "บางรัก", "province": "กรุงเทพ", "postcode": "10500"},
        {"ที่อยู่": "1 ถ.สีลม", "เขต": "บางรัก", "จังหวัด": "กรุงเทพ", "รหัสไปรษณีย์": 10500},
        {"address": "1 ถ.สีลม", "district": "บางรัก", "Province": "กรุงเทพ", "zip_code": "10500"},
    ],
)
def test_parts_of_an_address_under_other_names_are_read(parts: Any) -> None:
    address = Address(street="1 ถ.สีลม", district="บางรัก", state="กรุงเทพ", postal_code="10500")
    assert said(address_parsing=parts).address == address


@pytest.mark.parametrize(
    "cart",
    [
        {"items": [{"name": "Dog food", "qty": 2, "unitPrice": 590}]},
        {"line_items": [{"title": "Dog food", "quantity": "2", "price": "590"}]},
        {"products": [{"product": {"name": "Dog food", "price": 590}, "quantity": 2}]},
        {"รายการสินค้า": [{"สินค้า": "Dog food", "จำนวน": 2, "ราคา": 590}]},
        [{"item": "Dog food", "qty": 2, "price": 590}],
        [{"item": "Dog food", "title": "Dog food", "qty": 2, "quantity": "2", "price": 590}],
    ],
)
def test_a_cart_under_other_names_is_read(cart: Any) -> None:
    event = said(shopping_cart=cart)
    [product] = event.products
    assert (product.name, product.count, product.price, event.unread) == ("Dog food", "2", "590", {})


@pytest.mark.parametrize(
    "contact",
    [
        {"contact_name": "สมชาย ใจดี", "contact_phone": "0812345678", "contact_email": "a@b.co.th"},
        {"customerName": "สมชาย ใจดี", "customerPhone": "0812345678", "customerEmail": "a@b.co.th"},
        {"receiver_name": "สมชาย ใจดี", "receiver_phone": "0812345678", "email": "a@b.co.th"},
        {"ชื่อผู้รับ": "สมชาย ใจดี", "เบอร์ติดต่อ": "0812345678", "อีเมล": "a@b.co.th"},
        {"ชื่อ-นามสกุล (ผู้รับ)": "สมชาย ใจดี", "เบอร์โทร (ผู้รับ)": "0812345678", "Email Address": "a@b.co.th"},
        {"name": "สมชาย ใจดี", "phone1": "0812345678", "phone2": "", "mail": "a@b.co.th"},
    ],
)
def test_details_of_a_customer_or_receiver_are_the_contacts(contact: dict[str, Any]) -> None:
    event = said(contact_info=contact)
    assert (event.contact.name, event.contact.phone, event.contact.email) == ("สมชาย ใจดี", "0812345678", "a@b.co.th")
    assert event.unread == {}


def test_phones_with_a_number_in_their_keys_are_several() -> None:
    event = said(contact_info={"phone2": "0898765432", "phone1": "0812345678"})
    assert (event.contact.phone, event.unread) == ("0812345678, 0898765432", {})


@pytest.mark.parametrize("key", ["street_address", "address1", "address_line_1", "street", "full_address", "ที่อยู่"])
@pytest.mark.parametrize("second", ["address2", "addressLine2", "address_line_2", "line2"])
def test_the_second_line_of_an_address_follows_its_street(key: str, second: str) -> None:
    event = said(address_parsing={second: "ตึก A", key: "9 ถ.สีลม"})
    assert (event.address.street, event.unread) == ("9 ถ.สีลม\nตึก A", {})


@pytest.mark.parametrize(
    "contact", [{"address": "9 ถ.สีลม", "address2": "ตึก A"}, {"address1": "9 ถ.สีลม", "address2": "ตึก A"}]
)
def test_an_address_in_the_contact_may_have_two_lines(contact: dict[str, Any]) -> None:
    assert said(contact_info=contact).contact.address == "9 ถ.สีลม\nตึก A"


@pytest.mark.parametrize("second", ["", None, "-", "N/A"])
def test_a_blank_second_line_is_none(second: Any) -> None:
    event = said(address_parsing={"street_address": "9 ถ.สีลม", "address_line_2": second})
    assert (event.address.street, event.unread) == ("9 ถ.สีลม", {})


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            {"house_number": "99/1", "moo": 5, "soi": "สุขใจ", "road": "สุขุมวิท", "state": "ชลบุรี"},
            "99/1 หมู่ 5 ซ.สุขใจ ถ.สุขุมวิท",
        ),
        ({"บ้านเลขที่": "99/1", "หมู่ที่": "5", "ซอย": "ซอย 3", "ถนน": "ถ.สุขุมวิท"}, "99/1 หมู่ 5 ซอย 3 ถ.สุขุมวิท"),
        ({"houseNo": "99/1", "moo": "5", "soi": "3", "road": "Sukhumvit Road"}, "99/1 Moo 5, Soi 3, Sukhumvit Road"),
        ({"house_number": "12", "road": "Baker Street", "city": "London"}, "12 Baker Street"),
        (
            {"room": "301", "floor": 3, "building": "A", "house_number": "99", "street_address": "ถ.สีลม"},
            "ห้อง 301 ชั้น 3 อาคาร A 99 ถ.สีลม",
        ),
        ({"street_address": "99/1 ถนนสีลม", "soi": "3", "road": "-", "moo": None}, "99/1 ถนนสีลม ซ.3"),
        # What the street says is not said twice.
        ({"street_address": "99/1 ม.5 ถนนสีลม", "house_number": "99/1", "moo": "5", "road": "สีลม"}, "99/1 ม.5 ถนนสีลม"),
        ({"street_address": "5/1 ถนนสีลม", "moo": "5"}, "5/1 ถนนสีลม หมู่ 5"),
    ],
)
def test_the_parts_of_a_street_are_its_text(parts: dict[str, Any], expected: str) -> None:
    assert said(address_parsing=parts).address.street == expected
    contact = {"address" if key == "street_address" else key: text for key, text in parts.items()}
    assert said(contact_info=contact).contact.address == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            {"house_number": "99/1", "moo": "5", "subdistrict": "บางเมือง", "province": "สมุทรปราการ", "zip": "10270"},
            "99/1 หมู่ 5\nบางเมือง\nสมุทรปราการ\n10270",
        ),
        ({"บ้านเลขที่": "99/1", "อำเภอ": "บางพลี", "จังหวัด": "สมุทรปราการ"}, "99/1\nบางพลี\nสมุทรปราการ"),
    ],
)
def test_an_address_in_the_contact_may_be_an_object_of_parts(address: dict[str, Any], expected: str) -> None:
    event = said(contact_info={"address": address})
    assert (event.contact.address, event.unread) == (expected, {})


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ({"name": "สมชาย ใจดี", "nickname": "บอย"}, "สมชาย ใจดี (บอย)"),
        ({"name": "สมชาย", "surname": "ใจดี", "ชื่อเล่น": "บอย"}, "สมชาย ใจดี (บอย)"),
        ({"name": {"first": "สมชาย", "last": "ใจดี", "nickname": "บอย"}}, "สมชาย ใจดี (บอย)"),
        ({"name": {"prefix": "Mr.", "first_name": "Somchai", "last_name": "Jaidee"}}, "Mr. Somchai Jaidee"),
        ({"name": {"คำนำหน้า": "นาย", "ชื่อ": "สมชาย", "นามสกุล": "ใจดี"}}, "นาย สมชาย ใจดี"),
        ({"name": "", "nickname": "บอย"}, "บอย"),
        ({"name": "บอย", "nickname": "บอย"}, "บอย"),
        ({"name": "สมชาย ใจดี", "nickname": ["-"]}, "สมชาย ใจดี"),
    ],
)
def test_a_nickname_or_title_under_a_key_of_its_own_belongs_to_the_name(contact: dict[str, Any], expected: str) -> None:
    event = said(contact_info=contact)
    assert (event.contact.name, event.unread) == (expected, {})


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("contact_info", "emergency phone"),
        ("contact_info", "shop phone"),
        ("contact_info", "phone verified"),
        ("contact_info", "billing address 2"),
        ("address_parsing", "line3"),
        ("address_parsing", "address type"),
    ],
)
def test_a_key_that_only_looks_alike_is_unknown(part: str, key: str) -> None:
    event = said(**{part: {key: "0812345678"}})
    assert (event.address, event.contact) == (Address(), ContactInfo())


@pytest.mark.parametrize(
    "product",
    [
        {"amount": 2},
        {"amount": 590},
        {"amount": 590, "price": 590},
        {"amount": 100, "price": 20},
        {"amount": 500, "price": 590},
        {"amount": 2, "price": 10},
        {"amount": 2, "price": 590, "total": 590},
        {"amount": "2.5"},
        {"amount": "a few"},
        {"amount": {"from": 1, "to": 2}, "price": 590},
    ],
)
def test_an_amount_that_may_be_a_count_or_money_is_kept_unread(product: dict[str, Any]) -> None:
    event = said(shopping_cart={"products": [{"name": "Dog food", **product}]})
    assert (event.products, set(event.unread)) == ((), {"products"})


@pytest.mark.parametrize(
    ("product", "count", "total"),
    [
        ({"amount": 2, "price": 590}, "2", ""),
        ({"amount": "2", "price": "590"}, "2", ""),
        ({"amount": 100, "price": 20, "total": 2000}, "100", "2000"),
        ({"amount": 1, "price": 590, "total": 590}, "1", "590"),
        ({"amount": "2 ถุง"}, "2 ถุง", ""),
        ({"amount": "3 pcs", "price": 590}, "3 pcs", ""),
        ({"amount": "x2"}, "x2", ""),
        ({"amount": "590 บาท"}, "", "590 บาท"),
        ({"amount": "฿1,180"}, "", "฿1,180"),
        ({"amount": "590.00"}, "", "590.00"),
        ({"amount": "590 THB", "price": 590}, "", "590 THB"),
        ({"amount": 3, "count": 2}, "2", ""),
    ],
)
def test_an_amount_is_read_where_its_unit_or_the_price_tells_what_it_is(
    product: dict[str, Any], count: str, total: str
) -> None:
    event = said(shopping_cart={"products": [{"name": "Dog food", **product}]})
    assert [(each.name, each.count, each.total) for each in event.products] == [("Dog food", count, total)]
    assert event.unread == {}


@pytest.mark.parametrize("name", ["Private", "Missing", "HIDDEN", "Blank", "ความลับ", "ส่วนตัว"])
def test_goods_may_be_called_what_of_a_customer_tells_nothing(name: str) -> None:
    event = said(contact_info={"name": name}, shopping_cart={"products": [{"name": name, "code": name, "count": 1}]})
    assert [(each.name, each.code) for each in event.products] == [(name, name)]
    assert event.contact.name == ""


@pytest.mark.parametrize("name", ["N/A", "null", "missing", "-", "Unknown", "ไม่ระบุ", "Not specified"])
def test_what_programs_write_is_the_name_of_no_goods(name: str) -> None:
    event = said(shopping_cart={"products": [{"name": name, "code": name, "count": 1}]})
    assert [(each.name, each.code) for each in event.products] == [("", "")]


@pytest.mark.parametrize(
    ("cart", "total"),
    [
        ({"items": [{"name": "A"}], "total": 590}, "590"),
        ({"items": [{"name": "A"}], "total": 590, "shippingFee": 50}, ""),
        ({"items": [{"name": "A"}], "total": 590, "grandTotal": 640}, "640"),
        ({"items": [{"name": "A"}], "total": 590, "shippingFee": "0"}, "590"),
        ({"items": [{"name": "A"}], "total": 590, "shipping": 50}, ""),
        ({"items": [{"name": "A"}], "total": 590, "shipping": {"fee": "50 THB"}}, ""),
        ({"items": [{"name": "A"}], "total": 590, "ค่าขนส่ง": "50 บาท"}, ""),
        ({"items": [{"name": "A"}], "total": 590, "ส่วนลด": 100}, ""),
        ({"items": [{"name": "A"}], "total": 590, "discount": 0, "shipping": "EMS"}, "590"),
        ({"items": [{"name": "A"}], "total": 590, "deliveryDate": "2026-11-30", "id": 7}, "590"),
        ({"items": [{"name": "A"}], "subtotal": 540, "total": 590, "shipping": 50}, "590"),
    ],
)
def test_a_total_is_the_grand_total_unless_a_fee_or_discount_may_not_be_in_it(cart: Any, total: str) -> None:
    assert said(shopping_cart=cart).grand_total == total


@pytest.mark.parametrize(
    ("products", "found"),
    [
        (["Dog food x2", "Cat food × 1"], [("Dog food", "2"), ("Cat food", "1")]),
        ("Dog food x2, 3 x Cat food", [("Dog food", "2"), ("Cat food", "3")]),
        ("Dog food, 10 kg x 2", [("Dog food, 10 kg", "2")]),
        ("2 x ข้าวหอม", [("ข้าวหอม", "2")]),
        ("อาหารหมา 10 กก. 2 ถุง, อาหารแมว 1 กล่อง", [("อาหารหมา 10 กก.", "2 ถุง"), ("อาหารแมว", "1 กล่อง")]),
        ("อาหารหมา 10 กก.", [("อาหารหมา 10 กก.", "")]),
        (["Galaxy X2"], [("Galaxy X2", "")]),
        (["Dog food 10x20"], [("Dog food 10x20", "")]),
        (["กรอบรูป 4 x 6", "4 x 6 photo paper"], [("กรอบรูป 4 x 6", ""), ("4 x 6 photo paper", "")]),
        ("Frame 20 x 30, Frame 30 x 40", [("Frame 20 x 30, Frame 30 x 40", "")]),
        ("2 x 3M tape, Paper A4 x 5", [("3M tape", "2"), ("Paper A4", "5")]),
    ],
)
def test_a_product_in_one_text_tells_how_many(products: Any, found: list[tuple[str, str]]) -> None:
    assert [(one.name, one.count) for one in said(shopping_cart={"products": products}).products] == found


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"size": "M", "color": "แดง"}, "เสื้อ (M, แดง)"),
        ({"variant": "M / แดง"}, "เสื้อ (M / แดง)"),
        ({"options": [{"name": "M"}], "ไซส์": "-"}, "เสื้อ (M)"),
        ({"size": "", "weight": 2}, "เสื้อ"),
    ],
)
def test_a_product_is_called_with_its_variant(more: Any, name: str) -> None:
    [product] = said(shopping_cart={"products": [{"name": "เสื้อ", "count": 1, **more}]}).products
    assert product.name == name


def test_a_count_with_its_unit_is_text() -> None:
    [product] = said(shopping_cart={"products": [{"name": "A", "count": {"value": 2, "unit": "bags"}}]}).products
    assert product.count == "2 bags"


@pytest.mark.parametrize("word", ["หมด", "ไม่มี", "Sold out", "no"])
def test_words_for_sold_out_say_that_a_product_is_not_available(word: str) -> None:
    [product] = said(shopping_cart={"products": [{"name": "A", "available": word}]}).products
    assert not product.available


def test_a_cart_of_numbered_products_is_read() -> None:
    event = said(shopping_cart={"0": {"name": "A", "qty": 2}, "1": {"name": "B"}})
    assert [(one.name, one.count) for one in event.products] == [("A", "2"), ("B", "")]


@pytest.mark.parametrize("key", ["recipient", "customer", "user", "data"])
def test_the_one_object_within_a_part_is_the_part(key: str) -> None:
    inner = {"fullName": "สมชาย ใจดี", "tel": "0812345678"}
    assert said(contact_info={key: inner, "name": "", "verified": True}).contact == SOMCHAI
    cart = said(shopping_cart={key: {"items": [{"name": "เสื้อ"}]}})
    assert [product.name for product in cart.products] == ["เสื้อ"]


@pytest.mark.parametrize(
    "contact",
    [
        {"name": "สมชาย ใจดี", "phone": "0812345678", "seller": {"name": "วิภา"}},
        {"name": {"first": "สมชาย", "last": "ใจดี"}, "phone": "0812345678", "seller": {"email": "shop@example.com"}},
    ],
)
def test_beside_the_customers_own_details_another_object_is_unknown(contact: dict[str, Any]) -> None:
    assert said(contact_info=contact).contact == SOMCHAI


def test_two_objects_within_a_part_could_be_two_people() -> None:
    assert said(contact_info={"buyer": {"name": "วิภา"}, "seller": {"name": "สมชาย"}}).contact == ContactInfo()
