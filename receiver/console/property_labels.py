"""What properties are called on the console: property -> (English, Thai)."""

from collections.abc import Mapping

from leadcore.receipts import CONTACT

FIELDS: Mapping[str, tuple[str, str]] = {
    CONTACT: ("The contact", "ผู้ติดต่อ"),
    "firstname": ("First name", "ชื่อ"),
    "lastname": ("Last name", "นามสกุล"),
    "email": ("Email", "อีเมล"),
    "phone": ("Phone", "เบอร์โทรศัพท์"),
    "mobilephone": ("Mobile phone", "เบอร์มือถือ"),
    "company": ("Company", "บริษัท"),
    "address": ("Street address", "ที่อยู่"),
    "city": ("City", "เมือง"),
    "state": ("Province", "จังหวัด"),
    "zip": ("Postcode", "รหัสไปรษณีย์"),
    "country": ("Country", "ประเทศ"),
    "hs_language": ("Language", "ภาษา"),
    "hs_lead_status": ("Lead status", "สถานะลีด"),
    "hs_legal_basis": ("Legal basis", "ฐานทางกฎหมาย"),
    "dealdroid_customer_id": ("DealDroid customer ID", "รหัสลูกค้า DealDroid"),
    "dealdroid_last_intent": ("Last chat intent", "intent ล่าสุด"),
    "dealdroid_last_intent_at": ("Last chat at", "แชตล่าสุดเมื่อ"),
    "dealdroid_payment_method": ("Preferred payment", "วิธีชำระเงินที่ต้องการ"),
    "dealdroid_cart": ("Cart", "ตะกร้าสินค้า"),
    "dealdroid_cart_total": ("Cart total", "ยอดรวมตะกร้า"),
    "dealdroid_subdistrict": ("Subdistrict", "ตำบล/แขวง"),
    "dealdroid_district": ("District", "อำเภอ/เขต"),
    "dealdroid_unsaved": ("Values not saved", "ค่าที่ไม่ได้บันทึก (Values not saved)"),
    "dealdroid_other_customer_ids": ("Other chat IDs", "รหัสแชตอื่น"),
    "dealdroid_village": ("Village / project", "หมู่บ้าน/โครงการ"),
    "dealdroid_product_type": ("Product type", "ประเภทสินค้า"),
    "dealdroid_first_intent": ("First chat intent", "intent แรก"),
    "dealdroid_first_intent_at": ("First chat at", "แชตแรกเมื่อ"),
    "dealdroid_name_given": ("Name as given", "ชื่อตามที่แจ้ง"),
    "dealdroid_nickname": ("Nickname", "ชื่อเล่น"),
    "dealdroid_other_phones": ("Other phones", "เบอร์โทรศัพท์อื่น"),
}
