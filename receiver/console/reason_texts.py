"""Thai for the English reasons that workers store in receipts, and what to do about them. All other texts are in
`receiver.console.translations`."""

import re
from collections.abc import Mapping

# Thai for `leadcore.store.parked.FIXES`: what fixes parked leads, by the code of their reason; "" for any other.
FIXES: Mapping[str, str] = {
    "": "สาเหตุอาจหมดไปแล้ว กรุณาลองใหม่",
    "unusable": "ลองใหม่ทั้งอย่างนี้ไม่ได้ กรุณาให้ intent ใน DealDroid ส่งค่าที่ขาด แล้วทิ้งรายการนี้",
    "unreadable": "กรุณาติดตั้ง leadsync รุ่นล่าสุดแล้วลองใหม่ หากยังค้างอีกให้ทิ้ง",
    "refused": "กรุณาตรวจกฎหรือ property ที่บังคับกรอกในพอร์ทัล แก้ไขแล้วลองใหม่",
    "dry run": "เมื่อเอา DRY_RUN ออกและเริ่ม worker ใหม่แล้ว กรุณาลองใหม่",
    "error": "กรุณาติดตั้ง leadsync รุ่นล่าสุดแล้วลองใหม่",
    "failed": "ลีดบันทึกแล้ว กรุณาแก้ตามที่ DealDroid แจ้งแล้วลองใหม่ หรือทิ้งข้อความนี้",
    "interrupted": "ลีดบันทึกแล้ว และลูกค้าอาจได้รับข้อความแล้ว ลองใหม่เมื่อแน่ใจว่ายังไม่ได้รับ หากไม่แน่ใจให้ทิ้ง",
    "row": "HubSpot รับลีดอื่นแต่ไม่รับลีดนี้ กรุณาดู status.hubspot.com แล้วลองใหม่",
    "race": "มีโปรแกรมอื่นเขียนรายชื่อเดียวกันพร้อมกัน กรุณาลองใหม่ หากเกิดซ้ำให้ดูแอปที่เชื่อมต่อใน HubSpot",
    "vanishing": "มี workflow หรือผู้ใช้ลบรายชื่อระหว่างบันทึก กรุณาหาสาเหตุใน HubSpot แล้วลองใหม่",
    "unsettled": "HubSpot ปฏิเสธค่าต่าง ๆ ของลีดนี้ต่อเนื่อง กรุณาตรวจกฎของ property ในพอร์ทัลแล้วลองใหม่",
}

# What to do about a dropped value, by the reason in the receipt: (English, Thai); "" for any other.
HINTS: Mapping[str, tuple[str, str]] = {
    "": (
        'What was said stands on the contact under "Values not saved".',
        'ค่าที่ลูกค้าแจ้งอยู่ใน "Values not saved" ของรายชื่อ',
    ),
    "it is one of ignored_emails": ("Nothing to do: leadsync.toml says so.", "ไม่ต้องทำอะไร เป็นไปตาม leadsync.toml"),
    "it is not a valid email address": (
        'Ask the customer; what they said is on the contact under "Values not saved".',
        'กรุณาถามลูกค้าอีกครั้ง ค่าที่แจ้งอยู่ใน "Values not saved" ของรายชื่อ',
    ),
    "it is not a phone number": (
        'Ask the customer; what they said is on the contact under "Values not saved".',
        'กรุณาถามลูกค้าอีกครั้ง ค่าที่แจ้งอยู่ใน "Values not saved" ของรายชื่อ',
    ),
    "it can be read in more than one way": (
        'Ask the customer; what came is on the contact under "Values not saved".',
        'กรุณาถามลูกค้าอีกครั้ง ค่าที่ได้รับอยู่ใน "Values not saved" ของรายชื่อ',
    ),
    "its parts contradict each other": (
        'Ask the customer which is right; what does not fit is on the contact under "Values not saved".',
        'กรุณาถามลูกค้าว่าข้อมูลใดถูกต้อง ส่วนที่ขัดกันอยู่ใน "Values not saved" ของรายชื่อ',
    ),
    "HubSpot has no such option": (
        "Add the option to the property in HubSpot; the next leads will have it.",
        "กรุณาเพิ่มตัวเลือกใน property ของ HubSpot ลีดถัดไปจะมีค่านี้",
    ),
    "the property does not exist in HubSpot; run leadsync setup": (
        "Run leadsync setup; the next leads will have it.",
        "กรุณารัน leadsync setup ลีดถัดไปจะมีค่านี้",
    ),
    "the property is read-only in HubSpot": (
        "Make the property editable in HubSpot, or leave it out in leadsync.toml.",
        "กรุณาตั้งให้ property แก้ไขได้ใน HubSpot หรือตัดออกใน leadsync.toml",
    ),
    "another contact has this value": (
        "If the two contacts are one person, merge them in HubSpot.",
        "หากเป็นคนเดียวกัน กรุณารวมรายชื่อใน HubSpot",
    ),
}

