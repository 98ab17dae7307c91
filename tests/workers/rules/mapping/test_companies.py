import time

import pytest

from workers.rules.mapping import name
from workers.rules.mapping.name import Name

COMPANIES = """\
ห.จ.ก. รุ่งเรือง
หจก รุ่งเรือง
หสม. แดง
ห้างหุ้นส่วนสามัญ แดง
บ. สมชาย จก.
บ.สมชาย จำกัด
บจก สมชาย
บมจ. ไทย
บ.จ.ก. เอ
บ.ม.จ. เอ
เอบีซี (มหาชน)
บริษัท เอ จำกัด (สำนักงานใหญ่)
บริษัท เอ จำกัด สาขา 2
เอ จำกัด สำนักงานใหญ่
เอ จำกัด (สาขาที่ 00001)
เอ จำกัด สาขาสีลม
เอ จำกัด (สาขาสีลม)
เอ จำกัด สาขาที่บางกะปิ
เอ จำกัด สาขา ลาดพร้าว 101
Acme Co., Ltd. สาขาเชียงใหม่
Acme Ltd Branch #2
Acme Co., Ltd. Head Office
Acme Ltd (Branch 00001)
บจ. เอบีซี
Acme Ltd., Part.
Acme Limited Partnership
มูลนิธิกระจก
โรงแรมแดง
ห้างทองแม่แดง
ABC Trading Sdn Bhd
ABC Sdn. Bhd.
ABC Berhad
ABC PLT
Syarikat Ahmad
Acme Enterprise
Kedai Ahmad
ABC (M) Sdn. Bhd.
ABC Pte Ltd
ABC Pte. Ltd.
ABC Pty Ltd
ABC Private Limited
PT Maju Jaya
PT. Maju Jaya Tbk
CV. Sinar Abadi
Công ty TNHH ABC
CÔNG TY CỔ PHẦN ABC
Cty TNHH Minh Anh
Jollibee Foods Corp.
ABC OPC
ຮ້ານ ສົມຊາຍ
ບໍລິສັດ ລາວ ຈຳກັດ
ក្រុមហ៊ុន ABC
ကုမ္ပဏီ ABC
SIEMENS AG
Bosch GmbH
Müller GmbH & Co. KG
Alpin S.à r.l.
Alfa Sp. z o.o.
Nestlé S.A.
Total SAS
Fiat S.p.A.
Philips N.V.
Novo A/S
Nokia Oyj
Volvo AB
ООО Ромашка
Acme Corporation
(株)山田商店
山田商店(株)
株式会社山田
山田株式会社
㈱山田
有限会社田中
(주)한국
한국(주)
주식회사 한국
㈜한국
上海贸易有限公司
台積電股份有限公司
เทศบาลเมืองแดง
อบต.แดง
องค์การบริหารส่วนตำบลแดง
สำนักงานบัญชี แดง
โรงงานขนมแดง
รพ.แดง
กลุ่มแม่บ้านแดง
เพจ น้องหมา แดง
Happy Pet Shop
Ann Beauty Clinic
The Red Restaurant
RED CAFE
Ann Official Store
Ann Official
Red Group
Shop Mẹ Bé
นิดา shop
บ้านแดงคาเฟ่
แดง ช็อป
Nhà hàng Hoa
Toko Merah
红星超市
小红旗舰店
한국약국
วัดโพธิ์ ท่าเตียน
วัดสุทัศน์ เทพวราราม
วัดแจ้ง อุบลราชธานี
The Old Place
THE COFFEE CLUB
"""
PERSONS = """\
Maria Co
Li Sa
LI SA
Somying Oy
C.V. Raman
John Ag
สมชาย บุญจก
Ann Inchai
Limited Edition
Anna Corporal
Sahara Ab
สมชาย กลุ่มแดง
สมชาย ศูนย์แดง
Ann Shopfield
วัดใจ สุขดี
The Vinh
"""


@pytest.mark.parametrize("text", COMPANIES.splitlines())
def test_a_company_is_told_by_its_legal_form(text: str) -> None:
    assert name.parse(text) == Name(company=text)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("สมชาย ใจดี (สำนักงานใหญ่)", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี สำนักงานใหญ่", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี (สาขา 00002)", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี (สาขาสีลม)", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี สาขา สีลม", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี branch no. 2", Name("สมชาย", "ใจดี")),
        ("สมชาย ใจดี (Head Office)", Name("สมชาย", "ใจดี")),
        ("คุณแดง (บริษัท เอ จำกัด (มหาชน))", Name("แดง", company="บริษัท เอ จำกัด (มหาชน)")),
        ("บริษัท เอ จำกัด เลขประจำตัวผู้เสียภาษี 0105551234567", Name(company="บริษัท เอ จำกัด")),
        ("สมชาย (0105551234567)", Name("สมชาย")),
    ],
)
def test_what_stands_beside_a_company_on_its_invoices_is_no_part_of_a_name(text: str, parsed: Name) -> None:
    assert name.parse(text) == parsed


