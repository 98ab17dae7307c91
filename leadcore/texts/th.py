"""Thai; the keys are those of `leadcore.texts.en`."""

from collections.abc import Mapping

_ADD_SCOPE = (
    "กรุณาเพิ่มให้ Service Key ใน HubSpot (Settings > Integrations > Service Keys) "
    "หากใช้ private app แบบเดิมให้เลือกที่ Settings > Integrations > Private apps > Scopes"
)

REASONS: Mapping[str, str] = {
    "given_up": "{why} (ลองแล้ว {tries} ครั้ง)",
    "order_superseded": "ออเดอร์เป็นไปตามตะกร้าที่ใหม่กว่าของลูกค้าแล้ว",
    "order_deleted": "ออเดอร์ถูกลบใน HubSpot แล้ว และตะกร้ายังเหมือนเดิม",
    "order_moved_on": "ออเดอร์อยู่ในสถานะ {stage} หรือชำระเงินแล้ว จึงไม่แก้ไข",
    "no_cancelled_stage": "pipeline ไม่มีสถานะสำหรับออเดอร์ที่ยกเลิก",
    "note_dropped": "Redis ไม่มีที่เหลือสำหรับโน้ตที่รออยู่",
    "note_without_contact": "ไม่พบผู้ติดต่อของโน้ตนี้ใน HubSpot",
    "order_without_contact": "ไม่พบผู้ติดต่อของออเดอร์นี้ใน HubSpot",
    "order_vanished": "ออเดอร์ถูกลบระหว่างที่กำลังแก้ไข",
    "order_values_refused": "HubSpot ไม่รับค่าเหล่านี้ของออเดอร์: {names}",
    "payment_unknown": "ไม่พบออเดอร์ของเลขอ้างอิงนี้",
    "payment_meanwhile": "กำลังแก้ไขออเดอร์นี้อยู่",
    "payment_deleted": "ออเดอร์นี้ถูกลบใน HubSpot แล้ว",
    "payment_unpaid": "ออเดอร์นี้ยังไม่ได้ชำระเงินมาก่อน",
    "payment_twice": "ออเดอร์นี้ชำระเงินไปแล้ว",
    "payment_said_before": "มีคน ระบบของร้าน หรือ HubSpot แจ้งไว้ก่อนแล้วว่าชำระแล้ว อาจเป็นเงินก้อนเดียวกัน",
    "refund_unclear": "ไม่ทราบว่าคืนหรือโต้แย้งยอดเท่าใด หรือเป็นเงินของออเดอร์นี้หรือไม่",
    "payment_cancelled": "ออเดอร์นี้ถูกยกเลิกไปแล้ว",
    "payment_amount": "ยอดเงินไม่ตรงกับออเดอร์",
    "refund_amount": "ยอดที่คืนหรือโต้แย้งเกินยอดของออเดอร์ หรือเป็นสกุลเงินอื่น",
    "payment_not_noted": "บันทึกการชำระเงินไม่สำเร็จ: {why}",
    # Why a value was not written, or is not changed
    "email_ignored": "เป็นอีเมลที่ตั้งค่าให้ข้าม (ignored_emails)",
    "email_invalid": "อีเมลไม่ถูกต้อง",
    "phone_invalid": "ไม่ใช่เบอร์โทรศัพท์",
    "ambiguous": "ตีความได้มากกว่าหนึ่งแบบ",
    "contradictory": "ข้อมูลแต่ละส่วนขัดกันเอง",
    "option_missing": "HubSpot ไม่มีตัวเลือกนี้",
    "email_refused": "HubSpot ไม่รับอีเมลนี้",
    "phone_refused": "HubSpot ไม่รับเบอร์นี้",
    "property_missing": "HubSpot ไม่มี property นี้ กรุณารัน leadsync setup",
    "property_read_only": "property นี้ใน HubSpot แก้ไขไม่ได้",
    "not_a_whole_number": "HubSpot ต้องการจำนวนเต็ม",
    "not_a_number": "HubSpot ต้องการตัวเลข",
    "not_a_date": "HubSpot ต้องการวันที่",
    "value_refused": "HubSpot ไม่รับค่านี้ ({code})",
    "value_suspected": "HubSpot ไม่รับผู้ติดต่อนี้ อาจเป็นเพราะค่านี้",
    "value_taken": "ผู้ติดต่ออื่นใช้ค่านี้อยู่แล้ว",
    "email_taken": "ผู้ติดต่ออื่นใช้อีเมลนี้อยู่แล้ว",
    "email_shared": "มีลูกค้าใช้อีเมลนี้ตั้งแต่สามคนขึ้นไป จึงใช้ระบุตัวไม่ได้",
    "partner_required": "HubSpot รับค่านี้เมื่อมี {properties} ด้วยเท่านั้น",
    "form_wanted": "HubSpot ต้องการค่าตามรูปแบบ {rule}",
    "said_newer": "ลูกค้าแจ้งค่าที่ใหม่กว่าแล้ว",
    "longer_name_known": "มีชื่อที่ครบกว่าอยู่แล้ว",
    "contact_of_others": "ผู้ติดต่อนี้คนอื่นสร้างไว้ และมีค่าอื่นอยู่แล้ว",
    "contact_of_other_customer": "ผู้ติดต่อเป็นของลูกค้าอีกแชต ตรงกันเฉพาะอีเมล",
    "already_there": "HubSpot มีค่านี้อยู่แล้ว",
    "said_before": "ลูกค้าเคยแจ้งค่านี้แล้ว",
    "only_when_created": "กำหนดเฉพาะเมื่อสร้างผู้ติดต่อ",
    # What to know of a value that was written
    "written_with_warning": "HubSpot บันทึกแล้วโดยมีคำเตือน ({code})",
    # Why a reply has no payment link
    "pay_off": "ปิดลิงก์ชำระเงินอยู่ ยังไม่ได้ตั้งค่า {name}",
    "pay_on_delivery": "เก็บเงินปลายทาง",
    "pay_no_cart": "ไม่มีตะกร้าที่อ่านได้",
    "pay_unavailable": "ในตะกร้ามีสินค้าที่ไม่มีจำหน่าย",
    "pay_no_amount": "ยอดรวมไม่ใช่จำนวนเงิน {currency} ที่ชัดเจน",
    "pay_sum": "ยอดรวมไม่ตรงกับผลรวมของรายการและค่าส่ง",
    "pay_prices": "เทียบราคากับสินค้าใน HubSpot ไม่ได้",
    "pay_prices_differ": "ไม่มีลิงก์ชำระเงิน ราคาไม่ตรงกับสินค้าใน HubSpot ({names}) รายการที่ไม่มีสินค้า: {lines} "
    "กรุณาแก้ออเดอร์หรือสินค้า แล้วแจ้งยอดให้ลูกค้า",
    "pay_range": "ยอดรวมไม่อยู่ระหว่าง {low} ถึง {high}",
    # Why a lead was not written, or has to wait
    "matched_by_email_only": "ตรงกันเฉพาะอีเมล",
    "no_contact_details": "ยังไม่มีข้อมูลติดต่อ",
    "nothing_written": "โหมดทดลอง: ไม่ได้บันทึกจริง",
    "parked_too_long": "รอจัดการครบ {days} วัน ข้อมูลที่ลูกค้าแจ้งจึงถูกลบ",
    "waited_too_long": "รอครบ {days} วันโดยไม่มีระบบใดรับไป ข้อมูลที่ลูกค้าแจ้งจึงถูกลบ",
    "held_too_long": "พักไว้ในโหมดทดลองครบ {days} วันโดยไม่มีใครสั่งบันทึก ข้อมูลที่ลูกค้าแจ้งจึงถูกลบ",
    "fields_unusable": "{fields} ไม่มีค่าหรือใช้ไม่ได้",
    "event_unreadable": "โปรแกรมนี้อ่านข้อมูลที่ส่งมาไม่ได้",
    "fault": "โปรแกรมนี้ขัดข้อง ({error})",
    "contact_refused": "HubSpot ไม่รับผู้ติดต่อนี้",
    "values_refused": "HubSpot ไม่รับบางค่า",
    "property_required": "HubSpot บังคับให้มี {properties}",
    "placeholder_refused": "HubSpot ไม่รับแม้จะใส่นามสกุลชั่วคราวให้",
    "contact_locked": "HubSpot ล็อกผู้ติดต่อนี้ชั่วคราว",
    "contact_busy": "HubSpot ยังบันทึกผู้ติดต่อนี้ไม่ได้เพราะงานมาก",
    "contact_unsaid": "HubSpot ไม่แจ้งว่ามีผู้ติดต่อนี้แล้วหรือไม่",
    "error_unexplained": "HubSpot แจ้งข้อผิดพลาดโดยไม่บอกสาเหตุ",
    "lead_unanswered": "HubSpot ไม่ตอบกลับเรื่องลีดนี้",
    "never_accepted": "HubSpot ปฏิเสธทีละค่าไม่สิ้นสุด",
    "owner_unnamed": "HubSpot ยังไม่แสดงผู้ติดต่อที่มีอีเมลนี้",
    "owner_vanished": "ผู้ติดต่อที่มีอีเมลนี้ไม่อยู่แล้ว",
    "owner_being_written": "กำลังบันทึกข้อมูลของลูกค้าเจ้าของผู้ติดต่อนี้",
    "contact_just_created": "มีการสร้างผู้ติดต่อนี้จากที่อื่นพร้อมกัน",
    "contact_vanished": "ผู้ติดต่อหายไปจาก HubSpot ระหว่างบันทึก",
    # Why a line is down
    "token_refused": "HubSpot ไม่ยอมรับ access token กรุณาใส่ค่าใหม่ที่ HUBSPOT_ACCESS_TOKEN แล้วรีสตาร์ต worker",
    "scope_missing": f"token ของ HubSpot ขาดสิทธิ์ {{scope}} {_ADD_SCOPE}",
    "any_scope_missing": f"token ของ HubSpot ขาดสิทธิ์ใดสิทธิ์หนึ่งใน {{scopes}} {_ADD_SCOPE}",
    "daily_quota_used": "โควตารายวันของ HubSpot หมดแล้ว",
    "portal_full": "บัญชี HubSpot ไม่มีที่ว่างสำหรับผู้ติดต่อใหม่แล้ว",
    "portal_full_of": "บัญชี HubSpot ไม่มีที่ว่างสำหรับ {kind} ใหม่",
    "order_currency_refused": (
        "HubSpot ไม่รับสกุลเงินของออเดอร์ กรุณาเพิ่มสกุลเงินในบัญชี HubSpot (Settings > Account defaults > Currency) "
        "หรือแก้ currency ใต้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker"
    ),
    "order_pipeline_refused": (
        "HubSpot ไม่รับ pipeline ของออเดอร์ กรุณาแก้ pipeline ใต้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker "
        "ดู pipeline ที่มีได้ด้วย leadsync doctor"
    ),
    "order_stage_refused": (
        "HubSpot ไม่รับสถานะของออเดอร์ กรุณาแก้ stage ใต้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker "
        "ดูสถานะที่มีได้ด้วย leadsync doctor"
    ),
    "order_amount_refused": (
        "HubSpot ไม่รับยอดเงินของออเดอร์ กรุณาตั้งให้ property นั้นแก้ไขได้และยกเลิกกฎใน HubSpot (Settings > Properties)"
    ),
    "object_not_activated": (
        "บัญชี HubSpot นี้ยังไม่เปิดใช้ {kind} กรุณาเปิดใช้ใน HubSpot (Settings > Data Management > Objects) "
        'หรือตั้ง object = "deal" และ stage ใต้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker'
    ),
    "no_pipeline": (
        "บัญชี HubSpot ไม่มี pipeline {name} สำหรับ {kind} มีเพียง {others} "
        "กรุณาสร้างใน HubSpot หรือแก้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker"
    ),
    "no_stage": (
        "pipeline {pipeline} ไม่มีสถานะ {name} มีเพียง {others} "
        "กรุณาสร้างใน HubSpot หรือแก้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker"
    ),
    "essential_read_only": "property {property} ของ {kind} อ่านได้อย่างเดียวหรือไม่มีในบัญชี HubSpot",
    "link_unanswered": "HubSpot ไม่ตอบกลับเรื่องการเชื่อมโยงนี้",
    "link_refused": "HubSpot ไม่รับการเชื่อมโยงนี้",
    "archive_refused": "HubSpot ไม่ยอมลบข้อมูล (รหัส {status})",
    "slow_down": "HubSpot ขอให้ส่งช้าลง",
    "portal_moving": "HubSpot กำลังย้ายบัญชีนี้ไปศูนย์ข้อมูลอื่น",
    "records_locked": "HubSpot ล็อกผู้ติดต่อเหล่านี้ชั่วคราว",
    "hubspot_unavailable": "HubSpot ใช้งานไม่ได้ชั่วคราว",
    "hubspot_answered": "HubSpot ใช้งานไม่ได้ชั่วคราว (รหัส {status})",
    "hubspot_unreachable": "ติดต่อ HubSpot ไม่ได้ กรุณาตรวจสอบ HUBSPOT_BASE_URL และเครือข่าย",
    "connection_failed": "ติดต่อ HubSpot ไม่ได้ ({error})",
    "hubspot_too_late": "HubSpot ไม่ตอบภายในเวลาที่กำหนด",
    "hubspot_tls_failed": "เชื่อมต่อ TLS กับ HubSpot ไม่สำเร็จ",
    "hubspot_disconnected": "HubSpot ตัดการเชื่อมต่อก่อนตอบ",
    "answer_unexpected": "HubSpot ตอบผิดปกติ (รหัส {status}) กรุณาตรวจสอบ HUBSPOT_BASE_URL",
    "answer_too_long": "คำตอบของ HubSpot ยาวเกินไป กรุณาตรวจสอบ HUBSPOT_BASE_URL",
    "answer_empty": "HubSpot ตอบกลับโดยไม่มีผลลัพธ์",
    "no_properties_listed": "HubSpot ไม่แสดง property ของผู้ติดต่อ กรุณาตรวจสอบ HUBSPOT_BASE_URL",
    "key_missing": "บัญชี HubSpot ไม่มี property {property} กรุณารัน leadsync setup",
    "key_lacking": "บัญชี HubSpot ไม่มี property {property} แบบไม่ซ้ำค่า กรุณารัน leadsync setup",
    "key_not_unique": "property {property} มีค่าซ้ำได้ จึงแยกลูกค้าไม่ได้ กรุณาลบใน HubSpot (ต้องไม่มีค่า) แล้วรัน leadsync setup",
    "search_refused": "HubSpot ปฏิเสธการค้นหา (รหัส {status})",
    "erasure_refused": "HubSpot ไม่ยอมลบผู้ติดต่อ (รหัส {status})",
    "order_blanking_refused": "HubSpot ไม่ยอมลบข้อมูลส่วนบุคคลออกจากออเดอร์ที่ชำระเงินแล้ว",
    "unlinking_refused": "HubSpot ไม่ยอมลบรหัสลูกค้าออกจากผู้ติดต่อ",
    "dealdroid_takes_nothing": "ขณะนี้ DealDroid ยังไม่รับข้อความ",
    "dealdroid_busy": "DealDroid ขอให้ส่งช้าลง",
    "redis_restarted": "Redis เพิ่งรีสตาร์ต ข้อความต้องรอจนข้อมูลกลับมาครบ",
    # Why a customer is not told of their order's stage until somebody decides
    "stage_not_held": "ไม่ได้พักไว้ หรือมีคนตัดสินใจไปแล้ว",
    "line_paused": "การส่งเข้า HubSpot หยุดพักอยู่",
    "switched_off": "ปิดไว้ในไฟล์ตั้งค่า รายการที่รออยู่จะถูกบันทึกเมื่อเปิดใช้อีกครั้ง และจะถูกลบเมื่อรอครบ {days} วัน",
    "stage_bulk": "มีออเดอร์ถูกย้ายมากกว่า {most} รายการภายในหนึ่งนาที อาจเป็นความผิดพลาด",
    # Why there is no message, or what became of it
    "nothing_new": "ไม่มีเรื่องใหม่ที่ต้องแจ้งลูกค้า",
    "test_lead": "เป็นลีดทดสอบ ไม่มีลูกค้าจริงรับข้อความ",
    "said_today": "วันนี้แจ้งเรื่องเดียวกันแล้ว",
    "found_by_email_alone": "พบผู้ติดต่อจากอีเมลเพียงอย่างเดียว",
    "newer_answered": "ส่งข้อความเรื่องที่ใหม่กว่าแล้ว",
    "text_empty": "ข้อความว่างเปล่า",
    "messages_off": "ปิดการส่งข้อความไว้",
    "messages_off_for_intent": "ปิดการส่งข้อความของ intent นี้ไว้",
    "quiet_hours": "อยู่ในช่วงงดส่งข้อความ",
    "never_heard": "ไม่ทราบว่าลูกค้าทักมาครั้งล่าสุดเมื่อไร และตั้งค่า window_hours ไว้",
    "heard_later": "ยังไม่ทราบว่าลูกค้าทักมาครั้งล่าสุดเมื่อไร เพราะเหตุการณ์ก่อนหน้ายังไม่ถูกบันทึก",
    "window_over": "ลูกค้าทักมาครั้งล่าสุดนานเกิน window_hours",
    "behind_another": "มีข้อความก่อนหน้าถึงลูกค้ารออยู่",
    "too_old": "เก่ากว่า {minutes} นาที",
    "is_retry": "เป็นการลองใหม่",
    "is_replay": "เป็นข้อมูลเดิมที่ส่งซ้ำ",
    "is_import": "เป็นการนำเข้าข้อมูล",
    "dealdroid_unreachable": "ติดต่อ DealDroid ไม่ได้",
    "dealdroid_tls_failed": "เชื่อมต่อ TLS หรือพร็อกซีไปยัง DealDroid ไม่ได้",
    "dealdroid_disconnected": "การเชื่อมต่อขาดก่อน DealDroid ตอบ",
    "dealdroid_too_late": "DealDroid ไม่ตอบภายในเวลาที่กำหนด",
    "dealdroid_unreadable": "อ่านคำตอบของ DealDroid ไม่ได้",
    "dealdroid_answered": "DealDroid ตอบรหัส {status}",
    "message_refused": "DealDroid ไม่รับข้อความ (รหัส {status})",
    "message_unreadable": "โปรแกรมนี้อ่านข้อความไม่ได้",
    "redis_restarted_meanwhile": "Redis รีสตาร์ตระหว่างส่ง",
    "sender_cut_off": "โปรแกรมหยุดทำงานระหว่างส่ง",
    "message_not_sent": "ส่งข้อความไม่สำเร็จ: {why}",
    "order_not_made": "บันทึกออเดอร์ไม่สำเร็จ: {why}",
    "order_cart_gone": "ตะกร้านี้ไม่อยู่ใน Redis แล้ว กรุณาสร้างออเดอร์เองหรือถามลูกค้า",
    "order_cart_dropped": "Redis ไม่มีที่เหลือสำหรับตะกร้าที่รออยู่ จึงลบตะกร้านี้",
    "no_order_waits": "ไม่มีออเดอร์ของลีดนี้รออยู่",
    "note_not_written": "บันทึกโน้ตไม่สำเร็จ: {why}",
    "note_gone": "เนื้อหาโน้ตไม่อยู่ใน Redis แล้ว กรุณาเขียนโน้ตเอง",
    "no_note_waits": "ไม่มีโน้ตของลีดนี้รออยู่",
    "message_uncertain": "ข้อความอาจไม่ถึงลูกค้า: {why}",
    # Why a person's retry or discard does nothing
    "not_parked": "รายการนี้ไม่ได้รอจัดการ",
    "no_message_waits": "ข้อความของลีดนี้ไม่ได้รอจัดการ",
    "no_event": "อ่านข้อมูลที่ส่งมาไม่ได้ จึงลองใหม่ไม่ได้ กรุณากดทิ้ง",
    "fields_unusable_still": "{fields} ไม่มีค่าหรือใช้ไม่ได้ จึงลองใหม่ไม่ได้ กรุณากดทิ้ง",
    "still_dry": "worker ยังใช้ DRY_RUN=1 และจะพักลีดไว้อีก กรุณาลบ DRY_RUN รีสตาร์ต worker แล้วลองใหม่",
    "no_contact_read": "{why}.",
}

