"""Customers who do not exist, each with words that occur nowhere else, so that a trace of one is proof."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.conftest import lead

THAI = ("กานต์", "ชลธี", "ณัฐวรา", "ดารุณี", "ธีรเดช", "ปริญดา", "ภูวดล", "มณีวรรณ", "วรัญญา", "ศิริพร", "อรุโณทัย")
THAI_ENDS = ("วงศ์สุวรรณา", "ศรีประเสริฐกุล", "จันทร์เพ็ญรัตน์", "ทองประไพพร", "แก้วมณีโชติ", "พงษ์ไพบูลย์ชัย")
ENGLISH = ("Adelaide", "Clementine", "Desmond", "Evangeline", "Ferdinand", "Gwendolyn", "Humphrey", "Isadora")
ENGLISH_ENDS = ("Abernathy", "Blackthorne", "Cavendish", "Dunwoodie", "Eastlake", "Fairweather", "Hawthornden")
ROADS = ("ถนนพญาไทเหนือ", "ซอยลาดปลาเค้า", "ตรอกวัดสามจีน", "Rattanakosin FastPath", "Old Canal Road", "Mango Grove")


@dataclass(frozen=True)
class Person:
    """`phone` as it is typed; `line` is the street line of the address."""

    customer_id: str
    first: str
    last: str
    phone: str
    email: str
    line: str

    def event(self, **said: Any) -> dict[str, Any]:
        """What DealDroid posts about this person."""
        name = f"{self.first} {self.last}"
        home = {"street_address": self.line, "city": "Bangkok", "postal_code": "10110", "country": "Thailand"}
        return lead(
            self.customer_id, **{"name": name, "phone": self.phone, "email": self.email, "address": home, **said}
        )

    def traces(self) -> set[bytes]:
        """Lower-case bytes that only this person's data can have left, in every usual encoding."""
        digits = "".join(letter for letter in self.phone if letter.isdigit())
        words = {
            self.first,
            self.last,
            self.phone,
            digits,
            digits[1:],
            self.email,
            self.email.partition("@")[0],
            self.line,
        }
        return {form for word in words for form in encodings(word)}


def encodings(word: str) -> set[bytes]:
    """`word` as UTF-8, as JSON escapes it, in an address, and with its backslashes escaped once more."""
    escaped = json.dumps(word)[1:-1]
    forms = {word, escaped, escaped.replace("\\", "\\\\"), quote(word)}
    return {form.lower().encode() for form in forms}


def invent(count: int, seed: int = 0) -> Iterator[Person]:
    """`count` people, half of them Thai, the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - made-up people
    for number in range(count):
        firsts, lasts = (THAI, THAI_ENDS) if number % 2 else (ENGLISH, ENGLISH_ENDS)
        first, last = dice.choice(firsts), dice.choice(lasts)
        area, middle, end = dice.choice(("08", "09", "06")), dice.randrange(10**3, 10**4), dice.randrange(10**3, 10**4)
        separator = dice.choice(("", "-", " "))
        yield Person(
            customer_id=f"person-{number}",
            first=first,
            last=last,
            phone=f"{area}{dice.randrange(10)}{separator}{middle % 1000:03}{separator}{end:04}",
            email=f"{dice.choice(ENGLISH).lower()}.{dice.choice(ENGLISH_ENDS).lower()}{number}@mail-{number}.example.com",
            line=f"{dice.randrange(1, 999)}/{number} {dice.choice(ROADS)}",
        )
