"""The words of the payment pages, in English and Thai."""

from collections.abc import Mapping
from decimal import Decimal

from leadcore.config import Language

LANGUAGE_NAMES: Mapping[Language, str] = {"th": "ไทย", "en": "English"}
TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "pay": "Pay with PromptPay",
        "payee": "Pay to",
        "amount": "Amount",
        "reference": "Order",
        "code": "PromptPay code for {amount}",
        "step_1": "Save this page as a picture (screenshot), or scan the code with another phone.",
        "step_2": "In your bank's app choose Scan, then the picture. Check the name and the amount, and pay.",
        "step_3": "Send the slip in the chat, with {reference}. The shop checks it and confirms there.",
        "new_amount": "The order has changed since the link was sent: this is the amount now.",
        "paid": "Paid, thank you",
        "paid_more": "Order {reference} is paid. You need not do anything more.",
        "done": "Thank you",
        "done_more": "As soon as the payment arrives, the shop confirms it in the chat. You can close this page.",
        "expired": "This link has expired",
        "expired_more": "Please write in the chat that you want to pay, and the shop sends you a new link.",
        "cancelled": "This order was cancelled",
        "cancelled_more": "There is nothing to pay. If that is a mistake, please write in the chat.",
        "changed": "This order cannot be paid here any more",
        "changed_more": "It has changed. Please ask in the chat how to pay it.",
        "prices": "The shop checks this order first",
        "prices_more": "Its prices are not those of the shop. Nothing can be paid here; please ask in the chat what it "
        "costs.",
        "checking": "One moment, please",
        "checking_more": "The shop is checking this order. This page tries again by itself. If it takes "
        "long, please ask in the chat.",
        "delayed": "This order cannot be paid yet",
        "delayed_more": "The shop has not confirmed order {reference} so far. You can open this link again later. If "
        "you would like to pay now, please ask in the chat.",
        "dropped": "This order cannot be paid here",
        "dropped_more": "Please ask in the chat what became of order {reference}.",
        "missing": "There is no such payment link",
        "missing_more": "Please open the link as it stands in the chat.",
        "away": "One moment, please",
        "away_more": "The payment page does not answer just now. This page tries again by itself.",
        "refused": "This order cannot be paid online just now",
        "refused_more": "Please ask in the chat how to pay it.",
        "busy": "Too often",
        "busy_more": "This link was opened very often. Please wait a minute and open it again.",
    },
    "th": {
        "pay": "ชำระเงินด้วยพร้อมเพย์",
        "payee": "ผู้รับเงิน",
        "amount": "จำนวนเงิน",
        "reference": "ออเดอร์",
        "code": "คิวอาร์พร้อมเพย์ จำนวน {amount}",
        "step_1": "บันทึกหน้านี้เป็นรูปภาพ (แคปหน้าจอ) หรือสแกนด้วยโทรศัพท์อีกเครื่อง",
        "step_2": "เปิดแอปธนาคาร เลือกสแกน แล้วเลือกรูปภาพนี้ ตรวจสอบชื่อและจำนวนเงินก่อนชำระ",
        "step_3": "ส่งสลิปในแชตพร้อมเลขที่ออเดอร์ {reference} ร้านจะตรวจสอบและยืนยันให้ในแชต",
        "new_amount": "ออเดอร์เปลี่ยนไปหลังจากส่งลิงก์ นี่คือยอดปัจจุบัน",
        "paid": "ชำระเงินแล้ว ขอบคุณค่ะ",
        "paid_more": "ออเดอร์ {reference} ชำระเงินเรียบร้อยแล้ว ไม่ต้องทำอะไรเพิ่มค่ะ",
        "done": "ขอบคุณค่ะ",
        "done_more": "เมื่อยอดเงินเข้า ร้านจะยืนยันให้ในแชต ปิดหน้านี้ได้เลยค่ะ",
        "expired": "ลิงก์นี้หมดอายุแล้ว",
        "expired_more": "แจ้งในแชตว่าต้องการชำระเงิน แล้วร้านจะส่งลิงก์ใหม่ให้ค่ะ",
        "cancelled": "ออเดอร์นี้ถูกยกเลิกแล้ว",
        "cancelled_more": "ไม่ต้องชำระเงิน หากไม่ถูกต้อง แจ้งในแชตได้เลยค่ะ",
        "changed": "ชำระออเดอร์นี้ที่นี่ไม่ได้แล้ว",
        "changed_more": "ออเดอร์เปลี่ยนไปแล้ว สอบถามวิธีชำระเงินในแชตได้เลยค่ะ",
        "prices": "ร้านขอตรวจสอบออเดอร์นี้ก่อน",
        "prices_more": "ราคาในออเดอร์ไม่ตรงกับราคาของร้าน ยังชำระเงินที่นี่ไม่ได้ สอบถามยอดชำระในแชตได้เลยค่ะ",
        "checking": "กรุณารอสักครู่",
        "checking_more": "ร้านกำลังตรวจสอบออเดอร์นี้ หน้านี้จะลองใหม่เองค่ะ หากใช้เวลานาน สอบถามในแชตได้เลยค่ะ",
        "delayed": "ยังชำระเงินออเดอร์นี้ไม่ได้",
        "delayed_more": "ร้านยังไม่ได้ยืนยันออเดอร์ {reference} เปิดลิงก์นี้ใหม่ภายหลังได้ค่ะ หากต้องการชำระเงินตอนนี้ สอบถามในแชตได้เลยค่ะ",
        "dropped": "ชำระเงินออเดอร์นี้ที่นี่ไม่ได้",
        "dropped_more": "สอบถามเรื่องออเดอร์ {reference} ในแชตได้เลยค่ะ",
        "missing": "ไม่พบลิงก์ชำระเงินนี้",
        "missing_more": "กรุณาเปิดลิงก์ตามที่อยู่ในแชตค่ะ",
        "away": "กรุณารอสักครู่",
        "away_more": "ระบบชำระเงินยังไม่ตอบรับ หน้านี้จะลองใหม่เองค่ะ",
        "refused": "ขณะนี้ชำระออเดอร์นี้ออนไลน์ไม่ได้",
        "refused_more": "สอบถามวิธีชำระเงินในแชตได้เลยค่ะ",
        "busy": "เปิดบ่อยเกินไป",
        "busy_more": "มีการเปิดลิงก์นี้บ่อยมาก กรุณารอหนึ่งนาทีแล้วเปิดใหม่ค่ะ",
    },
}


def write_amount(amount: Decimal, currency: str, language: Language) -> str:
    """The amount for people: 1,250.50 บาท."""
    name = "บาท" if (currency, language) == ("THB", "th") else currency
    return f"{amount:,} {name}"
