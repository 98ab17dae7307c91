"""Thai; the keys are those of `leadcore.texts.en`."""

from collections.abc import Mapping

_ADD_SCOPE = (
    "กรุณาเพิ่มให้ Service Key ใน HubSpot (Settings > Integrations > Service Keys) "
    "หากใช้ private app แบบเดิมให้เลือกที่ Settings > Integrations > Private apps > Scopes"
)

REASONS: Mapping[str, str] = {
    "given_up": "{why} (ลองแล้ว {tries} ครั้ง)",
    "order_superseded": "ออเดอร์มีตะกร้าที่ใหม่กว่าของลูกค้าอยู่แล้ว",
    "order_deleted": "ออเดอร์ถูกลบใน HubSpot ไปแล้ว และตะกร้านี้เหมือนเดิม",
    "order_moved_on": "ออเดอร์อยู่ในสถานะ {stage} หรือชำระเงินแล้ว จึงคงไว้ตามเดิม",
    "no_cancelled_stage": "ไปป์ไลน์ไม่มีสถานะสำหรับออเดอร์ที่ยกเลิก",
    "note_dropped": "Redis ไม่มีที่เหลือสำหรับบันทึกที่รออยู่",
    "note_without_contact": "ไม่พบผู้ติดต่อของบันทึกนี้ใน HubSpot",
    "order_without_contact": "ไม่พบผู้ติดต่อของออเดอร์นี้ใน HubSpot",
    "order_vanished": "ออเดอร์ถูกลบระหว่างที่กำลังแก้ไข",
    "order_values_refused": "HubSpot ไม่รับค่าต่อไปนี้ของออเดอร์: {names}",
    # Why a value was not written, or is not changed
    "email_ignored": "เป็นอีเมลที่ตั้งไว้ให้ข้าม",
    "email_invalid": "อีเมลไม่ถูกต้อง",
    "phone_invalid": "ไม่ใช่หมายเลขโทรศัพท์",
    "ambiguous": "ตีความได้มากกว่าหนึ่งแบบ",
    "contradictory": "ข้อมูลแต่ละส่วนขัดกันเอง",
    "option_missing": "HubSpot ไม่มีตัวเลือกนี้",
    "email_refused": "HubSpot ไม่รับอีเมลนี้",
    "phone_refused": "HubSpot ไม่รับหมายเลขนี้",
    "property_missing": "HubSpot ไม่มี property นี้ กรุณารัน leadsync setup",
    "property_read_only": "property นี้แก้ไขไม่ได้ใน HubSpot",
    "not_a_whole_number": "HubSpot ต้องการจำนวนเต็ม",
    "not_a_number": "HubSpot ต้องการตัวเลข",
    "not_a_date": "HubSpot ต้องการวันที่",
    "value_refused": "HubSpot ไม่รับค่านี้ ({code})",
    "value_suspected": "HubSpot ไม่รับรายชื่อนี้ อาจเป็นเพราะค่านี้",
    "value_taken": "รายชื่ออื่นใช้ค่านี้อยู่แล้ว",
    "email_taken": "รายชื่ออื่นใช้อีเมลนี้อยู่แล้ว",
    "email_shared": "มีลูกค้าใช้อีเมลนี้ตั้งแต่สามคน จึงระบุตัวไม่ได้",
    "partner_required": "HubSpot รับค่านี้เมื่อมี {properties} เท่านั้น",
    "form_wanted": "HubSpot ต้องการค่าตามรูปแบบ {rule}",
    "said_newer": "ลูกค้าแจ้งค่าที่ใหม่กว่าแล้ว",
    "longer_name_known": "มีชื่อที่ครบกว่าอยู่แล้ว",
    "contact_of_others": "รายชื่อนี้มีผู้อื่นสร้างไว้และมีค่าอื่นอยู่แล้ว",
    "contact_of_other_customer": "รายชื่อเป็นของลูกค้าแชตคนอื่น จับคู่จากอีเมลเพียงอย่างเดียว",
    "already_there": "HubSpot มีค่านี้อยู่แล้ว",
    "said_before": "ลูกค้าเคยแจ้งค่านี้แล้ว",
    "only_when_created": "กำหนดเฉพาะเมื่อสร้างรายชื่อ",
    # What to know of a value that was written
    "written_with_warning": "HubSpot บันทึกแล้วโดยมีคำเตือน ({code})",
    # Why a reply has no payment link
    "pay_off": "ปิดลิงก์ชำระเงินอยู่ ยังไม่ได้ตั้งค่า {name}",
    "pay_on_delivery": "เก็บเงินปลายทาง",
    "pay_no_cart": "ไม่มีตะกร้าที่อ่านได้",
    "pay_unavailable": "มีสินค้าที่หมดในตะกร้า",
    "pay_no_amount": "ยอดรวมไม่ใช่จำนวนเงิน {currency} ที่ชัดเจน",
    "pay_sum": "ยอดรวมไม่ตรงกับผลรวมของรายการและค่าส่ง",
    "pay_prices": "ยังไม่ได้เทียบราคากับสินค้าใน HubSpot",
    "pay_range": "ยอดรวมไม่อยู่ระหว่าง {low} ถึง {high}",
    # Why a lead was not written, or has to wait
    "matched_by_email_only": "จับคู่จากอีเมลเพียงอย่างเดียว",
    "no_contact_details": "ยังไม่มีข้อมูลติดต่อ",
    "nothing_written": "โหมดทดลอง: ไม่ได้บันทึกจริง",
    "parked_too_long": "ค้างครบ {days} วันแล้ว จึงลบสิ่งที่ลูกค้าแจ้งออก",
    "held_too_long": "พักไว้ในโหมดทดลองครบ {days} วันโดยไม่มีผู้สั่งบันทึก จึงลบสิ่งที่ลูกค้าแจ้งออก",
    "fields_unusable": "{fields} ขาดหรือใช้ไม่ได้",
    "event_unreadable": "อ่านเหตุการณ์นี้ไม่ได้",
    "fault": "โปรแกรมนี้ขัดข้อง ({error})",
    "contact_refused": "HubSpot ไม่รับรายชื่อนี้",
    "values_refused": "HubSpot ไม่รับบางค่า",
    "property_required": "HubSpot บังคับให้มี {properties}",
    "placeholder_refused": "HubSpot ไม่รับแม้แต่นามสกุลสมมติ",
    "contact_locked": "HubSpot ล็อกรายชื่อนี้ชั่วคราว",
    "contact_busy": "HubSpot ไม่ว่างสำหรับรายชื่อนี้",
    "contact_unsaid": "HubSpot ไม่บอกว่ามีรายชื่อนี้หรือไม่",
    "error_unexplained": "HubSpot แจ้งข้อผิดพลาดโดยไม่บอกสาเหตุ",
    "lead_unanswered": "HubSpot ไม่ตอบสำหรับลีดนี้",
    "never_accepted": "HubSpot ปฏิเสธค่าต่าง ๆ ไม่จบ",
    "owner_unnamed": "HubSpot ยังไม่แสดงรายชื่อที่มีอีเมลนี้",
    "owner_vanished": "รายชื่อที่มีอีเมลนี้หายไป",
    "owner_being_written": "กำลังบันทึกลูกค้าเจ้าของรายชื่อนี้อยู่",
    "contact_just_created": "มีการสร้างรายชื่อนี้พร้อมกันจากที่อื่น",
    "contact_vanished": "รายชื่อหายไปจาก HubSpot ระหว่างบันทึก",
    # Why a line is down
    "token_refused": "HubSpot ไม่ยอมรับ access token กรุณาใส่ค่าใหม่ที่ HUBSPOT_ACCESS_TOKEN",
    "scope_missing": f"token ของ HubSpot ขาดสิทธิ์ {{scope}} {_ADD_SCOPE}",
    "any_scope_missing": f"token ของ HubSpot ขาดสิทธิ์ใดสิทธิ์หนึ่งใน {{scopes}} {_ADD_SCOPE}",
    "daily_quota_used": "โควตารายวันของ HubSpot หมดแล้ว",
    "portal_full": "พอร์ทัล HubSpot ไม่มีที่ว่างสำหรับรายชื่อใหม่แล้ว",
    "portal_full_of": "พอร์ทัล HubSpot ไม่มีที่ว่างสำหรับ {kind} ใหม่",
    "order_currency_refused": (
        "HubSpot ไม่รับสกุลเงินของคำสั่งซื้อ เพิ่มสกุลเงินนั้นในพอร์ทัล (Settings > Account defaults > Currency) "
        "หรือแก้ currency ใต้ [orders] ใน leadsync.toml"
    ),
    "order_pipeline_refused": (
        "HubSpot ไม่รับไปป์ไลน์ของคำสั่งซื้อ ตรวจ pipeline ใต้ [orders] ใน leadsync.toml ดูไปป์ไลน์ที่พอร์ทัลมีด้วย leadsync doctor"
    ),
    "order_stage_refused": (
        "HubSpot ไม่รับขั้นของคำสั่งซื้อ ตรวจ stage ใต้ [orders] ใน leadsync.toml ดูขั้นที่พอร์ทัลมีด้วย leadsync doctor"
    ),
    "order_amount_refused": (
        "HubSpot ไม่รับยอดเงินของคำสั่งซื้อ ทำให้พร็อพเพอร์ตี้นั้นแก้ไขได้และยกเลิกกฎของมันใน HubSpot (Settings > Properties)"
    ),
    "object_not_activated": (
        "พอร์ทัล HubSpot นี้ยังไม่เปิดใช้ {kind} เปิดใช้ที่นั่น (Settings > Data Management > Objects) "
        'หรือตั้ง object = "deal" และ stage ใต้ [orders] ใน leadsync.toml'
    ),
    "no_pipeline": "พอร์ทัลไม่มีไปป์ไลน์ {name} สำหรับ {kind} มีแต่ {others} ตรวจ [orders] ใน leadsync.toml",
    "no_stage": "ไปป์ไลน์ {pipeline} ไม่มีขั้น {name} มีแต่ {others} ตรวจ [orders] ใน leadsync.toml",
    "essential_read_only": "พร็อพเพอร์ตี้ {property} ของ {kind} อ่านได้อย่างเดียวหรือไม่มีในพอร์ทัล",
    "link_unanswered": "HubSpot ไม่ตอบเรื่องการเชื่อมโยงนี้",
    "link_refused": "HubSpot ไม่รับการเชื่อมโยงนี้",
    "archive_refused": "HubSpot ไม่ยอมลบเรคคอร์ด (สถานะ {status})",
    "slow_down": "HubSpot ขอให้ส่งช้าลง",
    "portal_moving": "HubSpot กำลังย้ายพอร์ทัลนี้ไปศูนย์ข้อมูลอื่น",
    "records_locked": "HubSpot ล็อกรายชื่อเหล่านี้ชั่วคราว",
    "hubspot_unavailable": "HubSpot ใช้งานไม่ได้ชั่วคราว",
    "hubspot_answered": "HubSpot ใช้งานไม่ได้ (รหัส {status})",
    "hubspot_unreachable": "ติดต่อ HubSpot ไม่ได้ กรุณาตรวจสอบ HUBSPOT_BASE_URL และเครือข่าย",
    "connection_failed": "ติดต่อ HubSpot ไม่ได้ ({error})",
    "hubspot_too_late": "HubSpot ไม่ตอบในเวลา",
    "hubspot_tls_failed": "เชื่อมต่อ TLS กับ HubSpot ไม่สำเร็จ",
    "hubspot_disconnected": "HubSpot ตัดการเชื่อมต่อก่อนตอบ",
    "answer_unexpected": "HubSpot ตอบผิดปกติ (รหัส {status}) กรุณาตรวจสอบ HUBSPOT_BASE_URL",
    "answer_too_long": "คำตอบของ HubSpot ยาวเกินไป กรุณาตรวจสอบ HUBSPOT_BASE_URL",
    "answer_empty": "HubSpot ตอบกลับโดยไม่มีผลลัพธ์",
    "no_properties_listed": "HubSpot ไม่แสดง property ของรายชื่อ กรุณาตรวจสอบ HUBSPOT_BASE_URL",
    "key_missing": "พอร์ทัลไม่มี property {property} กรุณารัน leadsync setup",
    "key_lacking": "พอร์ทัลไม่มี property {property} แบบไม่ซ้ำค่า กรุณารัน leadsync setup",
    "key_not_unique": "property {property} มีค่าซ้ำได้ จึงแยกลูกค้าไม่ได้ กรุณาลบใน HubSpot (ต้องไม่มีค่า) แล้วรัน leadsync setup",
    "search_refused": "HubSpot ปฏิเสธการค้นหา (รหัส {status})",
    "erasure_refused": "HubSpot ไม่ยอมลบรายชื่อ (รหัส {status})",
    "order_blanking_refused": "HubSpot ไม่ยอมลบข้อมูลส่วนบุคคลออกจากออเดอร์ที่ชำระเงินแล้ว",
    "unlinking_refused": "HubSpot ไม่ยอมลบรหัสลูกค้าออกจากรายชื่อ",
    "dealdroid_takes_nothing": "ขณะนี้ DealDroid ยังไม่รับข้อความ",
    "dealdroid_busy": "DealDroid ขอให้ส่งช้าลง",
    "redis_restarted": "Redis เพิ่งเริ่มใหม่ ข้อความรอจนกว่าจะรู้ครบ",
    # Why a customer is not told of their order's stage until somebody decides
    "stage_not_held": "ไม่ได้พักไว้ หรือมีคนตัดสินใจไปแล้ว",
    "line_paused": "การส่งไป HubSpot หยุดพักอยู่",
    "stage_bulk": "มีออเดอร์ถูกย้ายมากกว่า {most} รายการภายในหนึ่งนาที อาจเป็นความผิดพลาด",
    # Why there is no message, or what became of it
    "nothing_new": "ไม่มีเรื่องใหม่ที่ต้องแจ้ง",
    "said_today": "วันนี้แจ้งเรื่องเดียวกันแล้ว",
    "found_by_email_alone": "พบรายชื่อจากอีเมลเพียงอย่างเดียว",
    "newer_answered": "ตอบเหตุการณ์ที่ใหม่กว่าแล้ว",
    "text_empty": "ข้อความว่าง",
    "messages_off": "ปิดการส่งข้อความไว้",
    "messages_off_for_intent": "ปิดการส่งข้อความของ intent นี้ไว้",
    "quiet_hours": "อยู่ในช่วงเวลางดรบกวน",
    "never_heard": "ไม่ทราบว่าลูกค้าทักมาครั้งล่าสุดเมื่อไร และตั้งค่า window_hours ไว้",
    "window_over": "ลูกค้าทักมาครั้งล่าสุดนานเกิน window_hours",
    "behind_another": "มีข้อความก่อนหน้าถึงลูกค้ารออยู่",
    "too_old": "เก่ากว่า {minutes} นาที",
    "is_retry": "เป็นการลองใหม่",
    "is_replay": "เป็นการส่งเหตุการณ์เดิมซ้ำ",
    "is_import": "เป็นการนำเข้าข้อมูล",
    "dealdroid_unreachable": "ติดต่อ DealDroid ไม่ได้",
    "dealdroid_tls_failed": "เชื่อมต่อ TLS หรือพร็อกซีไปยัง DealDroid ไม่ได้",
    "dealdroid_disconnected": "การเชื่อมต่อขาดก่อน DealDroid ตอบ",
    "dealdroid_too_late": "DealDroid ไม่ตอบในเวลา",
    "dealdroid_unreadable": "อ่านคำตอบของ DealDroid ไม่ได้",
    "dealdroid_answered": "DealDroid ตอบรหัส {status}",
    "message_refused": "DealDroid ไม่รับข้อความ (รหัส {status})",
    "message_unreadable": "อ่านข้อความไม่ได้",
    "redis_restarted_meanwhile": "Redis เริ่มใหม่ระหว่างส่ง",
    "sender_cut_off": "ผู้ส่งหยุดทำงานกลางคัน",
    "message_not_sent": "ส่งข้อความไม่สำเร็จ: {why}",
    "order_not_made": "บันทึกออเดอร์ไม่สำเร็จ: {why}",
    "order_cart_gone": "ตะกร้านี้ไม่อยู่ใน Redis แล้ว กรุณาสร้างออเดอร์เองหรือถามลูกค้า",
    "order_cart_dropped": "Redis ไม่มีที่เหลือสำหรับตะกร้าที่รออยู่ จึงลบตะกร้านี้",
    "no_order_waits": "ไม่มีออเดอร์ของลีดนี้รออยู่",
    "message_uncertain": "ข้อความอาจไม่ถึงลูกค้า: {why}",
    # Why a person's retry or discard does nothing
    "not_parked": "ไม่มีรายการนี้รอให้ช่วย",
    "no_message_waits": "ไม่มีข้อความของลีดนี้รอให้ช่วย",
    "no_event": "อ่านเหตุการณ์ไม่ได้ จึงลองใหม่ไม่ได้ กรุณาทิ้ง",
    "fields_unusable_still": "{fields} ขาดหรือใช้ไม่ได้ จึงลองใหม่ไม่ได้ กรุณาทิ้ง",
    "still_dry": "worker ทำงานด้วย DRY_RUN=1 และจะพักไว้อีก กรุณาเอา DRY_RUN ออก เริ่ม worker ใหม่ แล้วลองใหม่",
    "no_contact_read": "{why}.",
}

