"""Other names under which a payload may hold what DealDroid calls `phone`, `postal_code` or `count`: those that forms,
shops and Thai spreadsheets give it. By the documented name; compared without case and style.
"""

from collections.abc import Mapping

ADDRESS: Mapping[str, str] = {
    "street_address": "street, address, address line, address line 1, address 1, line1, address line 2, address 2, "
    "street address 2, line2, full address, ที่อยู่",
    "village_or_project": "village, project, หมู่บ้าน, โครงการ",
    "subdistrict": "sub district, tambon, tambol, khwaeng, ตำบล, แขวง, ตำบล/แขวง, แขวง/ตำบล",
    "district": "amphoe, amphur, khet, อำเภอ, เขต, อำเภอ/เขต, เขต/อำเภอ",
    "city": "town",
    "state": "province, changwat, จังหวัด",
    "postal_code": "zip, zip code, postcode, post code, รหัสไปรษณีย์",
    "country": "country name, ประเทศ",
}
CONTACT: Mapping[str, str] = {
    "name": "full name, customer name, contact name, recipient name, first name, last name, given name, family name, "
    "surname, nickname, nick name, ชื่อเล่น, "
    "receiver name, buyer name, ชื่อ, นามสกุล, ชื่อ-นามสกุล, ชื่อ-สกุล, ชื่อลูกค้า, ชื่อผู้รับ, ชื่อผู้รับสินค้า, "
    "ชื่อ-นามสกุลผู้รับ",
    "phone": "phone number, phone no, tel, telephone, tel no, mobile, mobile phone, mobile number, mobile no, "
    "contact number, contact phone, customer phone, recipient phone, receiver phone, buyer phone, customer mobile, "
    "phone 1, phone 2, phone 3, mobile 1, mobile 2, tel 1, tel 2, cell phone, เบอร์ติดต่อ, เบอร์โทรติดต่อ, เบอร์โทรผู้รับ, "
    "เบอร์ผู้รับ, เบอร์ลูกค้า, เบอร์โทรลูกค้า, โทรศัพท์มือถือ, หมายเลขโทรศัพท์, เบอร์, "
    "เบอร์โทร, เบอร์โทรศัพท์, เบอร์มือถือ, โทร, โทรศัพท์, มือถือ",
    "email": "email address, mail, contact email, customer email, recipient email, อีเมล, อีเมล์",
    "address": "full address, shipping address, delivery address, customer address, contact address, street, "
    "street address, address line 1, address 1, address line 2, address 2, ที่อยู่, ที่อยู่จัดส่ง, ที่อยู่ผู้รับ, ที่อยู่ลูกค้า, "
    "ที่อยู่ในการจัดส่ง, ที่อยู่สำหรับจัดส่ง",
    "city": "town, province, จังหวัด",
    "zipcode": "zip, postcode, post code, postal code, รหัสไปรษณีย์",
    "language": "lang, ภาษา",
}
CART: Mapping[str, str] = {
    "products": "items, line items, cart items, order items, product list, item list, สินค้า, รายการ, รายการสินค้า",
    "shippingFee": "shipping cost, shipping price, shipping amount, delivery fee, ค่าส่ง, ค่าจัดส่ง",
    "grandTotal": "net total, ยอดสุทธิ, ยอดรวมสุทธิ, ยอดรวมทั้งสิ้น, รวมทั้งสิ้น",
}
PRODUCT: Mapping[str, str] = {
    "code": "sku, product code, item code, รหัส, รหัสสินค้า",
    "name": "product name, item name, product title, title, product, item, ชื่อ, ชื่อสินค้า, สินค้า, รายการ",
    "price": "unit price, price per unit, product price, item price, ราคา, ราคาต่อหน่วย, ราคาต่อชิ้น",
    "count": "qty, quantity, product qty, item qty, product quantity, item quantity, pcs, จำนวน, จำนวนชิ้น, "
    "số lượng, 数量, 수량",
    "total": "line total, total price, subtotal, ราคารวม, รวม, รวมเงิน",
    "available": "is available, in stock",
}
VARIANTS = (
    "variant, variant name, variant title, variation, option, options, size, color, colour, flavor, flavour, ไซส์, ไซซ์, "
    "ขนาด, สี, รส, รสชาติ, แบบ, ตัวเลือก"
)
"""By what of a product the shop tells its variants."""