@pytest.mark.parametrize("text", PERSONS.splitlines())
def test_a_name_that_only_looks_like_a_legal_form_is_a_persons(text: str) -> None:
    first, last = text.split(" ")
    assert name.parse(text) == Name(first, last)


@pytest.mark.parametrize(
    "text",
    [
        "บริษัท เอ จำกัด โดย คุณสมชาย ใจดี",
        "บริษัท เอ จำกัด ติดต่อ: สมชาย ใจดี",
        "บริษัท เอ จำกัด คุณสมชาย ใจดี",
        "คุณสมชาย ใจดี บริษัท เอ จำกัด",
        "นายสมชาย ใจดี (บริษัท เอ จำกัด)",
        "บริษัท เอ จำกัด (คุณสมชาย ใจดี)",
        "บริษัท เอ จำกัด (ผู้ติดต่อ: สมชาย ใจดี)",
        "บริษัท เอ จำกัด / คุณสมชาย ใจดี",
        "คุณสมชาย ใจดี - บริษัท เอ จำกัด",
        "คุณสมชาย ใจดี, บริษัท เอ จำกัด",
        "บริษัท เอ จำกัด, คุณสมชาย ใจดี",
    ],
)
def test_the_person_of_a_company_stands_before_or_behind_it(text: str) -> None:
    assert name.parse(text) == Name("สมชาย", "ใจดี", "บริษัท เอ จำกัด")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("Siam Pet Co., Ltd. - K. Somchai", Name("Somchai", company="Siam Pet Co., Ltd.")),
        ("Mr. Somchai Jaidee / Siam Pet Co., Ltd.", Name("Somchai", "Jaidee", "Siam Pet Co., Ltd.")),
        ("ร้านกาแฟ (คุณแดง)", Name("แดง", company="ร้านกาแฟ")),
        ("ร้านกาแฟ คุณแดง", Name(company="ร้านกาแฟ คุณแดง")),
        ("ร้านกาแฟ โดยคุณแดง", Name("แดง", company="ร้านกาแฟ")),
        ("หจก.ศรีทอง โดยนายสมพร ศรีทอง", Name("สมพร", "ศรีทอง", "หจก.ศรีทอง")),
        ("ร้านอาหารโดยแดง", Name(company="ร้านอาหารโดยแดง")),
        ("Mr John Smith, Hilton Hotel", Name("John", "Smith", "Hilton Hotel")),
        ("Hilton Hotel, Mr John Smith", Name("John", "Smith", "Hilton Hotel")),
        ("Smith, Mr. John", Name("John", "Smith")),
        ("Siam Pet Co., Ltd.", Name(company="Siam Pet Co., Ltd.")),
        ("上海贸易有限公司 王经理", Name(last="王", company="上海贸易有限公司")),
        ("Toyota (Thailand) Co., Ltd.", Name(company="Toyota (Thailand) Co., Ltd.")),
        ("A/S Norden A/S", Name(company="A/S Norden A/S")),
        ("วัดป่าบ้านตาด", Name(company="วัดป่าบ้านตาด")),
        ("วัฒนา วัดจัง", Name("วัฒนา", "วัดจัง")),
        ("The Anh Nguyen", Name("The Anh", "Nguyen")),
        ("Somchai (The Old Place)", Name("Somchai", company="The Old Place")),
    ],
)
def test_only_a_person_with_a_title_is_parted_from_a_company(text: str, parsed: Name) -> None:
    assert name.parse(text) == parsed


def test_a_company_keeps_a_word_that_says_nothing_of_a_person() -> None:
    assert name.parse("None Co., Ltd.") == Name(company="None Co., Ltd.")
    assert name.parse("undefined บริษัท เอ จำกัด") == Name(company="บริษัท เอ จำกัด")


def test_a_long_text_beside_a_company_takes_no_time() -> None:
    began = time.process_time()
    name.parse("x" * 4000 + " / y Ltd.")
    name.parse("ชื่อก" + " ," * 2000)
    assert time.process_time() - began < 2


def test_the_honorific_of_a_company_is_dropped() -> None:
    assert name.parse("株式会社ABC 御中") == Name(company="株式会社ABC")


@pytest.mark.parametrize("department", ["ฝ่ายจัดซื้อ", "แผนกบัญชี", "ฝ่าย การเงิน", "ถึงฝ่ายบุคคล", "แผนกช่างไฟฟ้า"])
def test_a_department_before_a_company_is_nobodys_name(department: str) -> None:
    assert name.parse(f"{department} บริษัท เอบีซี จำกัด") == name.Name(company="บริษัท เอบีซี จำกัด")


@pytest.mark.parametrize("person", ["แผนกระโทก", "ฝ่ายใจดี", "แผน", "บัญชี", "ช่าง"])
def test_a_word_like_a_department_before_a_company_stays_a_name(person: str) -> None:
    assert name.parse(f"{person} บริษัท เอบีซี จำกัด") == name.Name(person, company="บริษัท เอบีซี จำกัด")


def test_the_sign_of_a_company_alone_is_none() -> None:
    assert name.parse("㈜") == Name()
