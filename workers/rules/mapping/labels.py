"""What people call the numbers and offices that they write among other text: regular expressions, to be read without
regard to case."""

from workers.rules.mapping.characters import NOT_BEFORE_LATIN, NOT_BEHIND_LATIN

PHONE = (
    r"(?:เบอร์(?:โทรศัพท์มือถือ|โทรศัพท์|โทร|มือถือ|ติดต่อ)?|โทรศัพท์(?:มือถือ)?|มือถือ|โทร|ติดต่อ|"
    r"电话|電話|手机|手機|携帯|전화|"
    rf"{NOT_BEHIND_LATIN}(?:(?:số )?điện thoại|sđt|đt|telephone|telp|tel|phone|mobile|mob|cell|call|whatsapp|wa|hp|ph|"
    rf"[tm](?=[.:])){NOT_BEFORE_LATIN}(?:\s*(?:no|number){NOT_BEFORE_LATIN})?)"
)
TAX_ID = (
    r"(?:เลข(?:ที่)?(?:ทะเบียน|ประจำตัว|บัตร(?:ประจำตัว)?)?(?:ผู้เสียภาษี(?:อากร)?|นิติบุคคล|ประชาชน)|(?:ผู้)?เสียภาษี(?:อากร)?|"
    r"เลขภาษี|ทะเบียนนิติบุคคล|เลข(?:ที่)?บัตร|"
    rf"{NOT_BEHIND_LATIN}(?:tax(?:\s?payer)?(?:\s?(?:identification|registration))?|vat|npwp|gst)"
    rf"(?:\s?(?:id|i\.d|number|num|no)\.?)*{NOT_BEFORE_LATIN})"
)
HEAD_OFFICE = rf"(?:สำนักงาน\s?ใหญ่|สนง\.?\s?ใหญ่|สนญ\.?|{NOT_BEHIND_LATIN}head\s?office{NOT_BEFORE_LATIN})"
BRANCH = rf"(?:สาขา(?:\s?ที่)?|{NOT_BEHIND_LATIN}branch{NOT_BEFORE_LATIN}(?:\s*(?:number|no){NOT_BEFORE_LATIN})?)[\s.:#]*"
DEPARTMENT = (
    "(?:บัญชี|การเงิน|ขาย|จัดซื้อ|จัดส่ง|บุคคล|ผลิต|ไอที|IT|ช่าง|คลัง|การตลาด|ธุรการ|บริการ|ลูกค้า|ต้อนรับ|ครัว|แม่บ้าน|วิศวกรรม|กฎหมาย"
    "|พยาบาล)"
)
"""Of a company, behind ฝ่าย or แผนก: แผนกระโทก is a surname."""
# Before a person or a street: "รบกวนจัดส่งมาที่ คุณมะลิ". Not มา alone, with which names begin.
SEND_TO = r"(?:รบกวน|กรุณา|ช่วย)?\s?(?:จัด)?ส่ง(?:ของ|สินค้า)?(?:(?:มา|ไป)?(?:ที่|ให้|ถึง))?"