# Reasons as the workers store them: English -> Thai. One that a receipt may still hold must not be renamed or removed.
REASONS: Mapping[str, str] = {
    "it is not a valid email address": "อีเมลไม่ถูกต้อง",
    "it is one of ignored_emails": "เป็นอีเมลที่ตั้งไว้ให้ข้าม",
    "it is not a phone number": "ไม่ใช่หมายเลขโทรศัพท์",
    "it can be read in more than one way": "ตีความได้มากกว่าหนึ่งแบบ",
    "its parts contradict each other": "ข้อมูลแต่ละส่วนขัดกันเอง",
    "HubSpot has no such option": "HubSpot ไม่มีตัวเลือกนี้",
    "HubSpot does not accept this email address": "HubSpot ไม่รับอีเมลนี้",
    "the property does not exist in HubSpot; run leadsync setup": "HubSpot ไม่มี property นี้ กรุณารัน leadsync setup",
    "the property is read-only in HubSpot": "property นี้แก้ไขไม่ได้ใน HubSpot",
    "HubSpot expects a whole number": "HubSpot ต้องการจำนวนเต็ม",
    "HubSpot expects a number": "HubSpot ต้องการตัวเลข",
    "HubSpot expects a date": "HubSpot ต้องการวันที่",
    "HubSpot does not accept this phone number": "HubSpot ไม่รับหมายเลขนี้",
    "another contact has this value": "รายชื่ออื่นใช้ค่านี้อยู่แล้ว",
    "another contact has this email": "รายชื่ออื่นใช้อีเมลนี้อยู่แล้ว",
    "three or more customers use this email, so it identifies nobody": "มีลูกค้าใช้อีเมลนี้ตั้งแต่สามคน จึงระบุตัวไม่ได้",
    "it was parked for 30 days, so what it said was removed": "ค้างครบ 30 วันแล้ว จึงลบสิ่งที่ลูกค้าแจ้งออก",
    "a dry run held it back, and nobody retried it for 30 days, so what it said was removed": (
        "พักไว้ในโหมดทดลองครบ 30 วันโดยไม่มีผู้สั่งบันทึก จึงลบสิ่งที่ลูกค้าแจ้งออก"
    ),
    "the customer has said something newer": "ลูกค้าแจ้งค่าที่ใหม่กว่าแล้ว",
    "a longer name is already known": "มีชื่อที่ครบกว่าอยู่แล้ว",
    "the contact belongs to somebody else and has another value": "รายชื่อนี้มีผู้อื่นสร้างไว้และมีค่าอื่นอยู่แล้ว",
    "the contact is another chat customer's, matched by email only": "รายชื่อเป็นของลูกค้าแชตคนอื่น จับคู่จากอีเมลเพียงอย่างเดียว",
    "matched by email only": "จับคู่จากอีเมลเพียงอย่างเดียว",
    "no contact details yet": "ยังไม่มีข้อมูลติดต่อ",
    "dry run: nothing was written": "โหมดทดลอง: ไม่ได้บันทึกจริง",
    "dry run: nothing is sent": "โหมดทดลอง: ไม่ได้ส่งจริง",
    "nothing new for the customer": "ไม่มีเรื่องใหม่ที่ต้องแจ้ง",
    "the same was said today": "วันนี้แจ้งเรื่องเดียวกันแล้ว",
    "the contact was found by its email alone": "พบรายชื่อจากอีเมลเพียงอย่างเดียว",
    "a newer event was answered": "ตอบเหตุการณ์ที่ใหม่กว่าแล้ว",
    "the text is empty": "ข้อความว่าง",
    "messages are switched off": "ปิดการส่งข้อความไว้",
    "messages are switched off for this intent": "ปิดการส่งข้อความของ intent นี้ไว้",
    "quiet hours": "อยู่ในช่วงเวลางดรบกวน",
    "it is a retry": "เป็นการลองใหม่",
    "DealDroid cannot be reached": "ติดต่อ DealDroid ไม่ได้",
    "no TLS connection or proxy to DealDroid": "เชื่อมต่อ TLS หรือพร็อกซีไปยัง DealDroid ไม่ได้",
    "the connection ended before DealDroid answered": "การเชื่อมต่อขาดก่อน DealDroid ตอบ",
    "DealDroid did not answer in time": "DealDroid ไม่ตอบในเวลา",
    "DealDroid's answer could not be read": "อ่านคำตอบของ DealDroid ไม่ได้",
    "Redis restarted while it was sent": "Redis เริ่มใหม่ระหว่างส่ง",
    "the sender was cut off": "ผู้ส่งหยุดทำงานกลางคัน",
    "this program cannot read the message": "อ่านข้อความไม่ได้",
    "this program cannot read this event": "อ่านเหตุการณ์นี้ไม่ได้",
    "HubSpot refused this contact": "HubSpot ไม่รับรายชื่อนี้",
    "HubSpot refused some values": "HubSpot ไม่รับบางค่า",
    "HubSpot refused the contact, perhaps for this value": "HubSpot ไม่รับรายชื่อนี้ อาจเป็นเพราะค่านี้",
    "HubSpot refused even a made-up last name": "HubSpot ไม่รับแม้แต่นามสกุลสมมติ",
    "HubSpot has locked this contact for a moment": "HubSpot ล็อกรายชื่อนี้ชั่วคราว",
    "HubSpot is not available.": "HubSpot ใช้งานไม่ได้ชั่วคราว",
    "HubSpot is too busy for this contact": "HubSpot ไม่ว่างสำหรับรายชื่อนี้",
    "HubSpot does not say whether this contact exists": "HubSpot ไม่บอกว่ามีรายชื่อนี้หรือไม่",
    "HubSpot has locked these records for a moment.": "HubSpot ล็อกรายชื่อเหล่านี้ชั่วคราว",
    "HubSpot gave an error without an explanation": "HubSpot แจ้งข้อผิดพลาดโดยไม่บอกสาเหตุ",
    "HubSpot gave no answer for this lead": "HubSpot ไม่ตอบสำหรับลีดนี้",
    "HubSpot's answers did not come to an end": "HubSpot ปฏิเสธค่าต่าง ๆ ไม่จบ",
    "HubSpot answered without a result. It is tried again.": "HubSpot ตอบกลับโดยไม่มีผลลัพธ์",
    "HubSpot did not answer in time.": "HubSpot ไม่ตอบในเวลา",
    "HubSpot's answer took too long.": "HubSpot ตอบช้าเกินไป",
    "HubSpot closed the connection before it answered.": "HubSpot ตัดการเชื่อมต่อก่อนตอบ",
    "HubSpot names no contact with this email yet": "HubSpot ยังไม่แสดงรายชื่อที่มีอีเมลนี้",
    "another write made this contact at the same moment": "มีการสร้างรายชื่อนี้พร้อมกันจากที่อื่น",
    "the contact with this email vanished": "รายชื่อที่มีอีเมลนี้หายไป",
    "the contact vanished from HubSpot while it was written": "รายชื่อหายไปจาก HubSpot ระหว่างบันทึก",
    "the customer who made this contact is just being written": "กำลังบันทึกลูกค้าเจ้าของรายชื่อนี้อยู่",
}
# Reasons with values in them: (pattern, English, Thai); "" leaves the stored text as it is.
PATTERNS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile("nothing was written"), "Dry run: nothing was written", "โหมดทดลอง: ไม่ได้บันทึกจริง"),
    (
        re.compile(r"(?P<why>.*); given up after (?P<n>\d+) tries", re.DOTALL),
        "{why}; tried {n} times",
        "{why} (ลองแล้ว {n} ครั้ง)",
    ),
    (re.compile(r"its message was not sent, (?P<why>.*)"), "", "ส่งข้อความไม่สำเร็จ: {why}"),
    (re.compile(r"its message may not have arrived, (?P<why>.*)"), "", "ข้อความอาจไม่ถึงลูกค้า: {why}"),
    (re.compile(r"(?P<what>.*) is missing or unusable"), "", "{what} ขาดหรือใช้ไม่ได้"),
    (re.compile(r"HubSpot does not accept the value \((?P<what>.*)\)"), "", "HubSpot ไม่รับค่านี้ ({what})"),
    (re.compile(r"HubSpot is not available \(status (?P<what>\d+)\)\."), "", "HubSpot ใช้งานไม่ได้ (รหัส {what})"),
    (
        re.compile(r"HubSpot gave an unexpected answer \(status (?P<what>\d+)\)\. Check HUBSPOT_BASE_URL\."),
        "",
        "HubSpot ตอบผิดปกติ (รหัส {what}) กรุณาตรวจสอบ HUBSPOT_BASE_URL",
    ),
    (re.compile(r"a fault in this program \((?P<what>\w+)\)"), "", "โปรแกรมนี้ขัดข้อง ({what})"),
    (re.compile(r"DealDroid answered (?P<what>\d+)"), "", "DealDroid ตอบรหัส {what}"),
    (re.compile(r"DealDroid refused the message \(status (?P<what>\d+)\)"), "", "DealDroid ไม่รับข้อความ (รหัส {what})"),
)