CONSOLE_REASONS: Mapping[str, str] = {}

FORMER_REASONS: Mapping[str, str] = {
    "dry run: nothing is sent": "โหมดทดลอง: ไม่ได้ส่งจริง",
    "HubSpot's answer took too long.": "HubSpot ตอบช้าเกินไป",
    "it is a import": "เป็นการนำเข้าข้อมูล",
    (
        "The HubSpot token lacks a scope. Tick crm.objects.contacts.read and .write and crm.schemas.contacts.read and "
        ".write in the private app."
    ): (
        "token ของ HubSpot ขาดสิทธิ์ กรุณาเลือก crm.objects.contacts.read และ .write "
        "กับ crm.schemas.contacts.read และ .write ใน private app"
    ),
}

FIXES: Mapping[str, str] = {
    "": "ปัญหาอาจหมดไปแล้ว กรุณาลองใหม่",
    "unusable": "รายการนี้ลองใหม่ไม่ได้ กรุณาตั้ง intent ใน DealDroid ให้ส่งค่าที่ขาด แล้วกดทิ้ง",
    "unreadable": "กรุณาติดตั้ง leadsync รุ่นล่าสุดแล้วลองใหม่ หากยังไม่ได้อีกให้ทิ้ง",
    "required": (
        "กรุณากำหนดค่าที่ [required] ใน leadsync.toml แล้วรีสตาร์ต worker หรือเลิกบังคับกรอกใน HubSpot "
        "หรือหากมีผู้ติดต่อแล้วให้กรอกค่าเอง จากนั้นลองใหม่"
    ),
    "refused": "กรุณาตรวจสอบกฎและ property ที่บังคับกรอกในบัญชี HubSpot แก้ไขแล้วลองใหม่",
    "failed": (
        "ขาดเพียงข้อความนี้ หาก DealDroid ปฏิเสธทุกข้อความ กรุณาตรวจสอบ DEALDROID_WEBHOOK_URL และดูว่าทุก intent "
        "เลือก Allow bot to send messages from provider URL แล้ว จากนั้นลองใหม่ หรือทิ้งข้อความนี้"
    ),
    "interrupted": "ลูกค้าอาจได้รับข้อความแล้ว และไม่มีสิ่งอื่นขาดหาย ลองใหม่เมื่อแน่ใจว่ายังไม่ได้รับ หากไม่แน่ใจให้ทิ้ง",
    "dry run": "ลบ DRY_RUN และรีสตาร์ต worker แล้วลองใหม่",
    "error": "กรุณาติดตั้ง leadsync รุ่นล่าสุดแล้วลองใหม่",
    "row": "HubSpot รับลีดอื่นแต่ไม่รับลีดนี้ กรุณาดู status.hubspot.com แล้วลองใหม่",
    "race": "มีโปรแกรมอื่นแก้ไขผู้ติดต่อเดียวกันพร้อมกัน กรุณาลองใหม่ หากเกิดซ้ำให้ตรวจสอบแอปที่เชื่อมต่อใน HubSpot",
    "no_contact": "มีคนลบผู้ติดต่อใน HubSpot ระบบจะสร้างให้ใหม่เมื่อลูกค้าทักมาอีก หลังจากนั้นจึงลองใหม่",
    "vanishing": "มี workflow หรือผู้ใช้ลบผู้ติดต่อระหว่างบันทึก กรุณาหาสาเหตุใน HubSpot แล้วลองใหม่",
    "full": "มีออเดอร์รอมากเกินไป ตะกร้าจึงถูกลบ กรุณาแก้สาเหตุที่ออเดอร์ค้าง (leadsync doctor) "
    "เพิ่มหน่วยความจำให้ Redis สร้างออเดอร์เหล่านี้เอง แล้วกดทิ้ง",
    "notes_full": "มีโน้ตรอมากเกินไป เนื้อหาจึงถูกลบ กรุณาแก้สาเหตุที่โน้ตค้าง (leadsync doctor) เพิ่มหน่วยความจำให้ Redis แล้วกดทิ้ง",
    "unsettled": "HubSpot ปฏิเสธค่าของลีดนี้ทีละค่า กรุณาตรวจสอบและแก้กฎของ property ในบัญชี HubSpot แล้วลองใหม่",
    "no_order": "กรุณาตรวจสอบว่าเลขอ้างอิงเป็นของออเดอร์ใด หากมีออเดอร์ให้ลองใหม่ หากไม่มีให้คืนเงินแล้วทิ้ง",
    "paid_twice": "กรุณาตรวจสอบว่าลูกค้าชำระซ้ำหรือไม่ คืนเงินส่วนเกิน แล้วทิ้ง",
    "paid_cancelled": "กรุณาส่งสินค้าตามออเดอร์ หรือคืนเงิน แล้วทิ้ง",
    "paid_amount": "กรุณาขอส่วนที่ขาดจากลูกค้า หรือคืนส่วนเกิน แล้วทิ้ง",
    "refund_amount": "กรุณาตรวจสอบรายการชำระที่ผู้ให้บริการ แก้สถานะการชำระเงินของออเดอร์ใน HubSpot แล้วทิ้ง",
}