CONSOLE_REASONS: Mapping[str, str] = {}

FORMER_REASONS: Mapping[str, str] = {
    "dry run: nothing is sent": "โหมดทดลอง: ไม่ได้ส่งจริง",
    "HubSpot's answer took too long.": "HubSpot ตอบช้าเกินไป",
    (
        "The HubSpot token lacks a scope. Tick crm.objects.contacts.read and .write and crm.schemas.contacts.read and "
        ".write in the private app."
    ): (
        "token ของ HubSpot ขาดสิทธิ์ กรุณาเลือก crm.objects.contacts.read และ .write "
        "กับ crm.schemas.contacts.read และ .write ใน private app"
    ),
}

FIXES: Mapping[str, str] = {
    "": "สาเหตุอาจหมดไปแล้ว กรุณาลองใหม่",
    "unusable": "ลองใหม่ทั้งอย่างนี้ไม่ได้ กรุณาให้ intent ใน DealDroid ส่งค่าที่ขาด แล้วทิ้งรายการนี้",
    "unreadable": "กรุณาติดตั้ง leadsync รุ่นล่าสุดแล้วลองใหม่ หากยังค้างอีกให้ทิ้ง",
    "required": ("กรุณากำหนดค่าที่ [required] ใน leadsync.toml เลิกบังคับกรอกใน HubSpot หรือกรอกค่าเองหากมีรายชื่อแล้ว จากนั้นลองใหม่"),
    "refused": "กรุณาตรวจกฎหรือ property ที่บังคับกรอกในพอร์ทัล แก้ไขแล้วลองใหม่",
    "failed": "ลีดบันทึกแล้ว กรุณาแก้ตามที่ DealDroid แจ้งแล้วลองใหม่ หรือทิ้งข้อความนี้",
    "interrupted": "ลีดบันทึกแล้ว และลูกค้าอาจได้รับข้อความแล้ว ลองใหม่เมื่อแน่ใจว่ายังไม่ได้รับ หากไม่แน่ใจให้ทิ้ง",
    "dry run": "เมื่อเอา DRY_RUN ออกและเริ่ม worker ใหม่แล้ว กรุณาลองใหม่",
    "error": "กรุณาติดตั้ง leadsync รุ่นล่าสุดแล้วลองใหม่",
    "row": "HubSpot รับลีดอื่นแต่ไม่รับลีดนี้ กรุณาดู status.hubspot.com แล้วลองใหม่",
    "race": "มีโปรแกรมอื่นเขียนรายชื่อเดียวกันพร้อมกัน กรุณาลองใหม่ หากเกิดซ้ำให้ดูแอปที่เชื่อมต่อใน HubSpot",
    "no_contact": "มีผู้ลบรายชื่อใน HubSpot เมื่อลูกค้าทักมาอีกครั้ง ระบบจะสร้างรายชื่อใหม่ แล้วจึงลองใหม่",
    "vanishing": "มี workflow หรือผู้ใช้ลบรายชื่อระหว่างบันทึก กรุณาหาสาเหตุใน HubSpot แล้วลองใหม่",
    "full": "มีออเดอร์รอมากเกินไป ตะกร้าจึงถูกลบ กรุณาแก้สาเหตุที่ออเดอร์ค้าง (leadsync doctor) "
    "เพิ่มหน่วยความจำให้ Redis สร้างออเดอร์เหล่านี้เอง แล้วกดทิ้ง",
    "unsettled": "HubSpot ปฏิเสธค่าต่าง ๆ ของลีดนี้ต่อเนื่อง กรุณาตรวจกฎของ property ในพอร์ทัลแล้วลองใหม่",
}

