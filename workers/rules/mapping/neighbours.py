"""The provinces of Thailand's neighbours under the names that people use, by ISO 3166-2 code: ISO's own names are often
not those (Siĕm Réab for Siem Reap). Vietnam has 34 since July 2025; customers and dropdowns still say the 63 before.
"""

import re
from functools import cache, lru_cache

from workers.rules.mapping.characters import strip_accents

_PROVINCES = """
KH-1 Banteay Meanchey|បន្ទាយមានជ័យ|บันทายมีชัย
KH-2 Battambang|បាត់ដំបង|พระตะบอง
KH-3 Kampong Cham|Kompong Cham|កំពង់ចាម|กำปงจาม
KH-4 Kampong Chhnang|Kompong Chhnang|កំពង់ឆ្នាំង|กำปงชนัง
KH-5 Kampong Speu|Kompong Speu|កំពង់ស្ពឺ|กำปงสปือ
KH-6 Kampong Thom|Kompong Thom|កំពង់ធំ|กำปงธม
KH-7 Kampot|កំពត|กำปอต
KH-8 Kandal|កណ្ដាល|กันดาล
KH-9 Koh Kong|កោះកុង|เกาะกง
KH-10 Kratie|Kracheh|ក្រចេះ|กระแจะ
KH-11 Mondulkiri|Mondul Kiri|មណ្ឌលគិរី|มณฑลคีรี
KH-12 Phnom Penh|ភ្នំពេញ|พนมเปญ|金边|金邊
KH-13 Preah Vihear|ព្រះវិហារ|พระวิหาร
KH-14 Prey Veng|ព្រៃវែង|ไพรแวง
KH-15 Pursat|ពោធិ៍សាត់|โพธิสัตว์
KH-16 Ratanakiri|Rattanakiri|Ratanak Kiri|រតនគិរី|รัตนคีรี
KH-17 Siem Reap|Siemreap|សៀមរាប|เสียมราฐ|เสียมเรียบ|暹粒
KH-18 Preah Sihanouk|Sihanoukville|Sihanouk Ville|Kampong Som|ព្រះសីហនុ|พระสีหนุ|สีหนุวิลล์|西哈努克
KH-19 Stung Treng|ស្ទឹងត្រែង|สตึงแตรง
KH-20 Svay Rieng|ស្វាយរៀង|สวายเรียง
KH-21 Takeo|Takeov|តាកែវ|ตาแก้ว
KH-22 Oddar Meanchey|Otdar Meanchey|ឧត្ដរមានជ័យ|อุดรมีชัย
KH-23 Kep|កែប|แกบ
KH-24 Pailin|ប៉ៃលិន|ไพลิน
KH-25 Tboung Khmum|Tbong Khmum|ត្បូងឃ្មុំ|ตโบงคมุม
LA-AT Attapeu|Attapu|ອັດຕະປື|อัตตะปือ
LA-BK Bokeo|ບໍ່ແກ້ວ|บ่อแก้ว
LA-BL Bolikhamxai|Borikhamxay|Bolikhamsai|ບໍລິຄຳໄຊ|บอลิคำไซ
LA-CH Champasak|Champassak|Pakse|ຈຳປາສັກ|จำปาศักดิ์|ปากเซ
LA-HO Houaphanh|Huaphan|ຫົວພັນ|หัวพัน
LA-KH Khammouane|Khammuan|Thakhek|ຄຳມ່ວນ|คำม่วน
LA-LM Luang Namtha|Louang Namtha|ຫຼວງນ້ຳທາ|หลวงน้ำทา
LA-LP Luang Prabang|Louangphabang|Luangprabang|ຫຼວງພະບາງ|หลวงพระบาง
LA-OU Oudomxay|Oudomxai|Udomxai|ອຸດົມໄຊ|อุดมไซ
LA-PH Phongsaly|Phongsali|ຜົ້ງສາລີ|พงสาลี
LA-SL Salavan|Saravane|ສາລະວັນ|สาละวัน
LA-SV Savannakhet|ສະຫວັນນະເຂດ|สะหวันนะเขต|สุวรรณเขต
LA-VI Vientiane Province
LA-VT Vientiane|Vientiane Capital|Vientiane Prefecture|Viangchan|ວຽງຈັນ|ນະຄອນຫຼວງວຽງຈັນ|เวียงจันทน์|เวียงจันทร์|万象
LA-XA Sainyabuli|Xayabury|Xaignabouli|Sayaboury|ໄຊຍະບູລີ|ไซยะบูลี
LA-XE Sekong|Xekong|ເຊກອງ|เซกอง
LA-XI Xiangkhouang|Xieng Khouang|Xiengkhouang|ຊຽງຂວາງ|เชียงขวาง
LA-XS Xaisomboun|Xaysomboun|ໄຊສົມບູນ|ไซสมบูน
MM-01 Sagaing|စစ်ကိုင်း|สะกาย
MM-02 Bago|Pegu|ပဲခူး|พะโค|หงสาวดี
MM-03 Magway|Magwe|မကွေး|มะเกว
MM-04 Mandalay|မန္တလေး|มัณฑะเลย์
MM-05 Tanintharyi|Tenasserim|တနင်္သာရီ|ตะนาวศรี
MM-06 Yangon|Rangoon|ရန်ကုန်|ย่างกุ้ง
MM-07 Ayeyarwady|Irrawaddy|Ayeyawady|ဧရာဝတီ|อิรวดี
MM-11 Kachin|Kachin State|ကချင်|กะฉิ่น|คะฉิ่น
MM-12 Kayah|Kayah State|ကယား|กะยา|คะยา
MM-13 Kayin|Kayin State|Karen State|ကရင်|กะเหรี่ยง
MM-14 Chin|Chin State|ချင်း|รัฐชิน
MM-15 Mon|Mon State|မွန်|รัฐมอญ
MM-16 Rakhine|Rakhine State|Arakan|ရခိုင်|ยะไข่
MM-17 Shan|Shan State|Taunggyi|Tachileik|ရှမ်း|รัฐฉาน|ท่าขี้เหล็ก
MM-18 Naypyidaw|Nay Pyi Taw|Naypyitaw|နေပြည်တော်|เนปยีดอ
MY-01 Johor|Johore|Johor Darul Ta'zim|Johor Bahru|ยะโฮร์|ยะโฮร์บาห์รู|柔佛
MY-02 Kedah|Kedah Darul Aman|Alor Setar|เกดะห์|ไทรบุรี|吉打
MY-03 Kelantan|Kelantan Darul Naim|Kota Bharu|กลันตัน|吉兰丹
MY-04 Melaka|Malacca|มะละกา|马六甲
MY-05 Negeri Sembilan|N. Sembilan|Seremban|เนกรีเซมบีลัน|森美兰
MY-06 Pahang|Pahang Darul Makmur|Kuantan|ปะหัง|彭亨
MY-07 Penang|Pulau Pinang|P. Pinang|George Town|Georgetown|ปีนัง|槟城|檳城
MY-08 Perak|Perak Darul Ridzuan|Ipoh|เประ|霹雳
MY-09 Perlis|Perlis Indera Kayangan|ปะลิส|玻璃市
MY-10 Selangor|Selangor Darul Ehsan|Shah Alam|Petaling Jaya|สลังงอร์|雪兰莪
MY-11 Terengganu|Trengganu|ตรังกานู|登嘉楼
MY-12 Sabah|Kota Kinabalu|ซาบะฮ์|ซาบาห์|沙巴
MY-13 Sarawak|Kuching|ซาราวัก|砂拉越
MY-14 Kuala Lumpur|Wilayah Persekutuan Kuala Lumpur|W.P. Kuala Lumpur|WP Kuala Lumpur|KL|กัวลาลัมเปอร์|吉隆坡
MY-15 Labuan|Wilayah Persekutuan Labuan|W.P. Labuan|WP Labuan|ลาบวน|纳闽
MY-16 Putrajaya|Wilayah Persekutuan Putrajaya|W.P. Putrajaya|WP Putrajaya|ปุตราจายา|布城
ID-AC Aceh|Nanggroe Aceh Darussalam|อาเจะห์
ID-BA Bali|Denpasar|บาหลี
ID-BB Bangka Belitung|Kepulauan Bangka Belitung|Bangka Belitung Islands
ID-BE Bengkulu
ID-BT Banten
ID-GO Gorontalo
ID-JA Jambi
ID-JB Jawa Barat|West Java|Bandung
ID-JI Jawa Timur|East Java|Surabaya|สุราบายา
ID-JK Jakarta|DKI Jakarta|Jakarta Raya|Daerah Khusus Ibukota Jakarta|Daerah Khusus Jakarta|จาการ์ตา
ID-JT Jawa Tengah|Central Java|Semarang
ID-KB Kalimantan Barat|West Kalimantan
ID-KI Kalimantan Timur|East Kalimantan
ID-KR Kepulauan Riau|Riau Islands|Batam
ID-KS Kalimantan Selatan|South Kalimantan
ID-KT Kalimantan Tengah|Central Kalimantan
ID-KU Kalimantan Utara|North Kalimantan
ID-LA Lampung
ID-MA Maluku|Moluccas
ID-MU Maluku Utara|North Maluku
ID-NB Nusa Tenggara Barat|West Nusa Tenggara|NTB
ID-NT Nusa Tenggara Timur|East Nusa Tenggara|NTT
ID-PA Papua
ID-PB Papua Barat|West Papua
ID-PD Papua Barat Daya|Southwest Papua
ID-PE Papua Pegunungan|Highland Papua
ID-PS Papua Selatan|South Papua
ID-PT Papua Tengah|Central Papua
ID-RI Riau
ID-SA Sulawesi Utara|North Sulawesi
ID-SB Sumatera Barat|West Sumatra|Sumatra Barat
ID-SG Sulawesi Tenggara|Southeast Sulawesi
ID-SN Sulawesi Selatan|South Sulawesi|Makassar
ID-SR Sulawesi Barat|West Sulawesi
ID-SS Sumatera Selatan|South Sumatra|Sumatra Selatan
ID-ST Sulawesi Tengah|Central Sulawesi
ID-SU Sumatera Utara|North Sumatra|Sumatra Utara|Medan
ID-YO Yogyakarta|Jogjakarta|DI Yogyakarta|D.I. Yogyakarta|Daerah Istimewa Yogyakarta
PH-00 Metro Manila|Manila|Makati|Makati City|Quezon City|Taguig|Pasig|มะนิลา
PH-CEB Cebu|Cebu City
PH-DAS Davao del Sur|Davao|Davao City
VN-01 Lai Châu
VN-02 Lào Cai|Sa Pa
VN-03 Hà Giang
VN-04 Cao Bằng
VN-05 Sơn La
VN-06 Yên Bái
VN-07 Tuyên Quang
VN-09 Lạng Sơn
VN-13 Quảng Ninh|Hạ Long
VN-14 Hòa Bình|Hoà Bình
VN-18 Ninh Bình
VN-20 Thái Bình
VN-21 Thanh Hóa|Thanh Hoá
VN-22 Nghệ An
VN-23 Hà Tĩnh
VN-24 Quảng Bình
VN-25 Quảng Trị
VN-26 Huế|Thừa Thiên Huế|Thừa Thiên-Huế|Thành phố Huế|เว้
VN-27 Quảng Nam|Hội An
VN-28 Kon Tum
VN-29 Quảng Ngãi
VN-30 Gia Lai
VN-31 Bình Định
VN-32 Phú Yên
VN-33 Đắk Lắk|Đắc Lắc|Dak Lak
VN-34 Khánh Hòa|Khánh Hoà|Nha Trang|ญาจาง
VN-35 Lâm Đồng|Đà Lạt|Da Lat|Dalat|ดาลัด
VN-36 Ninh Thuận
VN-37 Tây Ninh
VN-39 Đồng Nai
VN-40 Bình Thuận
VN-41 Long An
VN-43 Bà Rịa - Vũng Tàu|Bà Rịa Vũng Tàu|Vũng Tàu
VN-44 An Giang
VN-45 Đồng Tháp
VN-46 Tiền Giang
VN-47 Kiên Giang|Phú Quốc
VN-49 Vĩnh Long
VN-50 Bến Tre
VN-51 Trà Vinh
VN-52 Sóc Trăng
VN-53 Bắc Kạn|Bắc Cạn
VN-54 Bắc Giang
VN-55 Bạc Liêu
VN-56 Bắc Ninh
VN-57 Bình Dương
VN-58 Bình Phước
VN-59 Cà Mau
VN-61 Hải Dương
VN-63 Hà Nam
VN-66 Hưng Yên
VN-67 Nam Định
VN-68 Phú Thọ
VN-69 Thái Nguyên
VN-70 Vĩnh Phúc
VN-71 Điện Biên
VN-72 Đắk Nông|Đắc Nông
VN-73 Hậu Giang
VN-CT Cần Thơ|Thành phố Cần Thơ
VN-DN Đà Nẵng|Thành phố Đà Nẵng|Danang|ดานัง|岘港
VN-HN Hà Nội|Thành phố Hà Nội|Hanoi|ฮานอย|河内|河內
VN-HP Hải Phòng|Thành phố Hải Phòng|Haiphong|ไฮฟอง
VN-SG Hồ Chí Minh|Thành phố Hồ Chí Minh|TP Hồ Chí Minh|TP HCM|HCMC|HCM City|Ho Chi Minh City|Sài Gòn|โฮจิมินห์|胡志明市
"""
# Vietnam since July 2025: what was merged, into what.
_MERGED = dict(
    re.findall(
        r"(\S+)>(\S+)",
        "03>07 06>02 53>69 70>68 14>68 54>56 20>66 61>HP 63>18 67>18 24>25 27>DN 28>29 31>30 36>34 72>35 40>35 32>33 "
        "57>SG 43>SG 58>39 41>37 52>CT 73>CT 50>49 51>49 46>45 55>59 47>44",
    )
)
_TITLE = re.compile(
    r"^(?:tinh|thanh pho|tp\.?|province of|khet|provinsi|negeri|รัฐ|แขวง|จังหวัด|เมือง)\s*(?=\S)|"
    r"\s+(?:province|city|capital|state|region)$"
)
_OWN_LETTERS = tuple(map(re.compile, ("[\u0e80-\u0eff]", "[\u1780-\u17ff]", "[\u1000-\u109f]")))
# Thailand, Bangkok and the towns where most of the neighbours' people live.
_THAILAND = re.compile("ປະເທດໄທ|ເມືອງໄທ|ບາງກອກ|ກຸງເທບ|ថៃ|បាងកក|ထိုင်း|ဘန်ကောက်|မဲဆောက်|ဗန်ကောက်|မဟာချိုင်")
_NAMES = {
    code: tuple(names.split("|")) for code, _, names in (line.partition(" ") for line in _PROVINCES.strip().split("\n"))
}