HINTS: Mapping[str, str] = {
    "": 'ค่าที่ลูกค้าแจ้งอยู่ใน "Values not saved" ของผู้ติดต่อ',
    "email_ignored": "ไม่ต้องทำอะไร เป็นไปตามที่ตั้งใน leadsync.toml",
    "email_invalid": 'กรุณาถามลูกค้าอีกครั้ง ค่าที่แจ้งอยู่ใน "Values not saved" ของผู้ติดต่อ',
    "phone_invalid": 'กรุณาถามลูกค้าอีกครั้ง ค่าที่แจ้งอยู่ใน "Values not saved" ของผู้ติดต่อ',
    "ambiguous": 'กรุณาถามลูกค้าอีกครั้ง ค่าที่ได้รับอยู่ใน "Values not saved" ของผู้ติดต่อ',
    "contradictory": 'กรุณาถามลูกค้าว่าข้อมูลใดถูกต้อง ส่วนที่ขัดกันอยู่ใน "Values not saved" ของผู้ติดต่อ',
    "option_missing": "กรุณาเพิ่มตัวเลือกใน property ของ HubSpot ลีดถัดไปจะมีค่านี้",
    "property_missing": "กรุณารัน leadsync setup ลีดถัดไปจะมีค่านี้",
    "property_read_only": "กรุณาตั้งให้ property แก้ไขได้ใน HubSpot หรือนำออกจาก leadsync.toml แล้วรีสตาร์ต worker",
    "value_taken": "หากเป็นคนเดียวกัน กรุณารวมผู้ติดต่อใน HubSpot",
}

