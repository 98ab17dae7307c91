"""The texts of the console's pages: key -> (English, Thai). What commands and alerts say too, of leads and of the
system's state, is in `leadcore.texts`; the labels of properties are in `receiver.console.property_labels`.

A text may have a singular and a plural form, separated by "|"; `n` selects one.
"""

from collections.abc import Mapping

from leadcore.texts import en, th
from receiver.console.setup_texts import SETUP_TEXTS

LANGUAGES = ("en", "th")
LANGUAGE_NAMES = {"en": "English", "th": "ไทย"}
MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "th": ("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."),
}


TEXTS: Mapping[str, tuple[str, str]] = {
    **SETUP_TEXTS,
    "title": ("Lead console", "คอนโซลลีด"),
    "skip": ("Skip to content", "ข้ามไปที่เนื้อหา"),
    "nav": ("Pages", "เมนู"),
    "nav.overview": ("Overview", "ภาพรวม"),
    "nav.leads": ("Leads", "ลีด"),
    "nav.messages": ("Messages", "ข้อความ"),
    "nav.actions": ("Actions", "ประวัติการจัดการ"),
    "language": ("Language", "ภาษา"),
    "stale": ("No connection. What you see may be old.", "เชื่อมต่อไม่ได้ ข้อมูลที่แสดงอาจไม่ใช่ล่าสุด"),
    "as_of": ("As of {time}", "ข้อมูล ณ {time}"),
    "back": ("Back to the overview", "กลับไปหน้าภาพรวม"),
    # What is wrong, and what to do
    **{code: (text, th.PROBLEMS[code]) for code, text in en.PROBLEMS.items()},
    "health": ("System status", "สถานะระบบ"),
    "fine": ("Everything works", "ทุกอย่างทำงานปกติ"),
    "fine.do": ("New leads reach HubSpot within seconds.", "ลีดใหม่จะเข้า HubSpot ภายในไม่กี่วินาที"),
    "no_workers.do": (
        "Start one: leadsync worker. Nothing is lost meanwhile.",
        "กรุณาเปิด worker ด้วยคำสั่ง leadsync worker ระหว่างนี้ลีดไม่สูญหาย",
    ),
    "required.do": (
        en.REMEDIES["required"],
        "HubSpot ต้องการ {why} กรุณากำหนดค่าที่ [required] ใน leadsync.toml หรือเลิกบังคับกรอกใน HubSpot "
        "ระบบจะตรวจพบเองภายในหนึ่งชั่วโมง หากต้องการลองทันที ให้กดลองใหม่",
    ),
    "parked.do": ("See below what is wrong and how to fix it.", "ดูสาเหตุและวิธีแก้ได้ด้านล่าง"),
    "stages_wait.do": ("Once it works again they are told.", "ระบบจะแจ้งให้เมื่อกลับมาทำงาน"),
    "stages_held.do": ("Tell them, or drop it, below.", "เลือกแจ้งหรือไม่แจ้งลูกค้าได้ด้านล่าง"),
    "refused.do": (
        en.REMEDIES["refused"],
        "กรุณาใส่ API secret key ของทุก intent ใน DealDroid ไว้ที่ DEALDROID_SECRET แล้วรีสตาร์ต web",
    ),
    "late.do": (en.REMEDIES["late"], "หากจำนวนไม่ลดลง กรุณาเพิ่ม worker"),
    "hooks_away.do": (
        "Leads are not affected. See below.",
        "ลีดไม่ได้รับผลกระทบ ดูรายละเอียดด้านล่าง",
    ),
    "notices_away.do": (
        "Leads are not affected. See below.",
        "ลีดไม่ได้รับผลกระทบ ดูรายละเอียดด้านล่าง",
    ),
    "foreign.do": (
        en.REMEDIES["foreign"],
        "ระบบจะไม่นำลีดเหล่านี้เข้าเอง หากเคยล้างหรือเปลี่ยน Redis ลีดเหล่านี้อาจเป็นของร้านนี้ ดูได้ด้วยคำสั่ง leadsync spool list",
    ),
    "spooled.do": (en.REMEDIES["spooled"], "ระบบจะนำเข้า Redis โดยอัตโนมัติ"),
    "paused.when": (
        "Paused since {since}; tried again at {until}, then by itself until it works. Nothing is lost.",
        "หยุดพักตั้งแต่ {since} จะลองใหม่เวลา {until} และลองไปจนกว่าจะสำเร็จ ลีดไม่สูญหาย",
    ),
    "paused.now": (
        "Paused since {since}; it is being tried again now. Nothing is lost.",
        "หยุดพักตั้งแต่ {since} กำลังลองใหม่ ลีดไม่สูญหาย",
    ),
    "paused.next": (
        "Paused since {since}; tried again with the next lead. Nothing is lost.",
        "หยุดพักตั้งแต่ {since} จะลองใหม่เมื่อมีลีดเข้ามา ลีดไม่สูญหาย",
    ),
    "paused.stopped": (
        "Paused since {since}; tried again once a worker runs. Nothing is lost.",
        "หยุดพักตั้งแต่ {since} จะลองใหม่เมื่อมี worker ทำงาน ลีดไม่สูญหาย",
    ),
    "messages_paused.do": ("They follow by themselves.", "ระบบจะส่งข้อความให้เองภายหลัง"),
    "payments_paused.do": ("They are noted by themselves then.", "จะบันทึกเองเมื่อกลับมาใช้งานได้"),
    "notes_paused.do": ("Contacts and orders are written meanwhile.", "ระหว่างนี้ยังบันทึกผู้ติดต่อและออเดอร์ได้ตามปกติ"),
    "orders_paused.do": ("Contacts are written meanwhile.", "ระหว่างนี้ยังบันทึกผู้ติดต่อได้ตามปกติ"),
    "dry_run.do": (
        "New leads are held back, and no message is sent. To go live, unset DRY_RUN and restart the workers; then "
        "write what was held back.",
        "ลีดใหม่จะถูกพักไว้และไม่มีการส่งข้อความ เมื่อพร้อมใช้งานจริง ให้ลบ DRY_RUN รีสตาร์ต worker แล้วกดบันทึกลีดที่พักไว้",
    ),
    "partly_dry.do": (en.REMEDIES["partly_dry"], "กรุณาตั้ง DRY_RUN ให้เหมือนกันทุก worker แล้วเริ่มใหม่"),
    "held.do": ("Write or discard them below.", "เลือกบันทึกหรือทิ้งได้ด้านล่าง"),
    "away.do": (
        "Leads are kept on this machine's disk ({n} so far) and are put into Redis as soon as it answers. "
        "Check REDIS_URL and whether Redis runs.",
        "ลีดถูกเก็บไว้ในดิสก์ของเครื่องนี้ (ขณะนี้ {n} รายการ) และจะนำเข้า Redis ทันทีที่ใช้ได้ "
        "กรุณาตรวจสอบ REDIS_URL และดูว่า Redis ทำงานอยู่หรือไม่",
    ),
    "away.unknown": (
        "Leads are kept on this machine's disk and are put into Redis as soon as it answers.",
        "ลีดถูกเก็บไว้ในดิสก์ของเครื่องนี้ และจะนำเข้า Redis ทันทีที่ใช้ได้",
    ),
    "away.refused": (
        "This machine's disk cannot store leads either ({why}): what DealDroid posts now is refused and lost. "
        "Check REDIS_URL and whether Redis runs, and repair the disk: leadsync doctor says where it is.",
        "ดิสก์ของเครื่องนี้ก็เก็บลีดไม่ได้ ({why}) ข้อมูลที่ DealDroid ส่งมาตอนนี้จะถูกปฏิเสธและสูญหาย "
        "กรุณาตรวจสอบ REDIS_URL และดูว่า Redis ทำงานอยู่หรือไม่ และแก้ไขดิสก์ ดูตำแหน่งได้ด้วยคำสั่ง leadsync doctor",
    ),
    "disk_unusable.do": (
        "{why}. Leads still arrive through Redis, but are refused and lost whenever it is away. "
        "leadsync doctor says which folder it is and what to do.",
        "{why} ลีดยังเข้ามาทาง Redis ได้ แต่จะถูกปฏิเสธและสูญหายเมื่อ Redis ไม่ตอบสนอง ดูโฟลเดอร์และวิธีแก้ได้ด้วยคำสั่ง leadsync doctor",
    ),
    "busy": ("The console is busy", "ขณะนี้มีการใช้งานมาก"),
    "busy.do": ("Too many pages are open at once. Reload in a moment.", "มีหน้าที่เปิดพร้อมกันมากเกินไป กรุณาโหลดใหม่ในอีกสักครู่"),
    # Figures
    "waiting": ("Waiting", "รอเข้า HubSpot"),
    "waiting.since": ("oldest since {time}", "รอนานสุดตั้งแต่ {time}"),
    "waiting.none": ("none waiting", "ไม่มีลีดค้าง"),
    "written": ("Written today", "บันทึกแล้ววันนี้"),
    "written.new": ("{n} new contact|{n} new contacts", "ผู้ติดต่อใหม่ {n} ราย"),
    "confirmed": ("Confirmed today", "แจ้งลูกค้าแล้ววันนี้"),
    "confirmed.more": ("messages in the chat", "ข้อความในแชต"),
    "need_you": ("Need you", "รอจัดการ"),
    "need_you.more": ("see how to fix them", "ดูวิธีแก้"),
    "need_you.none": ("none waits for you", "ไม่มีรายการค้าง"),
    "workers": ("Workers", "Worker"),
    "workers.more": ("alive", "ทำงานอยู่"),
    "disk": ("On this disk", "ในดิสก์ของเครื่องนี้"),
    "disk.more": ("wait for Redis", "รอเข้า Redis"),
    "disk.unusable": ("cannot store leads", "เก็บลีดไม่ได้"),
    "disk.foreign": (
        "{n} more were stored for another Redis: see leadsync spool list",
        "อีก {n} รายการเก็บไว้สำหรับ Redis อื่น ดู leadsync spool list",
    ),
    "disk.none": ("Redis has them all", "เข้า Redis ครบแล้ว"),
    "last_post": ("Last post from DealDroid: {time}", "ข้อมูลล่าสุดจาก DealDroid: {time}"),
    "restoring": (
        "Redis was emptied: {done} of {total} contacts are brought back from HubSpot.",
        "Redis ถูกล้างข้อมูล กำลังดึงผู้ติดต่อกลับจาก HubSpot ได้แล้ว {done} จาก {total} ราย",
    ),
    "restoring.do": (
        "Until then a new customer costs one more call; nothing is lost.",
        "ระหว่างนี้จะเรียก HubSpot เพิ่มหนึ่งครั้งต่อลูกค้าใหม่ ข้อมูลไม่สูญหาย",
    ),
    "restoring.memory": (
        "It waits: Redis is too full. Give Redis more memory.",
        "หยุดรอ เพราะ Redis ใกล้เต็ม กรุณาเพิ่มหน่วยความจำให้ Redis",
    ),
    "restoring.quota": (
        "It goes on tomorrow: it may use a tenth of the day's calls.",
        "จะทำต่อพรุ่งนี้ เพราะใช้โควตา HubSpot ได้ไม่เกินหนึ่งในสิบของแต่ละวัน",
    ),
    "restoring.paused": ("It waits until the line goes on.", "หยุดรอจนกว่าระบบจะส่งเข้า HubSpot ต่อได้"),
    "never": ("never", "ยังไม่เคย"),
    "unknown": ("unknown", "ไม่ทราบ"),
    # Chart
    "chart": ("The last 24 hours", "24 ชั่วโมงที่ผ่านมา"),
    "chart.desc": (
        "A bar for each hour: {n} lead in all, at most {highest} in an hour.|"
        "A bar for each hour: {n} leads in all, at most {highest} in an hour.",
        "หนึ่งแท่งต่อหนึ่งชั่วโมง รวม {n} ลีด สูงสุด {highest} ลีดต่อชั่วโมง",
    ),
    "chart.table": ("As a table", "ดูเป็นตาราง"),
    "chart.hour": ("Hour", "เวลา"),
    "chart.none": ("No lead in the last 24 hours.", "ไม่มีลีดใน 24 ชั่วโมงที่ผ่านมา"),
    "series.written": ("Written", "บันทึกแล้ว"),
    "series.nothing": ("Nothing new", "ไม่มีข้อมูลใหม่"),
    "series.held": ("Held back", "พักไว้"),
    "series.parked": ("Needed you", "รอจัดการ"),
    # Parked leads by cause, and dropped values
    "causes": ("Needs you", "รอจัดการ"),
    "causes.n": ("{n} lead|{n} leads", "{n} ลีด"),
    "causes.limit": (
        "The {n} that have waited longest are shown; the others follow once these are done.",
        "แสดง {n} รายการที่รอนานที่สุด รายการอื่นจะตามมาเมื่อจัดการชุดนี้แล้ว",
    ),
    "causes.show": ("Show the leads", "ดูรายการลีด"),
    "held.title": ("Held back", "พักไว้"),
    "held.dry": (
        "Not in HubSpot: they came in the dry run. Each is kept for 30 days.",
        "ยังไม่อยู่ใน HubSpot เพราะเข้ามาในโหมดทดลอง แต่ละรายการเก็บไว้ 30 วัน",
    ),
    "held.live": (
        "Not in HubSpot: they came in the dry run. What customers said since stays, and they get no message. Each is "
        "kept for 30 days.",
        "ยังไม่อยู่ใน HubSpot เพราะเข้ามาในโหมดทดลอง ค่าที่ลูกค้าแจ้งหลังจากนั้นจะไม่ถูกทับ และจะไม่ส่งข้อความถึงลูกค้า แต่ละรายการเก็บไว้ 30 วัน",
    ),
    "held.write": ("Write {n}|Write all {n}", "บันทึกทั้งหมด {n}"),
    "dropped": ("Worth a look", "ควรตรวจสอบ"),
    "dropped.of": (
        "Among the newest {n} leads that are in HubSpot.",
        "จากลีดล่าสุด {n} รายการที่อยู่ใน HubSpot แล้ว",
    ),
    "dropped.value": ("{field}: {why}. Written without it.", "{field}: {why} จึงไม่ได้บันทึกค่านี้"),
    "dropped.none": ("Nothing was left out.", "บันทึกครบทุกค่า"),
    "causes.more": ("and {n} more", "และอีก {n} รายการ"),
    "retry": ("Retry", "ลองใหม่"),
    "retry.all": ("Retry {n}|Retry all {n}", "ลองใหม่ทั้งหมด {n}"),
    "discard": ("Discard…", "ทิ้ง…"),
    "discard.all": ("Discard {n}…|Discard all {n}…", "ทิ้งทั้งหมด {n}…"),
    "discard.sure": ("Discard {n} lead?|Discard {n} leads?", "ต้องการทิ้ง {n} ลีดหรือไม่"),
    "discard.what": (
        "What these customers said is removed for good and never reaches HubSpot. The receipts stay.",
        "ข้อมูลที่ลูกค้าแจ้งจะถูกลบถาวรและไม่เข้า HubSpot แต่ประวัติของลีดยังอยู่",
    ),
    "discard.message": (
        "The leads are in HubSpot and stay there. Only the message to the customer is cancelled.",
        "ลีดที่อยู่ใน HubSpot แล้วจะยังอยู่ ระบบยกเลิกเฉพาะข้อความถึงลูกค้า",
    ),
    "discard.yes": ("Discard for good", "ทิ้งถาวร"),
    "discard.no": ("Keep them", "เก็บไว้"),
    "discard.none": ("There is nothing to discard any more.", "ไม่เหลือรายการให้ทิ้งแล้ว"),
    "result.retry": ("{n} lead is tried again.|{n} leads are tried again.", "กำลังลองใหม่ {n} ลีด"),
    "result.discard": ("{n} lead is discarded.|{n} leads are discarded.", "ทิ้งแล้ว {n} ลีด"),
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
    "forged": ("This request did not come from the console", "คำสั่งนี้ไม่ได้ส่งมาจากคอนโซล"),
    "forged.do": (
        "The page was open for too long, or another site sent this. Nothing was done. Go back, reload and press again.",
        "อาจเปิดหน้านี้ค้างไว้นานเกินไป หรือคำสั่งมาจากเว็บอื่น ยังไม่มีการเปลี่ยนแปลงใด ๆ กรุณาย้อนกลับ โหลดหน้าใหม่ แล้วกดอีกครั้ง",
    ),
    "not_allowed": ("Your login may read, and change nothing", "บัญชีของคุณดูข้อมูลได้ แต่แก้ไขไม่ได้"),
    "not_allowed.do": (
        "Nothing was done. Ask a colleague whose role is admin.",
        "ยังไม่มีการเปลี่ยนแปลงใด ๆ กรุณาแจ้งเพื่อนร่วมงานที่เป็นผู้ดูแล",
    ),
    "role.sales": ("reads only", "ดูอย่างเดียว"),
    "role.admin": ("admin", "ผู้ดูแล"),
    "by": ("by {who}", "โดย {who}"),
    "missing": ("There is no such page", "ไม่พบหน้านี้"),
    "missing.do": ("A lead's receipt expires after some weeks.", "ประวัติของลีดเก็บไว้ไม่กี่สัปดาห์ แล้วจะถูกลบ"),
    # Leads
    "leads": ("Newest leads", "ลีดล่าสุด"),
    "leads.all": ("All leads", "ดูลีดทั้งหมด"),
    "leads.none": ("No leads yet. The first one appears here by itself.", "ยังไม่มีลีด ลีดแรกจะแสดงที่นี่ทันทีที่เข้ามา"),
    "leads.unmatched": ("No lead matches.", "ไม่พบลีดที่ตรงกัน"),
    "leads.scanned": (
        "{n} lead was searched.|{n} leads were searched, newest first.",
        "ค้นหาแล้ว {n} ลีด เริ่มจากล่าสุด",
    ),
    "leads.continue": ("Search older leads", "ค้นหาลีดเก่ากว่านี้"),
    "leads.older": ("Older", "เก่ากว่านี้"),
    "leads.newest": ("Newest", "ล่าสุด"),
    "search": ("Search", "ค้นหา"),
    "search.text": ("Customer, contact or lead ID", "รหัสลูกค้า รหัสผู้ติดต่อ หรือรหัสลีด"),
    "search.state": ("State", "สถานะ"),
    "search.any": ("any", "ทั้งหมด"),
    "lead": ("Lead", "ลีด"),
    "received": ("Received", "เวลาที่ได้รับ"),
    "customer": ("Customer", "ลูกค้า"),
    "intent": ("Intent", "ความต้องการ (intent)"),
    "contact": ("Contact", "ผู้ติดต่อ"),
    "contact.open": ("Open in HubSpot", "เปิดใน HubSpot"),
    "tries": ("Tries", "จำนวนครั้งที่ลอง"),
    "state.waiting": ("Waiting", "รอเข้า HubSpot"),
    "state.created": ("New contact", "ผู้ติดต่อใหม่"),
    "state.updated": ("Updated", "อัปเดตแล้ว"),
    "state.unchanged": ("Nothing new", "ไม่มีข้อมูลใหม่"),
    "state.skipped": ("No details", "ไม่มีข้อมูลติดต่อ"),
    "state.parked": ("Needs you", "รอจัดการ"),
    "state.held": ("Held back", "พักไว้"),
    "state.discarded": ("Discarded", "ทิ้งแล้ว"),
    # What keeps a written lead from being a plain success
    "flaw.without": ("without {field}", "ไม่มี{field}"),
    "flaw.failed": ("message not sent", "ส่งข้อความไม่สำเร็จ"),
    "flaw.interrupted": ("message may be missing", "ข้อความอาจไม่ถึงลูกค้า"),
    # The timeline of one lead
    "timeline": ("What happened", "ประวัติของลีด"),
    "step.received": ("Received from DealDroid", "ได้รับจาก DealDroid"),
    "step.waiting": ("Waits for HubSpot", "รอเข้า HubSpot"),
    "step.created": ("A new contact in HubSpot", "สร้างผู้ติดต่อใหม่ใน HubSpot"),
    "step.updated": ("The contact in HubSpot was updated", "อัปเดตผู้ติดต่อใน HubSpot แล้ว"),
    "step.unchanged": ("HubSpot already had all of it", "HubSpot มีข้อมูลนี้ครบแล้ว"),
    "step.skipped": ("Not written", "ไม่ได้บันทึก"),
    "step.parked": ("Could not be written and needs you", "บันทึกไม่ได้ รอจัดการ"),
    "step.held": ("Held back by the dry run; not in HubSpot", "พักไว้ในโหมดทดลอง ยังไม่อยู่ใน HubSpot"),
    "step.retried": ("Tried again by a person", "มีคนสั่งลองใหม่"),
    "retried.before": ("Before that: {why}", "ก่อนหน้านั้น: {why}"),
    "step.discarded": ("Discarded by a person", "มีคนสั่งทิ้ง"),
    "step.own.taken": ("Taken to be sent", "รับไว้เพื่อส่ง"),
    "step.own.queued": ("On its way", "กำลังจะส่ง"),
    "step.own.waiting": ("Waits to be sent", "รอส่ง"),
    "step.own.held": ("Held back", "พักไว้"),
    "step.own.sending": ("Being sent", "กำลังส่ง"),
    "step.own.sent": ("Sent to the customer", "ส่งถึงลูกค้าแล้ว"),
    "step.own.failed": ("Not sent", "ส่งไม่สำเร็จ"),
    "step.own.interrupted": ("Sending was interrupted; it is not sent again", "การส่งขาดกลางคัน จึงไม่ส่งซ้ำ"),
    "step.own.discarded": ("Discarded by a person", "มีคนสั่งทิ้ง"),
    "messages": ("Messages by themselves", "ข้อความจากระบบของร้าน"),
    "messages.what": (
        "Sent by the shop's own systems or a command. Their texts are not kept.",
        "ส่งจากระบบของร้านหรือด้วยคำสั่ง ระบบไม่เก็บเนื้อหาข้อความ",
    ),
    "messages.none": ("There is none of the last 30 days.", "ไม่มีในช่วง 30 วันที่ผ่านมา"),
    "messages.taken": ("Taken", "รับไว้เมื่อ"),
    "message": ("Message", "ข้อความ"),
    "message.until": ("Until", "ส่งได้ถึง"),
    "step.message.queued": ("The message to the customer is on its way", "ข้อความถึงลูกค้ารอส่ง"),
    "step.message.waiting": ("The message to the customer is tried again", "กำลังลองส่งข้อความถึงลูกค้าอีกครั้ง"),
    "step.message.sending": ("The message to the customer is being sent", "กำลังส่งข้อความถึงลูกค้า"),
    "step.message.sent": ("Confirmed to the customer in the chat", "ส่งข้อความยืนยันในแชตแล้ว"),
    "step.message.asked": ("The customer was asked for their email or address again", "ขอให้ลูกค้าส่งอีเมลหรือที่อยู่อีกครั้งแล้ว"),
    "step.message.discarded": ("The message was discarded by a person", "มีคนสั่งทิ้งข้อความ"),
    "step.message.silent": ("No message to the customer", "ไม่ส่งข้อความถึงลูกค้า"),
    "step.message.failed": ("The message could not be sent", "ส่งข้อความไม่สำเร็จ"),
    "step.message.interrupted": (
        "Sending was interrupted; the message is not sent again",
        "การส่งข้อความขาดกลางคัน ระบบจะไม่ส่งซ้ำ",
    ),
    "step.order.waiting": ("The order waits for HubSpot", "ออเดอร์รอเข้า HubSpot"),
    "step.order.created": ("A new order in HubSpot", "สร้างออเดอร์ใหม่ใน HubSpot"),
    "step.order.updated": ("The order in HubSpot was changed", "แก้ไขออเดอร์ใน HubSpot แล้ว"),
    "step.order.unchanged": ("The order in HubSpot stays as it is", "ไม่ได้แก้ไขออเดอร์ใน HubSpot"),
    "step.order.parked": ("The order could not be written and needs you", "บันทึกออเดอร์ไม่ได้ รอจัดการ"),
    "step.order.discarded": ("The order was discarded by a person", "มีคนสั่งทิ้งออเดอร์"),
    "step.order.paid": ("The order is paid", "ออเดอร์ชำระเงินแล้ว"),
    "step.order.failed": ("The payment of the order failed", "ชำระเงินไม่สำเร็จ"),
    "step.order.refunded": ("The payment was given back", "คืนเงินแล้ว"),
    "step.order.partially_refunded": ("A part of the payment was given back", "คืนเงินบางส่วนแล้ว"),
    "step.order.disputed": ("The customer disputes the payment", "ลูกค้าโต้แย้งการชำระเงิน"),
    "order": ("Order", "ออเดอร์"),
    "paid": ("Mark as paid: {amount}", "ชำระเงินแล้ว: {amount}"),
    "result.paid": ("It is being noted that the order is paid. ", "กำลังบันทึกว่าออเดอร์ชำระเงินแล้ว "),
    "fields.written": ("Written", "บันทึกแล้ว"),
    "fields.held": ("Would be written", "จะบันทึก"),
    "fields.kept": ("Kept as it was in HubSpot", "คงค่าเดิมใน HubSpot"),
    "fields.warned": ("Written, with a warning of HubSpot's", "บันทึกแล้วโดยมีคำเตือนจาก HubSpot"),
    "fields.dropped": ("Not written", "ไม่ได้บันทึก"),
    "fields.unsaved": (
        'What the customer said is on the contact under "Values not saved".',
        'ค่าที่ลูกค้าแจ้งอยู่ใน "Values not saved" ของผู้ติดต่อ',
    ),
    # Customers matched by email only with another customer's contact
    "matches": ("One email, two chats", "อีเมลเดียว สองแชต"),
    "matches.all": ("Show all {n}", "ดูทั้งหมด {n}"),
    "matches.do": (
        "These customers typed the email of another customer's contact, and nothing else proves that they are one "
        'person: they only fill its blanks, and what else they say is on the contact under "Values not saved". If '
        "they are one person, run the command; leadsync trust --undo takes it back.",
        "ลูกค้าเหล่านี้แจ้งอีเมลที่เป็นของลูกค้าอีกคน และไม่มีข้อมูลอื่นยืนยันว่าเป็นคนเดียวกัน ระบบจึงเติมเฉพาะช่องที่ยังว่าง "
        'ค่าอื่นที่แจ้งอยู่ใน "Values not saved" ของผู้ติดต่อ หากเป็นคนเดียวกัน ให้รันคำสั่งในตาราง '
        "ยกเลิกได้ด้วย leadsync trust --undo",
    ),
    "matches.said": ("Last said", "แชตล่าสุดเมื่อ"),
    "matches.command": ("If it is one person", "หากเป็นคนเดียวกัน"),
    "matches.limit": ("{shown} of {n} are shown.", "แสดง {shown} จาก {n} รายการ"),
    "matches.none": ("No email of another customer was typed.", "ไม่มีลูกค้าที่แจ้งอีเมลของลูกค้าคนอื่น"),
    # The addresses of hooks and notices
    "endpoints": ("Who else is told", "ปลายทางที่ได้รับแจ้ง"),
    "endpoints.hooks": ("Hooks", "ส่งต่อผ่าน webhook"),
    "endpoints.notices": ("Notices to the team", "ข้อความแจ้งทีมงาน"),
    "endpoints.line": ("What", "ประเภท"),
    "endpoints.address": ("Address", "ปลายทาง"),
    "endpoints.state": ("State", "สถานะ"),
    "endpoints.delivered": ("Delivered", "ส่งแล้ว"),
    "endpoints.given_up": ("Given up", "เลิกส่งแล้ว"),
    "endpoints.last": ("Last delivered", "ส่งล่าสุด"),
    "endpoints.open": ("works", "ใช้งานได้"),
    "endpoints.paused": ("paused, tried again at {until}: {why}", "หยุดพัก จะลองใหม่เวลา {until}: {why}"),
    "endpoints.stopped": (
        "stopped: {why}. Repair it, then run: leadsync {command} replay {number}",
        "หยุดแล้ว: {why} แก้ไขแล้วให้รัน leadsync {command} replay {number}",
    ),
    # Stages of orders that are held
    "stages": ("Orders: tell the customer?", "ออเดอร์: แจ้งลูกค้าหรือไม่"),
    "stages.do": (
        "A person moved these orders to a stage that has a text, and nothing was said yet. Tell the customers, or drop "
        "it; who has moved on meanwhile is not told. After a week it is dropped.",
        "มีคนย้ายออเดอร์เหล่านี้ไปยังสถานะที่มีข้อความ แต่ยังไม่ได้แจ้งลูกค้า เลือกแจ้งหรือไม่แจ้งได้ หากออเดอร์ถูกย้ายต่อไปแล้วจะไม่แจ้ง "
        "หากไม่ตัดสินใจภายในหนึ่งสัปดาห์จะไม่แจ้ง",
    ),
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
    "stages.release.all": ("Tell {n}|Tell all {n}", "แจ้งทั้งหมด {n}"),
    "stages.drop.all": ("Drop {n}|Drop all {n}", "ไม่แจ้งทั้งหมด {n}"),
    "result.release": ("{n} customer is told.|{n} customers are told.", "กำลังแจ้งลูกค้า {n} ราย"),
    "result.drop": ("{n} customer is not told.|{n} customers are not told.", "จะไม่แจ้งลูกค้า {n} ราย"),
    # Actions
    "actions": ("Last actions", "การจัดการล่าสุด"),
    "actions.none": ("Nobody has done anything yet.", "ยังไม่มีใครจัดการรายการใด"),
    "actions.when": ("When", "เวลา"),
    "actions.who": ("Who", "โดย"),
    "actions.what": ("What", "การจัดการ"),
    "action.retry": ("Retried", "ลองใหม่"),
    "action.discard": ("Discarded", "ทิ้ง"),
    "action.paid": ("Marked as paid", "แจ้งว่าชำระเงินแล้ว"),
    "action.forget": ("Customer forgotten", "ลบข้อมูลลูกค้า"),
    "action.release": ("Customer told of a stage", "แจ้งสถานะแก่ลูกค้า"),
    "action.drop": ("Stage dropped", "ไม่แจ้งสถานะ"),
    "action.trust": ("Customer trusted", "ยืนยันว่าเป็นคนเดียวกัน"),
    "action.untrust": ("Customer no longer trusted", "ยกเลิกการยืนยันว่าเป็นคนเดียวกัน"),
}
