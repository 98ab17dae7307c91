"""The texts of the setup page: key -> (English, Thai), as in `receiver.console.translations`."""

from collections.abc import Mapping

from leadcore.texts.en import ADD_SCOPE

SETUP_TEXTS: Mapping[str, tuple[str, str]] = {
    "setup": ("Setup", "เริ่มต้นใช้งาน"),
    "setup.intro": (
        "DealDroid has not posted a lead yet. This page shows what is ready and what is not; the overview takes its "
        "place with the first post.",
        "ยังไม่มีลีดเข้ามาจาก DealDroid หน้านี้แสดงว่าอะไรพร้อมแล้วและอะไรยังไม่พร้อม เมื่อมีลีดแรกเข้ามา หน้าภาพรวมจะแสดงแทน",
    ),
    "setup.url": ("Paste this URL into DealDroid", "นำ URL นี้ไปใส่ใน DealDroid"),
    "setup.url.do": (
        "In DealDroid, Tuning > Intents, at the bottom of each intent whose leads you want in HubSpot: "
        '"Call third party API". Its API secret key is that of DEALDROID_SECRET. Tick "Allow bot to send messages from '
        'provider URL", or customers get no message.',
        "ใน DealDroid ไปที่ Tuning > Intents แล้วเลื่อนลงล่างสุดของทุก intent ที่ต้องการส่งลีดเข้า HubSpot "
        'ที่หัวข้อ "Call third party API" '
        'ใช้ API secret key เดียวกับ DEALDROID_SECRET และเลือก "Allow bot to send messages from provider URL" '
        "มิฉะนั้นลูกค้าจะไม่ได้รับข้อความ",
    ),
    "setup.url.host": (
        "Put the public address of this app in front of it, for example https://leads.example.com. Set PUBLIC_URL to "
        "that address to see the whole URL here.",
        "เติมที่อยู่สาธารณะของแอปนี้ไว้ข้างหน้า เช่น https://leads.example.com หากตั้ง PUBLIC_URL เป็นที่อยู่นั้น หน้านี้จะแสดง URL แบบเต็ม",
    ),
    "setup.copy": ("Copy", "คัดลอก"),
    "setup.copied": ("Copied", "คัดลอกแล้ว"),
    "setup.ticks": ("What is ready", "ความพร้อมของระบบ"),
    "setup.state.done": ("Done", "พร้อมแล้ว"),
    "setup.state.todo": ("To do", "ต้องดำเนินการ"),
    "setup.state.unknown": ("Not known yet", "ยังไม่ทราบ"),
    "setup.secret": ("Secret", "รหัสลับ (secret)"),
    "setup.secret.done": ("DEALDROID_SECRET is set.", "ตั้ง DEALDROID_SECRET แล้ว"),
    "setup.secret.todo": (
        "DEALDROID_SECRET is not set: anybody may post leads. Set it to the API secret key of your intents.",
        "ยังไม่ได้ตั้ง DEALDROID_SECRET ใครก็ส่งลีดเข้ามาได้ กรุณาตั้งให้ตรงกับ API secret key ของ intent",
    ),
    "setup.worker": ("Worker", "Worker (ตัวส่งข้อมูล)"),
    "setup.worker.done": ("{n} worker is alive.|{n} workers are alive.", "มี worker ทำงานอยู่ {n} ตัว"),
    "setup.worker.todo": (
        "None is alive. Start one: leadsync worker. Leads wait for it, and nothing is lost.",
        "ยังไม่มี worker ทำงาน กรุณาเปิดด้วยคำสั่ง leadsync worker ลีดจะรออยู่โดยไม่สูญหาย",
    ),
    "setup.asking": ("A worker is asking HubSpot.", "worker กำลังสอบถาม HubSpot"),
    "setup.no_worker": ("A worker finds out once it is alive.", "จะทราบเมื่อมี worker ทำงาน"),
    "setup.token_first": ("Known once the token works.", "จะทราบเมื่อ token ใช้งานได้"),
    "setup.scopes_first": ("Known once no scope is missing.", "จะทราบเมื่อมีสิทธิ์ (scope) ครบ"),
    "setup.token": ("HubSpot token", "Token ของบัญชี HubSpot"),
    "setup.token.service_key": ("Works; it is a Service Key.", "ใช้งานได้ เป็น Service Key"),
    "setup.token.legacy_private_app": (
        "Works; it is a legacy private app's.",
        "ใช้งานได้ เป็น token ของ private app แบบเดิม",
    ),
    "setup.token.unknown_kind": (
        "Works; HubSpot does not say which kind it is.",
        "ใช้งานได้ แต่ HubSpot ไม่แจ้งว่าเป็นชนิดใด",
    ),
    "setup.scopes": ("Scopes", "สิทธิ์ (scope)"),
    "setup.scopes.done": ("All there.", "ครบแล้ว"),
    "setup.scopes.todo": (
        f"Missing: {{names}}. {ADD_SCOPE}",
        "ยังขาด {names} กรุณาเพิ่มให้ Service Key ใน HubSpot (Settings > Integrations > Service Keys) "
        "หรือหากเป็น private app แบบเดิม ให้เลือกที่ Settings > Integrations > Private apps > Scopes",
    ),
    "setup.properties": ("Properties", "ฟิลด์ (property) ใน HubSpot"),
    "setup.properties.done": ("All there.", "ครบแล้ว"),
    "setup.properties.todo": (
        "Missing: {names}. Run: leadsync setup",
        "ยังขาด {names} กรุณารันคำสั่ง leadsync setup",
    ),
    "setup.post": ("DealDroid", "การส่งจาก DealDroid"),
    "setup.test": ("Test lead", "ลีดทดสอบ"),
    "setup.test.todo": (
        "None was sent yet. It is a made-up customer called LeadSync Test, goes the way of DealDroid's leads, and "
        "becomes a contact in HubSpot. No message is sent.",
        "ยังไม่ได้ส่ง ลีดนี้เป็นลูกค้าสมมติชื่อ LeadSync Test เดินทางเหมือนลีดจาก DealDroid และกลายเป็นผู้ติดต่อใน HubSpot "
        "โดยไม่ส่งข้อความถึงใคร",
    ),
    "setup.test.sent": ("Sent at {time}:", "ส่งเมื่อ {time}:"),
    "setup.test.send": ("Send a test lead", "ส่งลีดทดสอบ"),
    "setup.test.show": ("Show the test lead", "ดูลีดทดสอบ"),
    "setup.next": ("What to do next", "ขั้นตอนต่อไป"),
    "setup.next.test": (
        "Open the contact LeadSync Test in HubSpot, look at it, and delete it there.",
        "เปิดผู้ติดต่อชื่อ LeadSync Test ใน HubSpot ตรวจดู แล้วลบออก",
    ),
    "setup.next.messages": (
        "Messages: say in [messages] of leadsync.toml what customers are told in the chat, and when.",
        "ข้อความ: กำหนดใน [messages] ของ leadsync.toml ว่าจะแจ้งลูกค้าในแชตอย่างไรและเมื่อใด",
    ),
    "setup.next.orders": (
        "Orders: with [orders] in leadsync.toml a cart becomes an order in HubSpot.",
        "ออเดอร์: เมื่อมี [orders] ใน leadsync.toml ตะกร้าสินค้าจะกลายเป็นออเดอร์ใน HubSpot",
    ),
    "setup.next.team": (
        "Team: NOTIFY_URLS says where your team is told of new leads.",
        "ทีมงาน: ตั้ง NOTIFY_URLS เพื่อแจ้งทีมเมื่อมีลีดใหม่",
    ),
    "setup.next.doctor": (
        "leadsync doctor checks all of it again at any time.",
        "คำสั่ง leadsync doctor ตรวจทุกอย่างซ้ำได้ทุกเมื่อ",
    ),
}
