"""The table of Thailand's places that the project carries, made from geothai:
`python -m tests.workers.rules.mapping.thai_table`."""

import json
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from workers.rules.mapping.thai_places import TABLE

PATH = Path(__file__).parents[4] / "workers" / "rules" / "mapping" / TABLE
HEADER = (
    "# Thailand's postcodes: postcode, province, district, its subdistricts (Thai|English), separated by tabs. "
    "From GeoThai (https://github.com/GeoThai/data, by Pongsakorn Thipayanate, CC BY 4.0), which names its sources."
)


class Subdistrict(Struct, frozen=True):
    """One subdistrict under its names without a title, in Thai and English."""

    th: str
    en: str
    district_th: str
    district_en: str
    province_th: str
    province_en: str
    postcodes: tuple[str, ...]


def subdistricts() -> Iterator[Subdistrict]:
    """All of them, in the order of their official codes."""
    provinces, districts, rows = (_rows(name) for name in ("provinces", "districts", "subdistricts"))
    names = {code: (th, en) for code, th, en in (*provinces, *districts)}
    for code, th, en, postcodes in rows:
        district_th, district_en = names[code[:4]]
        if code.startswith("10"):
            district_th = district_th.removeprefix("เขต")
        yield Subdistrict(
            th.partition(" (")[0], en, district_th, district_en, *names[code[:2]], tuple(postcodes.split())
        )


def render() -> str:
    """The text of the table."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for place in subdistricts():
        for postcode in place.postcodes:
            key = (postcode, place.province_th, f"{place.district_th}|{place.district_en}")
            found[key].append(f"{place.th}|{place.en}")
    lines = ("\t".join((*key, ",".join(names))) for key, names in sorted(found.items()))
    return "\n".join((HEADER, *lines, ""))


def _rows(name: str) -> list[list[str]]:
    return json.loads(files("geothai").joinpath(f"_data/{name}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8")