HINTS: Mapping[str, str] = {
    "": 'ค่าที่ลูกค้าแจ้งอยู่ใน "Values not saved" ของรายชื่อ',
    "email_ignored": "ไม่ต้องทำอะไร เป็นไปตาม leadsync.toml",
    "email_invalid": 'กรุณาถามลูกค้าอีกครั้ง ค่าที่แจ้งอยู่ใน "Values not saved" ของรายชื่อ',
    "phone_invalid": 'กรุณาถามลูกค้าอีกครั้ง ค่าที่แจ้งอยู่ใน "Values not saved" ของรายชื่อ',
    "ambiguous": 'กรุณาถามลูกค้าอีกครั้ง ค่าที่ได้รับอยู่ใน "Values not saved" ของรายชื่อ',
    "contradictory": 'กรุณาถามลูกค้าว่าข้อมูลใดถูกต้อง ส่วนที่ขัดกันอยู่ใน "Values not saved" ของรายชื่อ',
    "option_missing": "กรุณาเพิ่มตัวเลือกใน property ของ HubSpot ลีดถัดไปจะมีค่านี้",
    "property_missing": "กรุณารัน leadsync setup ลีดถัดไปจะมีค่านี้",
    "property_read_only": "กรุณาตั้งให้ property แก้ไขได้ใน HubSpot หรือตัดออกใน leadsync.toml",
    "value_taken": "หากเป็นคนเดียวกัน กรุณารวมรายชื่อใน HubSpot",
}