def _key(text: str) -> str:
    return strip_accents(text.strip().casefold())


def _squeezed(text: str) -> str:
    return re.sub(r"[\s.,'’-]+", "", text)


@cache
def _codes() -> dict[str, str]:
    return {_squeezed(_key(name)): code for code, names in reversed(_NAMES.items()) for name in names}


@lru_cache(maxsize=1024)
def find(text: str) -> str:
    """The ISO 3166-2 code of the neighbours' province that `text` names, or whose capital, "" if it names none."""
    named = _key(text)
    return _codes().get(_squeezed(named)) or _codes().get(_squeezed(_TITLE.sub("", named)), "")


def country(text: str) -> str:
    """The ISO 3166 alpha-2 code of the neighbour that has the province `text`, "" if none has."""
    return find(text)[:2]


def find_written(text: str) -> str:
    """The ISO 3166 alpha-2 code of the neighbour whose province `text` names in that country's own letters, "" if it
    names none, or a place in Thailand in them."""
    letters = next((letters for letters in _OWN_LETTERS if letters.search(text)), None)
    if letters is None or _THAILAND.search(text):
        return ""
    return next(
        (code[:2] for code, names in _NAMES.items() for name in names if letters.match(name) and name in text), ""
    )


def spellings(text: str, country: str) -> tuple[str, ...]:
    """Under what a dropdown may hold the province that `text` names, best first; in Vietnam also the province that it
    became part of. () if `country` (ISO 3166 alpha-2) has no such province here."""
    code = find(text)
    if not code or code[:2] != country:
        return ()
    found = (*_plain(code), code)
    into = _MERGED.get(code[3:]) if country == "VN" else None
    return (*found, *spellings(_NAMES[f"VN-{into}"][0], country)) if into else found


def _plain(code: str) -> tuple[str, ...]:
    """The names of a province, also without the marks that a dropdown may lack."""
    names = _NAMES[code]
    return tuple(dict.fromkeys((*names, *map(strip_accents, names))))