PAUSES: Mapping[str, str] = {
    "unauthorized": "HubSpot ไม่ยอมรับ access token กรุณาใส่ค่าใหม่ที่ HUBSPOT_ACCESS_TOKEN แล้วรีสตาร์ต worker",
    "daily_quota": ("โควตารายวันของ HubSpot หมดแล้ว จะเริ่มใหม่ตอนเที่ยงคืนตามเวลาของบัญชี HubSpot กรุณาตรวจสอบว่าแอปใดใช้มากผิดปกติ"),
    "no_room": "บัญชี HubSpot ไม่มีที่ว่างสำหรับผู้ติดต่อใหม่แล้ว กรุณาลบผู้ติดต่อที่ไม่ใช้ หรือซื้อพื้นที่เพิ่ม",
    "order_key": "บัญชี HubSpot ไม่มี dealdroid_order_id หรือ dealdroid_line_id แบบไม่ซ้ำค่า กรุณารัน leadsync setup",
    "order_room": "บัญชี HubSpot ไม่มีที่ว่างสำหรับออเดอร์หรือรายการสินค้าใหม่แล้ว กรุณาลบรายการที่ไม่ใช้ หรือซื้อพื้นที่เพิ่ม",
    "order_currency": (
        "HubSpot ไม่รับสกุลเงินของออเดอร์ กรุณาเพิ่มสกุลเงินในบัญชี HubSpot "
        "หรือแก้ currency ใต้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker"
    ),
    "order_pipeline": (
        "HubSpot ไม่รับ pipeline ของออเดอร์ กรุณาแก้ pipeline ใต้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker "
        "ดู pipeline ที่มีได้ด้วย leadsync doctor"
    ),
    "order_stage": (
        "HubSpot ไม่รับสถานะของออเดอร์ กรุณาแก้ stage ใต้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker "
        "ดูสถานะที่มีได้ด้วย leadsync doctor"
    ),
    "order_amount": (
        "HubSpot ไม่รับยอดเงินของออเดอร์ กรุณาตั้งให้ property นั้นแก้ไขได้และยกเลิกกฎใน HubSpot "
        "ดู property ที่แก้ไขไม่ได้ด้วย leadsync doctor"
    ),
    "switched_off": (
        "ไฟล์ตั้งค่าปิดส่วนนี้ไว้ หากใส่ตารางกลับคืนแล้วรีสตาร์ต worker รายการที่รออยู่จะถูกบันทึกแม้จะล่าช้า รายการที่รอครบ 30 วันจะถูกลบ"
    ),
    "orders_off": (
        "บัญชี HubSpot ยังไม่เปิดใช้ object ที่ออเดอร์ต้องใช้ กรุณาเปิดใช้ใน HubSpot (Settings > Data Management > Objects) "
        'หรือตั้ง object = "deal" และ stage ใต้ [orders] ใน leadsync.toml แล้วรีสตาร์ต worker'
    ),
    "rate_limit": "HubSpot ขอให้ส่งช้าลง ไม่ต้องทำอะไร",
    "migrating": "HubSpot กำลังย้ายบัญชีนี้ไปศูนย์ข้อมูลอื่น ไม่ต้องทำอะไร",
    "locked": "HubSpot ล็อกผู้ติดต่อเหล่านี้ชั่วคราว ไม่ต้องทำอะไร",
    "unavailable": "HubSpot ใช้งานไม่ได้ชั่วคราว ไม่ต้องทำอะไร ดูสถานะได้ที่ status.hubspot.com",
    "unreachable": "ติดต่อ HubSpot ไม่ได้ กรุณาตรวจสอบเครือข่ายและ HUBSPOT_BASE_URL",
    "timeout": "HubSpot ตอบไม่ทันเวลา ไม่ต้องทำอะไร",
    "disconnected": "HubSpot ตัดการเชื่อมต่อก่อนตอบ ไม่ต้องทำอะไร",
    "tls": "เชื่อมต่อ TLS กับ HubSpot ไม่สำเร็จ กรุณาตรวจสอบ HUBSPOT_BASE_URL และใบรับรองของเครื่อง",
    "empty_answer": "HubSpot ตอบกลับโดยไม่มีผลลัพธ์ ไม่ต้องทำอะไร",
    "unexpected": "ได้รับคำตอบที่ไม่ใช่ของ HubSpot กรุณาตรวจสอบ HUBSPOT_BASE_URL และ HUBSPOT_API_VERSION",
    "no_key": "บัญชี HubSpot ไม่มี property dealdroid_customer_id แบบไม่ซ้ำค่า กรุณารัน leadsync setup",
    "dealdroid": "ขณะนี้ DealDroid ยังไม่รับข้อความ",
    "dealdroid_busy": "DealDroid ขอให้ส่งช้าลง ไม่ต้องทำอะไร",
    "restarted": "Redis เพิ่งรีสตาร์ต ข้อความต้องรอจนทราบว่าส่งอะไรไปแล้วบ้าง",
}

