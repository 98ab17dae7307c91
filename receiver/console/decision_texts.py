"""The texts of what a person decides, and of what came of it: key -> (English, Thai), as in
`receiver.console.translations`."""

from collections.abc import Mapping

DECISION_TEXTS: Mapping[str, tuple[str, str]] = {
    "retry": ("Retry", "ลองใหม่"),
    "retry.all": ("Retry {n}|Retry all {n}", "ลองใหม่ {n} รายการ|ลองใหม่ทั้งหมด {n} รายการ"),
    "discard": ("Discard…", "ทิ้ง…"),
    "discard.all": ("Discard {n}…|Discard all {n}…", "ทิ้ง {n} รายการ…|ทิ้งทั้งหมด {n} รายการ…"),
    "discard.sure.leads": ("Discard {n} lead?|Discard {n} leads?", "ต้องการทิ้ง {n} ลีดหรือไม่"),
    "discard.sure.messages": ("Discard {n} message?|Discard {n} messages?", "ต้องการทิ้ง {n} ข้อความหรือไม่"),
    "discard.sure.orders": ("Discard {n} order?|Discard {n} orders?", "ต้องการทิ้ง {n} ออเดอร์หรือไม่"),
    "discard.sure.payments": (
        "Discard {n} notice of a payment?|Discard {n} notices of payments?",
        "ต้องการทิ้งการแจ้งชำระเงิน {n} รายการหรือไม่",
    ),
    "discard.sure.notes": ("Discard {n} note?|Discard {n} notes?", "ต้องการทิ้ง {n} โน้ตหรือไม่"),
    "discard.what.leads": (
        "What the customer said is removed for good and never reaches HubSpot. The receipt stays.",
        "ข้อมูลที่ลูกค้าแจ้งจะถูกลบถาวรและไม่เข้า HubSpot แต่ประวัติของลีดยังอยู่",
    ),
    "discard.what.messages": (
        "What is in HubSpot stays there. Only the message to the customer is cancelled.",
        "ข้อมูลใน HubSpot ยังอยู่ ระบบยกเลิกเฉพาะข้อความถึงลูกค้า",
    ),
    "discard.what.orders": (
        "The contact in HubSpot stays there. The cart is removed for good, and no order is made or changed.",
        "ผู้ติดต่อใน HubSpot ยังอยู่ แต่ตะกร้าสินค้าจะถูกลบถาวร ระบบจะไม่สร้างหรือแก้ไขออเดอร์",
    ),
    "discard.what.payments": (
        "The order stays as it is, and nobody is thanked. The money itself is not moved.",
        "ออเดอร์คงเดิม และไม่มีข้อความขอบคุณลูกค้า ระบบไม่ได้โอนหรือคืนเงิน",
    ),
    "discard.what.notes": (
        "Contact and order stay as they are. Only the note is not written.",
        "ผู้ติดต่อและออเดอร์คงเดิม เพียงแต่จะไม่มีโน้ตนี้",
    ),
    "discard.yes": ("Discard for good", "ทิ้งถาวร"),
    "discard.no": ("Keep|Keep them", "เก็บไว้"),
    "discard.none": ("There is nothing to discard any more.", "ไม่เหลือรายการให้ทิ้งแล้ว"),
    "result.retry": ("{n} is tried again.|{n} are tried again.", "กำลังลองใหม่ {n} รายการ"),
    "result.discard": ("{n} is discarded.|{n} are discarded.", "ทิ้งแล้ว {n} รายการ"),
    "result.gone": (
        "{n} was no longer waiting.|{n} were no longer waiting.",
        "{n} รายการมีคนจัดการไปแล้ว",
    ),
    "result.refused": (
        "{n} cannot be retried as it is: discard it.|{n} cannot be retried as they are: discard them.",
        "{n} รายการลองใหม่ไม่ได้ กรุณากดทิ้ง",
    ),
    "result.dry": (
        "{n} stays held back: the dry run goes on.|{n} stay held back: the dry run goes on.",
        "{n} รายการยังพักไว้ เพราะยังอยู่ในโหมดทดลอง",
    ),
    "result.left": (
        "{n} is left: press again.|{n} are left: press again.",
        "เหลืออีก {n} รายการ กรุณากดอีกครั้ง",
    ),
    "result.none": ("Nothing was done.", "ไม่มีการเปลี่ยนแปลง"),
    # Stages of orders that are held
    "stages": ("Orders: tell the customer?", "ออเดอร์: แจ้งลูกค้าหรือไม่"),
    "stages.do": (
        "A person moved these orders to a stage that has a text, or that says that they are paid, and nothing followed "
        "yet. Tell: the customer reads the text, and an order whose stage says so is noted as paid; one that has moved "
        "on meanwhile is passed over. Drop: nothing follows. After a week it is dropped.",
        "มีคนย้ายออเดอร์เหล่านี้ไปยังสถานะที่มีข้อความหรือสถานะที่หมายถึงชำระเงินแล้ว แต่ระบบยังไม่ได้ดำเนินการ เลือกแจ้งหรือไม่แจ้งลูกค้าได้ "
        "หากออเดอร์ถูกย้ายต่อไปแล้วจะไม่แจ้ง เมื่อเลือกแจ้ง ออเดอร์ในสถานะชำระเงินแล้วจะถูกบันทึกว่าชำระแล้วด้วย "
        "หากไม่ตัดสินใจภายในหนึ่งสัปดาห์จะไม่แจ้ง",
    ),
    "stages.ask": ("To decide, ask an admin.", "หากต้องการตัดสินใจ กรุณาแจ้งผู้ดูแลระบบ"),
    "stages.all": ("Show all {n}", "ดูทั้งหมด {n}"),
    "stages.limit": ("{shown} of {n} are shown.", "แสดง {shown} จาก {n} รายการ"),
    "stages.none": ("Nothing is held.", "ไม่มีรายการที่พักไว้"),
    "stages.order": ("Order", "ออเดอร์"),
    "stages.stage": ("Stage", "สถานะ"),
    "stages.moved": ("Moved", "ย้ายเมื่อ"),
    "stages.why": ("Why", "สาเหตุ"),
    "stages.decide": ("Decide", "ตัดสินใจ"),
    "stages.release": ("Tell", "แจ้ง"),
    "stages.drop": ("Drop", "ไม่แจ้ง"),
    "stages.release.all": ("Tell {n}|Tell all {n}", "แจ้ง {n} ราย|แจ้งทั้งหมด {n} ราย"),
    "stages.drop.all": ("Drop {n}|Drop all {n}", "ไม่แจ้ง {n} ราย|ไม่แจ้งทั้งหมด {n} ราย"),
    "stages.release.sure": (
        "Each customer reads the text of the stage in the chat. Nothing here takes that back.",
        "ลูกค้าแต่ละรายจะได้รับข้อความของสถานะในแชต ย้อนกลับจากที่นี่ไม่ได้",
    ),
    "stages.drop.sure": (
        "No customer is told, and no payment is noted. Nothing here takes that back.",
        "ลูกค้าจะไม่ได้รับแจ้ง และจะไม่บันทึกการชำระเงิน ย้อนกลับจากที่นี่ไม่ได้",
    ),
    "stages.release.yes": ("Yes, tell {n}|Yes, tell all {n}", "ใช่ แจ้ง {n} ราย|ใช่ แจ้งทั้งหมด {n} ราย"),
    "stages.drop.yes": ("Yes, drop {n}|Yes, drop all {n}", "ใช่ ไม่แจ้ง {n} ราย|ใช่ ไม่แจ้งทั้งหมด {n} ราย"),
    "result.release": ("{n} customer is told.|{n} customers are told.", "กำลังแจ้งลูกค้า {n} ราย"),
    "result.drop": ("{n} customer is not told.|{n} customers are not told.", "จะไม่แจ้งลูกค้า {n} ราย"),
}
