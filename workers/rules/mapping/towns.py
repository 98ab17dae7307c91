"""Towns, islands and beaches of Thailand that people write in place of a province, and the province that each tells.

A table of its own because a district's name alone is no proof of Thailand; these are known by it. Where a name is no
district or subdistrict of GeoThai's table (https://github.com/GeoThai/data, CC BY 4.0), the one in which it lies stands
in parentheses. It is no list of all: a place that is missing here needs a postcode, a province or a country beside it.
"""

import re
from functools import cache

from workers.rules.mapping.provinces import Province, find, sound

TABLE = """
Chonburi: Pattaya, Pataya, พัทยา, 芭提雅, 芭堤雅, パタヤ, 파타야, Паттайя, Паттая (หนองปรือ)
Chonburi: Jomtien, จอมเทียน (หนองปรือ); Na Kluea, นาเกลือ; Bang Saen, บางแสน (แสนสุข)
Chonburi: Si Racha, Sri Racha, ศรีราชา; Sattahip, สัตหีบ; Laem Chabang, แหลมฉบัง (ทุ่งสุขลา)
Chonburi: Ko Larn, Ko Lan, เกาะล้าน (นาเกลือ)
Phuket: Patong, ป่าตอง; Karon, กะรน; Kata, กะตะ (กะรน); Rawai, ราไวย์; Nai Harn, ในหาน (ราไวย์)
Phuket: Kamala, กมลา; Chalong, ฉลอง; Thalang, ถลาง
Phuket: Cherng Talay, Choeng Thale, เชิงทะเล; Bang Tao, บางเทา (เชิงทะเล); Nai Yang, ในยาง (สาคู); Kathu, กะทู้
Surat Thani: Ko Samui, Samui, เกาะสมุย, สมุย, 苏梅岛, 蘇梅島, Самуи; Chaweng, เฉวง (บ่อผุด)
Surat Thani: Bophut, Bo Phut, บ่อผุด; Lamai, ละไม (มะเร็ต)
Surat Thani: Ko Phangan, Ko Pha Ngan, Ko Pha-ngan, Phangan, เกาะพะงัน, พะงัน; Ko Tao, เกาะเต่า
Krabi: Ao Nang, Aonang, อ่าวนาง; Railay, Rai Leh, ไร่เลย์ (อ่าวนาง); Ko Lanta, Lanta, เกาะลันตา
Krabi: Ko Phi Phi, Phi Phi, เกาะพีพี (อ่าวนาง)
Prachuap Khiri Khan: Hua Hin, หัวหิน, 华欣, 華欣; Pran Buri, Pranburi, ปราณบุรี
Phetchaburi: Cha-am, Cha Am, ชะอำ; Kaeng Krachan, แก่งกระจาน
Mae Hong Son: Pai, ปาย
Phang Nga: Khao Lak, เขาหลัก (คึกคัก)
Nakhon Ratchasima: Khao Yai, เขาใหญ่ (หมูสี); Pak Chong, ปากช่อง
Trat: Ko Chang, เกาะช้าง; Ko Kood, Ko Kut, เกาะกูด; Ko Mak, เกาะหมาก
Rayong: Ko Samet, เกาะเสม็ด (เพ); Ban Phe, บ้านเพ (เพ)
Satun: Ko Lipe, เกาะหลีเป๊ะ (เกาะสาหร่าย)
Songkhla: Hat Yai, Had Yai, หาดใหญ่
Tak: Mae Sot, แม่สอด
Chiang Rai: Mae Sai, แม่สาย
Nakhon Si Thammarat: Khanom, ขนอม
Loei: Chiang Khan, เชียงคาน
Samut Songkhram: Amphawa, อัมพวา; Mae Klong, Maeklong, แม่กลอง
Samut Sakhon: Mahachai, Maha Chai, มหาชัย
Pathum Thani: Rangsit, รังสิต
"""
_AROUND = re.compile(r"^(?:ชายหาด|หาด(?!ใหญ่)|เมือง)|\s+(?:beach|city|town|island)$", re.IGNORECASE)


def find_province(text: str) -> Province | None:
    """The province that the town `text` tells, in Thai or English, also as "Patong Beach" or "เมืองพัทยา"."""
    return _provinces().get(sound(text)) or _provinces().get(sound(_AROUND.sub("", text)))


@cache
def _provinces() -> dict[str, Province]:
    found: dict[str, Province] = {}
    for line in TABLE.strip().split("\n"):
        province, _, towns = line.partition(": ")
        names = re.split(r"[,;] ", re.sub(r" \([^)]*\)", "", towns))
        found |= {sound(name): known for name in names if (known := find(province))}
    return found