KEPT: Mapping[str, str] = {
    "parked": "{n} ลีด",
    "unsent": "{n} ข้อความ",
    "parked_orders": "{n} ออเดอร์",
    "parked_payments": "การชำระเงิน {n} รายการ",
    "parked_notes": "{n} โน้ต",
}
AND = " และ "

PROBLEMS: Mapping[str, str] = {
    "redis_away": "Redis ไม่ตอบสนอง",
    "redis_disk": "Redis เขียนลงดิสก์ของตัวเองไม่ได้ จึงไม่รับลีด",
    "redis_replica": "REDIS_URL ชี้ไปที่ replica ซึ่งไม่รับลีด",
    "no_workers": "ไม่มี worker ทำงานอยู่ ลีดจึงต้องรอ",
    "paused": "ลีดกำลังรอ HubSpot",
    "redis_full": "Redis ใช้หน่วยความจำไปแล้ว {n} % ลีดใหม่จึงถูกเก็บไว้ในดิสก์ของเครื่องรับ",
    "redis_evicts": "Redis จะลบลีดเมื่อหน่วยความจำเต็ม",
    "disk_unusable": "ดิสก์ของเครื่องนี้เก็บลีดไม่ได้",
    "refused": "วันนี้ปฏิเสธ {n} คำขอ เพราะรหัสลับของ intent ไม่ตรงกับที่ตั้งไว้ที่นี่",
    "late": "ลีดเก่าที่สุดรอมาแล้ว {n} วินาที",
    "messages_paused": "ข้อความกำลังรอ DealDroid",
    "orders_paused": "ออเดอร์กำลังรอ HubSpot",
    "payments_paused": "การชำระเงินกำลังรอ HubSpot",
    "notes_paused": "โน้ตกำลังรอ HubSpot",
    "required": "HubSpot ไม่รับผู้ติดต่อที่ไม่มีค่าใน property ที่บังคับกรอก",
    "parked": "มี {what}รอจัดการ",
    "hooks_away": "มี {n} ปลายทางไม่รับ webhook",
    "notices_away": "มี {n} ปลายทางไม่รับข้อความแจ้งทีมงาน",
    "stages_held": "มี {n} ออเดอร์รอให้ตัดสินใจว่าจะแจ้งสถานะแก่ลูกค้าหรือไม่",
    "stages_wait": "ออเดอร์ที่ย้ายสถานะใน HubSpot กำลังรอ",
    "spooled": "มี {n} ลีดรออยู่ในดิสก์ของเครื่องนี้",
    "foreign": "มี {n} ลีดในดิสก์ของเครื่องนี้ที่เก็บไว้สำหรับ Redis อื่น",
    "dry_run": "โหมดทดลอง: ไม่มีอะไรเข้า HubSpot",
    "partly_dry": "โหมดทดลองเฉพาะบาง worker: ลีดบางรายการถูกพักไว้ บางรายการถูกบันทึก",
    "held": "มี {n} ลีดที่พักไว้จากโหมดทดลอง",
}
