"""The contact properties of a new portal, as far as a lead sync meets them. HubSpot has some 200 more."""

from collections.abc import Iterable

from sandbox.hubspot.properties import Property, built_in, options_of, owner_property

_GROUP = "contactinformation"
GROUPS = {
    _GROUP: "Contact information",
    "email_information": "Email information",
    "contact_activity": "Contact activity",
}
_TEXTS = {
    "firstname": "First Name",
    "lastname": "Last Name",
    "email": "Email",
    "phone": "Phone Number",
    "mobilephone": "Mobile Phone Number",
    "address": "Street Address",
    "city": "City",
    "state": "State/Region",
    "zip": "Postal Code",
    "country": "Country/Region",
    "company": "Company Name",
    "jobtitle": "Job Title",
    "website": "Website URL",
    "fax": "Fax Number",
    "salutation": "Salutation",
    "message": "Message",
}
# In the order in which a contact moves through them.
LIFECYCLE = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
_LEAD_STATUS = (
    ("NEW", "New"),
    ("OPEN", "Open"),
    ("IN_PROGRESS", "In Progress"),
    ("OPEN_DEAL", "Open Deal"),
    ("UNQUALIFIED", "Unqualified"),
    ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
    ("CONNECTED", "Connected"),
    ("BAD_TIMING", "Bad Timing"),
)
_LEGAL_BASIS = (
    "Legitimate interest – prospect/lead",
    "Legitimate interest – existing customer",
    "Legitimate interest - other",
    "Performance of a contract",
    "Freely given consent from contact",
    "Not applicable",
)
# Not every language is an option: lo, km and tl are absent, as reported.
_LANGUAGES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "de-at": "German - Austria",
    "de-ch": "German - Switzerland",
    "el": "Greek",
    "en": "English",
    "en-au": "English - Australia",
    "en-gb": "English - United Kingdom",
    "en-us": "English - United States",
    "es": "Spanish",
    "es-mx": "Spanish - Mexico",
    "fi": "Finnish",
    "fr": "French",
    "fr-ca": "French - Canada",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "ms": "Malay",
    "my": "Burmese",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "pt-br": "Portuguese - Brazil",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "ta": "Tamil",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
    "zh-cn": "Chinese - China",
    "zh-hk": "Chinese - Hong Kong",
    "zh-tw": "Chinese - Taiwan",
}
_READ_ONLY = {
    "createdate": ("Create Date", "datetime", "date"),
    "lastmodifieddate": ("Last Modified Date", "datetime", "date"),
    "hs_object_id": ("Record ID", "number", "number"),
    "hs_merged_object_ids": ("Merged record IDs", "enumeration", "checkbox"),
    "hs_searchable_calculated_phone_number": ("Calculated Phone Number", "string", "text"),
    "hs_searchable_calculated_mobile_number": ("Calculated Mobile Number", "string", "text"),
}


def properties() -> list[Property]:
    """A fresh list of definitions."""
    texts = [_defined(name, label, "string", _field_type(name)) for name, label in _TEXTS.items()]
    choices = [
        _dropdown("hs_language", "Preferred language", _LANGUAGES.items()),
        _dropdown("lifecyclestage", "Lifecycle Stage", LIFECYCLE, "radio"),
        _dropdown("hs_lead_status", "Lead Status", _LEAD_STATUS, "radio"),
        _dropdown("hs_legal_basis", "Legal basis", ((text, text) for text in _LEGAL_BASIS), "checkbox"),
        _dropdown("hs_marketable_status", "Marketing contact status", (("true", "Yes"), ("false", "No")), locked=True),
    ]
    owner = owner_property(_GROUP)
    locked = [_defined(name, *what, locked=True) for name, what in _READ_ONLY.items()]
    return [*texts, *choices, owner, *locked]


def _field_type(name: str) -> str:
    return {"phone": "phonenumber", "mobilephone": "phonenumber", "message": "textarea"}.get(name, "text")


def _dropdown(
    name: str, label: str, options: Iterable[tuple[str, str]], field_type: str = "select", *, locked: bool = False
) -> Property:
    definition = _defined(name, label, "enumeration", field_type, locked=locked)
    definition.options = options_of(options)
    return definition


def _defined(name: str, label: str, kind: str, field_type: str, *, locked: bool = False) -> Property:
    calculated = name.startswith("hs_searchable_calculated")
    definition = built_in(name, label, kind, field_type, _GROUP, locked=locked, calculated=calculated)
    definition.has_unique_value = name == "email"
    return definition
