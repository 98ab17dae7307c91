"""What is wrong, why a line is paused and what to do, on the console: key -> (English, Thai); a part of
`receiver.console.translations`. What a problem is called in English stands in `leadcore.verdict`."""

from collections.abc import Mapping

from leadcore.verdict import DESCRIPTIONS


def _problem(code: str) -> str:
    """What `leadcore.verdict` says of a problem, so that the console says the same as the commands."""
    return DESCRIPTIONS[code].text


PROBLEM_TEXTS: Mapping[str, tuple[str, str]] = {
    "health": ("System status", "สถานะระบบ"),
    "fine": ("Everything works", "ทุกอย่างทำงานปกติ"),
    "fine.do": ("New leads reach HubSpot within seconds.", "ลีดใหม่จะเข้า HubSpot ภายในไม่กี่วินาที"),
    "no_workers": (_problem("no_workers"), "ไม่มี worker ทำงานอยู่ ลีดจึงต้องรอ"),
    "no_workers.do": (
        "Start one: leadsync worker. Nothing is lost meanwhile.",
        "กรุณาเริ่ม worker ด้วยคำสั่ง leadsync worker ระหว่างนี้ไม่มีลีดสูญหาย",
    ),
    "required": (_problem("required"), "HubSpot ไม่รับรายชื่อที่ไม่มีค่าใน property ที่พอร์ทัลบังคับกรอก"),
    "required.do": (
        DESCRIPTIONS["required"].fix,
        "HubSpot ต้องการ {why} กรุณากำหนดค่าที่ [required] ใน leadsync.toml หรือเลิกบังคับกรอกใน HubSpot "
        "ระบบจะรู้เองภายในหนึ่งชั่วโมง หากต้องการลองทันทีให้สั่งลองใหม่",
    ),
    "parked": (_problem("parked"), "มี {n} ลีดรอให้คุณช่วย"),
    "parked.do": ("See below what is wrong and how to fix it.", "ดูสาเหตุและวิธีแก้ได้ด้านล่าง"),
    "refused": (_problem("refused"), "วันนี้ปฏิเสธ {n} คำขอ เพราะรหัสลับของ intent ไม่ตรงกับที่ตั้งไว้ที่นี่"),
    "refused.do": (
        DESCRIPTIONS["refused"].fix,
        "กรุณาใส่ API secret key ของทุก intent ใน DealDroid ไว้ที่ DEALDROID_SECRET แล้วเริ่ม web ใหม่",
    ),
    "late": (_problem("late"), "ลีดเก่าที่สุดรอมาแล้ว {n} วินาที"),
    "late.do": (DESCRIPTIONS["late"].fix, "หากจำนวนไม่ลดลง กรุณาเพิ่ม worker"),
    "spooled": (_problem("spooled"), "มี {n} ลีดรออยู่ในดิสก์ของเครื่องนี้"),
    "foreign": (_problem("foreign"), "มี {n} ลีดในดิสก์ของเครื่องนี้ที่เก็บไว้สำหรับ Redis อื่น"),
    "foreign.do": (
        DESCRIPTIONS["foreign"].fix,
        "ระบบไม่แตะลีดเหล่านี้ หาก Redis ถูกล้างหรือเปลี่ยน ลีดเหล่านี้เป็นของคุณ กรุณาดูด้วยคำสั่ง leadsync spool list",
    ),
    "spooled.do": (DESCRIPTIONS["spooled"].fix, "ระบบจะนำเข้า Redis เอง"),
    "paused": (_problem("paused"), "ลีดกำลังรอ HubSpot"),
    "paused.when": (
        "Paused since {since}; tried again at {until}, then by itself until it works. Nothing is lost.",
        "หยุดพักตั้งแต่ {since} จะลองใหม่เวลา {until} และลองต่อเองจนกว่าจะสำเร็จ ไม่มีลีดสูญหาย",
    ),
    "paused.now": (
        "Paused since {since}; it is being tried again now. Nothing is lost.",
        "หยุดพักตั้งแต่ {since} กำลังลองใหม่อยู่ ไม่มีลีดสูญหาย",
    ),
    "paused.next": (
        "Paused since {since}; tried again with the next lead. Nothing is lost.",
        "หยุดพักตั้งแต่ {since} จะลองใหม่เมื่อมีลีดถัดไป ไม่มีลีดสูญหาย",
    ),
    "paused.stopped": (
        "Paused since {since}; tried again once a worker runs. Nothing is lost.",
        "หยุดพักตั้งแต่ {since} จะลองใหม่เมื่อมี worker ทำงาน ไม่มีลีดสูญหาย",
    ),
    "messages_paused": (_problem("messages_paused"), "ข้อความกำลังรอ DealDroid"),
    "messages_paused.do": ("They follow by themselves.", "ข้อความจะส่งตามไปเอง"),
    "dry_run": (_problem("dry_run"), "โหมดทดลอง: ไม่มีอะไรเข้า HubSpot"),
    "dry_run.do": (
        "New leads are held back, and no message is sent. To go live, unset DRY_RUN and restart the workers; then "
        "write what was held back.",
        "ลีดใหม่ถูกพักไว้และไม่มีการส่งข้อความ หากพร้อมใช้จริง ให้เอา DRY_RUN ออก เริ่ม worker ใหม่ แล้วสั่งบันทึกลีดเหล่านี้",
    ),
    "partly_dry": (_problem("partly_dry"), "โหมดทดลองเฉพาะบาง worker: ลีดบางรายการถูกพักไว้ บางรายการถูกบันทึก"),
    "partly_dry.do": (DESCRIPTIONS["partly_dry"].fix, "กรุณาตั้ง DRY_RUN ให้เหมือนกันทุก worker แล้วเริ่มใหม่"),
    "held": (
        _problem("held"),
        "มี {n} ลีดที่พักไว้ตั้งแต่โหมดทดลอง",
    ),
    "held.do": ("Write or discard them below.", "สั่งบันทึกหรือทิ้งได้ด้านล่าง"),
    "away": (_problem("redis_away"), "Redis ไม่ตอบสนอง"),
    "away.do": (
        "Leads are kept on this machine's disk ({n} so far) and are put into Redis as soon as it answers. "
        "Check REDIS_URL and whether Redis runs.",
        "ลีดถูกเก็บไว้ในดิสก์ของเครื่องนี้ (ขณะนี้ {n} รายการ) และจะเข้า Redis ทันทีที่ตอบสนอง "
        "กรุณาตรวจสอบ REDIS_URL และดูว่า Redis ทำงานอยู่หรือไม่",
    ),
    "away.unknown": (
        "Leads are kept on this machine's disk and are put into Redis as soon as it answers.",
        "ลีดถูกเก็บไว้ในดิสก์ของเครื่องนี้ และจะเข้า Redis ทันทีที่ตอบสนอง",
    ),
    "away.refused": (
        "This machine's disk cannot store leads either ({why}): what DealDroid posts now is refused and lost. "
        "Check REDIS_URL and whether Redis runs, and repair the disk: leadsync doctor says where it is.",
        "ดิสก์ของเครื่องนี้ก็เก็บลีดไม่ได้เช่นกัน ({why}) สิ่งที่ DealDroid ส่งมาตอนนี้ถูกปฏิเสธและสูญหาย "
        "กรุณาตรวจสอบ REDIS_URL และดูว่า Redis ทำงานอยู่หรือไม่ และแก้ไขดิสก์ คำสั่ง leadsync doctor จะบอกตำแหน่ง",
    ),
    "disk_unusable": (_problem("disk_unusable"), "ดิสก์ของเครื่องนี้เก็บลีดไม่ได้"),
    "disk_unusable.do": (
        "{why}. Leads still arrive through Redis, but are refused and lost whenever it is away. "
        "leadsync doctor says which folder it is and what to do.",
        "{why} ลีดยังเข้ามาทาง Redis ได้ แต่จะถูกปฏิเสธและสูญหายเมื่อ Redis ไม่ตอบสนอง "
        "คำสั่ง leadsync doctor จะบอกว่าเป็นโฟลเดอร์ใดและต้องทำอะไร",
    ),
    "busy": ("The console is busy", "คอนโซลไม่ว่าง"),
    "busy.do": ("Too many pages are open at once. Reload in a moment.", "เปิดหลายหน้าพร้อมกันเกินไป กรุณาโหลดใหม่อีกครั้ง"),
    # Why a line is paused and what to do, by the code in Redis
    "pause.unauthorized": (
        "HubSpot refuses the access token. Put a valid one into HUBSPOT_ACCESS_TOKEN and restart the workers.",
        "HubSpot ไม่ยอมรับ access token กรุณาใส่ค่าใหม่ที่ HUBSPOT_ACCESS_TOKEN แล้วเริ่ม worker ใหม่",
    ),
    "pause.forbidden": (
        "The HubSpot token lacks a scope. In HubSpot, under Settings > Integrations > Service Keys, give the key "
        "crm.objects.contacts.read and .write and crm.schemas.contacts.read and .write (for a legacy private app: "
        "Private apps > Scopes). leadsync doctor names the missing one.",
        "token ของ HubSpot ขาดสิทธิ์ กรุณาไปที่ Settings > Integrations > Service Keys แล้วเพิ่ม "
        "crm.objects.contacts.read และ .write กับ crm.schemas.contacts.read และ .write ให้คีย์ "
        "(หากใช้ private app แบบเดิม: Private apps > Scopes) คำสั่ง leadsync doctor จะบอกว่าขาดสิทธิ์ใด",
    ),
    "pause.daily_quota": (
        "HubSpot's daily quota is used up. It is reset at the portal's midnight; find out which app uses so much.",
        "โควตารายวันของ HubSpot หมดแล้ว จะเริ่มใหม่ตอนเที่ยงคืนตามเวลาของพอร์ทัล กรุณาตรวจว่าแอปใดใช้มากผิดปกติ",
    ),
    "pause.rate_limit": (
        "HubSpot asks to slow down. There is nothing to do.",
        "HubSpot ขอให้ส่งช้าลง ไม่ต้องทำอะไร",
    ),
    "pause.migrating": (
        "HubSpot is moving this portal to another data centre. There is nothing to do.",
        "HubSpot กำลังย้ายพอร์ทัลนี้ไปศูนย์ข้อมูลอื่น ไม่ต้องทำอะไร",
    ),
    "pause.locked": (
        "HubSpot has locked these contacts for a moment. There is nothing to do.",
        "HubSpot ล็อกรายชื่อเหล่านี้ชั่วคราว ไม่ต้องทำอะไร",
    ),
    "pause.unavailable": (
        "HubSpot is not available. There is nothing to do; status.hubspot.com shows when it is back.",
        "HubSpot ใช้งานไม่ได้ชั่วคราว ไม่ต้องทำอะไร ดูสถานะได้ที่ status.hubspot.com",
    ),
    "pause.unreachable": (
        "HubSpot cannot be reached. Check the network and HUBSPOT_BASE_URL.",
        "ติดต่อ HubSpot ไม่ได้ กรุณาตรวจสอบเครือข่ายและ HUBSPOT_BASE_URL",
    ),
    "pause.timeout": (
        "HubSpot does not answer in time. There is nothing to do.",
        "HubSpot ตอบไม่ทันเวลา ไม่ต้องทำอะไร",
    ),
    "pause.disconnected": (
        "HubSpot closes the connection before it answers. There is nothing to do.",
        "HubSpot ตัดการเชื่อมต่อก่อนตอบ ไม่ต้องทำอะไร",
    ),
    "pause.tls": (
        "The TLS connection to HubSpot fails. Check HUBSPOT_BASE_URL and this machine's certificates.",
        "เชื่อมต่อ TLS กับ HubSpot ไม่สำเร็จ กรุณาตรวจสอบ HUBSPOT_BASE_URL และใบรับรองของเครื่อง",
    ),
    "pause.empty_answer": (
        "HubSpot answers without a result. There is nothing to do.",
        "HubSpot ตอบกลับโดยไม่มีผลลัพธ์ ไม่ต้องทำอะไร",
    ),
    "pause.unexpected": (
        "HubSpot gives answers that are not its own. Check HUBSPOT_BASE_URL.",
        "ได้รับคำตอบที่ไม่ใช่ของ HubSpot กรุณาตรวจสอบ HUBSPOT_BASE_URL",
    ),
    "pause.no_key": (
        "The portal has no unique property dealdroid_customer_id. Run: leadsync setup",
        "พอร์ทัลไม่มี property dealdroid_customer_id แบบไม่ซ้ำค่า กรุณารัน leadsync setup",
    ),
    "pause.dealdroid": (
        "DealDroid accepts no messages at the moment.",
        "ขณะนี้ DealDroid ยังไม่รับข้อความ",
    ),
    "pause.restarted": (
        "Redis has restarted; messages wait until it knows which were sent.",
        "Redis เพิ่งเริ่มใหม่ ข้อความรอจนกว่าจะรู้ว่าส่งอะไรไปแล้วบ้าง",
    ),
}
