"""CLDR's names of countries, and those of them that the project carries because pycountry's translations lack them:
`python -m tests.workers.rules.mapping.cldr_names`."""

from pathlib import Path

import pycountry
from babel import Locale

from workers.rules.mapping import country

PATH = Path(__file__).parents[4] / "workers" / "rules" / "mapping" / country.CLDR_NAMES
HEADER = (
    "# Names of countries that pycountry's translations lack, folded for comparison, and their codes. "
    "From Unicode CLDR (https://cldr.unicode.org, Unicode License v3)."
)
LANGUAGES = (
    "th", "en", "zh_Hans", "zh_Hant", "zh_Hant_HK", "ja", "ko", "vi", "ms", "id", "fil", "km", "lo", "my", "ru", "uk",
    "hi", "ne", "bn", "ta", "si", "ar", "fa", "ur", "he", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi",
    "pl", "cs", "hu", "ro", "tr", "el",
)  # fmt: skip


def names(language: str) -> dict[str, str]:
    """Code -> name, for the 249 countries of ISO 3166."""
    territories = Locale.parse(language).territories
    return {c.alpha_2: territories[c.alpha_2] for c in pycountry.countries if c.alpha_2 in territories}


def render() -> str:
    """The text of the table; `country` must be read without it."""
    lacking = {
        f"{country._key(name)}\t{code}"
        for language in LANGUAGES
        for code, name in names(language).items()
        if country.code(name) != code
    }
    return "\n".join((HEADER, *sorted(lacking), ""))


if __name__ == "__main__":
    PATH.write_text(HEADER + "\n", encoding="utf-8")
    PATH.write_text(render(), encoding="utf-8")