PAUSES: Mapping[str, str] = {
    "unauthorized": "HubSpot ไม่ยอมรับ access token กรุณาใส่ค่าใหม่ที่ HUBSPOT_ACCESS_TOKEN แล้วเริ่ม worker ใหม่",
    "forbidden": (
        "token ของ HubSpot ขาดสิทธิ์ กรุณาไปที่ Settings > Integrations > Service Keys แล้วเพิ่ม "
        "crm.objects.contacts.read และ .write กับ crm.schemas.contacts.read และ .write ให้คีย์ "
        "(หากใช้ private app แบบเดิม: Private apps > Scopes) คำสั่ง leadsync doctor จะบอกว่าขาดสิทธิ์ใด"
    ),
    "daily_quota": ("โควตารายวันของ HubSpot หมดแล้ว จะเริ่มใหม่ตอนเที่ยงคืนตามเวลาของพอร์ทัล กรุณาตรวจว่าแอปใดใช้มากผิดปกติ"),
    "no_room": "พอร์ทัล HubSpot ไม่มีที่ว่างสำหรับรายชื่อใหม่แล้ว กรุณาลบรายชื่อที่ไม่ใช้ หรือซื้อเพิ่ม",
    "order_key": "พอร์ทัลไม่มี dealdroid_order_id หรือ dealdroid_line_id เป็นพร็อพเพอร์ตี้ที่มีค่าไม่ซ้ำ ให้รัน leadsync setup",
    "order_room": "พอร์ทัล HubSpot ไม่มีที่ว่างสำหรับคำสั่งซื้อหรือรายการใหม่ ลบที่ไม่ใช้ หรือซื้อเพิ่ม",
    "order_currency": (
        "HubSpot ไม่รับสกุลเงินของคำสั่งซื้อ เพิ่มสกุลเงินนั้นในพอร์ทัล หรือแก้ currency ใต้ [orders] ใน leadsync.toml แล้วเริ่ม worker ใหม่"
    ),
    "order_pipeline": (
        "HubSpot ไม่รับไปป์ไลน์ของคำสั่งซื้อ แก้ pipeline ใต้ [orders] ใน leadsync.toml แล้วเริ่ม worker ใหม่ "
        "ดูไปป์ไลน์ที่พอร์ทัลมีด้วย leadsync doctor"
    ),
    "order_stage": (
        "HubSpot ไม่รับขั้นของคำสั่งซื้อ แก้ stage ใต้ [orders] ใน leadsync.toml แล้วเริ่ม worker ใหม่ ดูขั้นที่พอร์ทัลมีด้วย leadsync doctor"
    ),
    "order_amount": (
        "HubSpot ไม่รับยอดเงินของคำสั่งซื้อ ทำให้พร็อพเพอร์ตี้นั้นแก้ไขได้และยกเลิกกฎของมันใน HubSpot leadsync doctor บอกว่าอะไรแก้ไขไม่ได้"
    ),
    "orders_off": (
        "พอร์ทัลยังไม่เปิดใช้สิ่งที่คำสั่งซื้อต้องใช้ เปิดใช้ใน HubSpot (Settings > Data Management > Objects) "
        'หรือตั้ง object = "deal" และ stage ใต้ [orders] ใน leadsync.toml แล้วเริ่ม worker ใหม่'
    ),
    "rate_limit": "HubSpot ขอให้ส่งช้าลง ไม่ต้องทำอะไร",
    "migrating": "HubSpot กำลังย้ายพอร์ทัลนี้ไปศูนย์ข้อมูลอื่น ไม่ต้องทำอะไร",
    "locked": "HubSpot ล็อกรายชื่อเหล่านี้ชั่วคราว ไม่ต้องทำอะไร",
    "unavailable": "HubSpot ใช้งานไม่ได้ชั่วคราว ไม่ต้องทำอะไร ดูสถานะได้ที่ status.hubspot.com",
    "unreachable": "ติดต่อ HubSpot ไม่ได้ กรุณาตรวจสอบเครือข่ายและ HUBSPOT_BASE_URL",
    "timeout": "HubSpot ตอบไม่ทันเวลา ไม่ต้องทำอะไร",
    "disconnected": "HubSpot ตัดการเชื่อมต่อก่อนตอบ ไม่ต้องทำอะไร",
    "tls": "เชื่อมต่อ TLS กับ HubSpot ไม่สำเร็จ กรุณาตรวจสอบ HUBSPOT_BASE_URL และใบรับรองของเครื่อง",
    "empty_answer": "HubSpot ตอบกลับโดยไม่มีผลลัพธ์ ไม่ต้องทำอะไร",
    "unexpected": "ได้รับคำตอบที่ไม่ใช่ของ HubSpot กรุณาตรวจสอบ HUBSPOT_BASE_URL",
    "no_key": "พอร์ทัลไม่มี property dealdroid_customer_id แบบไม่ซ้ำค่า กรุณารัน leadsync setup",
    "dealdroid": "ขณะนี้ DealDroid ยังไม่รับข้อความ",
    "dealdroid_busy": "DealDroid ขอให้ส่งช้าลง ไม่ต้องทำอะไร",
    "restarted": "Redis เพิ่งเริ่มใหม่ ข้อความรอจนกว่าจะรู้ว่าส่งอะไรไปแล้วบ้าง",
}

PROBLEMS: Mapping[str, str] = {
    "redis_away": "Redis ไม่ตอบสนอง",
    "no_workers": "ไม่มี worker ทำงานอยู่ ลีดจึงต้องรอ",
    "paused": "ลีดกำลังรอ HubSpot",
    "disk_unusable": "ดิสก์ของเครื่องนี้เก็บลีดไม่ได้",
    "refused": "วันนี้ปฏิเสธ {n} คำขอ เพราะรหัสลับของ intent ไม่ตรงกับที่ตั้งไว้ที่นี่",
    "late": "ลีดเก่าที่สุดรอมาแล้ว {n} วินาที",
    "messages_paused": "ข้อความกำลังรอ DealDroid",
    "orders_paused": "ออเดอร์กำลังรอ HubSpot",
    "required": "HubSpot ไม่รับรายชื่อที่ไม่มีค่าใน property ที่พอร์ทัลบังคับกรอก",
    "parked": "มี {n} ลีดรอให้คุณช่วย",
    "hooks_away": "มี {n} ปลายทางไม่รับ webhook",
    "notices_away": "มี {n} ปลายทางไม่รับข้อความแจ้งทีมงาน",
    "stages_held": "มี {n} ออเดอร์ที่รอให้คุณตัดสินใจก่อนแจ้งสถานะแก่ลูกค้า",
    "stages_wait": "ยังไม่มีการแจ้งสถานะออเดอร์แก่ลูกค้า",
    "spooled": "มี {n} ลีดรออยู่ในดิสก์ของเครื่องนี้",
    "foreign": "มี {n} ลีดในดิสก์ของเครื่องนี้ที่เก็บไว้สำหรับ Redis อื่น",
    "dry_run": "โหมดทดลอง: ไม่มีอะไรเข้า HubSpot",
    "partly_dry": "โหมดทดลองเฉพาะบาง worker: ลีดบางรายการถูกพักไว้ บางรายการถูกบันทึก",
    "held": "มี {n} ลีดที่พักไว้ตั้งแต่โหมดทดลอง",
}
