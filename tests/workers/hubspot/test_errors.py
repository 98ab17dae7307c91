"""HubSpot's error objects, complete and with fields missing."""

import json
from typing import Any

import pytest

from leadcore.reasons import reason
from tests.workers.hubspot.conftest import load_error
from workers.hubspot.errors import classify, invalid_fields, lacks_key
from workers.rules.outcomes import Conflict, ContactMissing, NoRoom, Refused, RetryLater, WriteOutcome
from workers.rules.portal import Portal
from workers.rules.required import find_missing


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (load_error("conflict_email_409"), Conflict("", "123")),
        (load_error("conflict_email_409", only=["category", "message"]), Conflict("", "123")),
        (load_error("conflict_unnamed_409"), Conflict("", "")),
        ({"status": "409", "message": "Contact already exists"}, Conflict("", "")),
        ({"status": "409"}, Conflict("", "")),
        ({"category": "CONFLICT"}, Conflict("", "")),
        ({"category": "CONFLICT", "context": {"existingId": ["77"]}}, Conflict("", "77")),
        ({"context": {"existingId": [77]}}, Conflict("", "77")),
        ({"context": {"existingId": "77"}}, Conflict("", "77")),
        (load_error("conflict_email_400"), Conflict("email", "202")),
        (load_error("conflict_email_400", only=["category", "message"]), Conflict("email", "202")),
        (
            {
                "message": "Cannot set PropertyValueCoordinates{propertyName=shop_member_no, value=7} on 101. "
                "202 already has that value."
            },
            Conflict("shop_member_no", "202"),
        ),
        ({"message": "Somebody already has that value."}, Conflict("", "")),
        (
            {
                "category": "VALIDATION_ERROR",
                "message": 'Property values were not valid: [{"isValid":false,"message":"In use.",'
                '"error":"CONFLICTING_UNIQUE_VALUE","name":"email"}]',
            },
            Conflict("email", ""),
        ),
        ({"category": "OBJECT_ALREADY_EXISTS"}, Conflict("", "")),
        ({"category": "VALIDATION_ERROR", "message": "A contact with this email already exists."}, Conflict("", "")),
        (load_error("contact_not_found_404"), ContactMissing()),
        (load_error("contact_not_found_404", only=["category", "message"]), ContactMissing()),
        ({"status": "404"}, ContactMissing()),
        ({"status": "423"}, RetryLater(reason("contact_locked"))),
        (load_error("locked_423"), RetryLater(reason("contact_locked"))),
        ({"category": "LOCKED"}, RetryLater(reason("contact_locked"))),
        ({"status": "429"}, RetryLater(reason("contact_busy"))),
        (load_error("burst_limit_429"), RetryLater(reason("contact_busy"))),
        ({"category": "RATE_LIMITS"}, RetryLater(reason("contact_busy"))),
        ({"status": "503"}, RetryLater(reason("contact_busy"))),
        ({"category": "VALIDATION_ERROR"}, Refused({}, reason("contact_refused"))),
        ({"status": "400"}, Refused({}, reason("contact_refused"))),
        ({}, RetryLater(reason("error_unexplained"))),
        (
            {"message": None, "context": None, "errors": None, "category": None, "status": None},
            RetryLater(reason("error_unexplained")),
        ),
    ],
)
def test_each_error_is_classified(error: dict[str, Any], outcome: WriteOutcome) -> None:
    assert classify(error) == outcome


INVALID, CLASH = "Property values were not valid: ", "CONFLICTING_UNIQUE_VALUE"


@pytest.mark.parametrize("quoted", ["Existing ID: 5", "on A. 5 already has that value.", "a contact already exists"])
def test_what_a_customer_typed_takes_no_value(quoted: str) -> None:
    values = [{"message": f"{quoted} is too long: {quoted}", "error": "MAX_LENGTH", "name": "address"}]
    assert isinstance(classify({"status": "400", "message": INVALID + json.dumps(values)}), Refused)


def test_a_list_that_is_cut_off_in_a_value_that_clashes_tells_whose_it_is() -> None:
    other = {"message": "Existing ID: 5", "error": "MAX_LENGTH", "name": "address"}
    clash = {"message": "Cannot set X{propertyName=no} on 501. 502 already has that value.", "error": CLASH, "x": 1}
    told = INVALID + json.dumps([other, clash])
    assert classify({"status": "400", "message": told[: told.index('"x"')]}) == Conflict("no", "502")


def test_a_customer_who_types_the_code_of_a_clash_takes_no_value() -> None:
    typed = f'"error": "{CLASH}" Existing ID: 5'
    told = INVALID + json.dumps([{"name": "address", "error": "MAX_LENGTH", "message": typed}])
    for end in range(len(told)):
        assert not isinstance(classify({"status": "400", "message": told[:end]}), Conflict)


def test_of_a_value_that_clashes_the_words_tell_whose_it_is() -> None:
    values = [{"message": "501 on X. 502 already has that value.", "error": "CONFLICTING_UNIQUE_VALUE", "name": "no"}]
    assert classify({"status": "400", "message": INVALID + json.dumps(values)}) == Conflict("no", "502")


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (
            {"message": INVALID + '[{"isValid":false,"message":"m","error":"INVALID_EMAIL","name":"email"}]'},
            {"email": "INVALID_EMAIL"},
        ),
        (load_error("invalid_email_400"), {"email": "INVALID_EMAIL"}),
        (load_error("invalid_values_400"), {"email": "INVALID_EMAIL", "born": "INVALID_DATE"}),
        (
            load_error("unknown_properties_400"),
            {"email": "INVALID_EMAIL", "x": "PROPERTY_DOESNT_EXIST", "y": "PROPERTY_DOESNT_EXIST"},
        ),
        ({"message": INVALID + '[{"name":"zip"}] (and more'}, {"zip": "INVALID"}),
        ({"message": INVALID + '[{"name":"zip", '}, {}),
        ({"message": INVALID + "7"}, {}),
        ({"message": INVALID + '[1, null, {"name": null}, {"name": {}}]'}, {}),
        ({"message": 'invalid list [{"name":"zip"}]'}, {}),
        (
            {"errors": [{"code": "PROPERTY_DOESNT_EXIST", "message": 'Property "shop_x" does not exist'}]},
            {"shop_x": "PROPERTY_DOESNT_EXIST"},
        ),
        ({"errors": [{"context": {"propertyName": "zip"}}]}, {"zip": "INVALID"}),
        ({"message": "Email address x@y is invalid"}, {"email": "INVALID_EMAIL"}),
        ({"errors": [{"message": "m", "code": "INVALID_EMAIL", "in": "email"}]}, {"email": "INVALID_EMAIL"}),
        ({"errors": [{"message": INVALID + '[{"name":"zip","error":"X"}]'}]}, {"zip": "X"}),
        ({"context": {"invalidPropertyName": ["email"]}}, {"email": "INVALID"}),
        ({"context": "email"}, {"email": "INVALID"}),
        ({"message": INVALID + '[{"propertyName":"zip","error":"X"}]'}, {"zip": "X"}),
        (
            {"message": INVALID + '[{"name":"zip","error":"X"}, {"name":"city"} , {"isVal'},
            {"zip": "X", "city": "INVALID"},
        ),
        ({"message": 'Property "phone" does not exist'}, {"phone": "PROPERTY_DOESNT_EXIST"}),
        ({"message": "Property 'phone' does not exist."}, {"phone": "PROPERTY_DOESNT_EXIST"}),
        ({"message": '"Property zip does not exist" was not one of the options'}, {}),
        ({"message": "Property zip does not exist was not one of the options"}, {}),
        ({"errors": ["x", None, {"context": []}, {"context": {"propertyName": {}}}]}, {}),
        ({"context": {"propertyName": ["zip"]}, "subCategory": "INVALID_OPTION"}, {"zip": "INVALID_OPTION"}),
    ],
)
def test_both_lists_of_invalid_values_are_read(error: dict[str, Any], fields: dict[str, str]) -> None:
    assert invalid_fields(error) == fields


def test_an_unknown_code_still_makes_a_reason() -> None:
    outcome = classify({"errors": [{"code": "INVALID_TASTE", "context": {"propertyName": ["zip"]}}]})
    assert outcome == Refused({"zip": reason("value_refused", code="INVALID_TASTE")}, reason("values_refused"))


@pytest.mark.parametrize(
    "error",
    [
        {"message": INVALID + '[{"message":"jane@secret was not valid","error":"INVALID_EMAIL","name":"email"}]'},
        {"category": "CONFLICT", "message": "Contact jane@secret already exists. Existing ID: 5"},
        {"message": "Cannot set X{propertyName=email, value=jane@secret} on 1. 2 already has that value."},
        {"category": "VALIDATION_ERROR", "message": "jane@secret is bad"},
        {"message": "jane@secret"},
    ],
)
def test_no_outcome_quotes_what_the_customer_typed(error: dict[str, Any]) -> None:
    assert "jane@secret" not in repr(classify(error))


@pytest.mark.parametrize(
    ("status", "message", "lacks"),
    [
        ("400", load_error("customer_id_not_unique_400")["message"], True),
        ("400", "Property 'dealdroid_customer_id' must be unique", True),
        ("400", load_error("customer_id_unknown_400")["message"], True),
        ("400", "Unable to perform update/upsert by non-unique 0-1 property", True),
        ("400", INVALID + '[{"error":"PROPERTY_DOESNT_EXIST","name":"dealdroid_customer_id"}]', True),
        ("400", INVALID + '[{"error":"READ_ONLY_VALUE","name":"dealdroid_customer_id"}]', True),
        ("400", INVALID + '[{"error":"INVALID","name":"dealdroid_customer_id"}]', False),
        ("400", INVALID + '[{"message":"a unique dealdroid_customer_id","error":"X","name":"city"}]', False),
        ("400", INVALID + '[{"error":"PROPERTY_DOESNT_EXIST","name":"city"}]', False),
        ("400", "Property 'dealdroid_customer_id' was refused", False),
        ("400", "idProperty email", False),
        ("400", "Email address unique.dealdroid_customer_id@x.co is invalid", False),
        ("409", "idProperty dealdroid_customer_id is not a unique property", False),
        ("400", "unique dealdroid_customer_id: 501 already has that value.", False),
        ("400", None, False),
    ],
)
def test_a_portal_without_the_unique_key_is_recognised(status: str, message: Any, lacks: bool) -> None:
    assert lacks_key({"status": status, "message": message}) is lacks


def test_an_email_that_hubspot_refuses_says_nothing_of_emails_as_a_key() -> None:
    """Whose it is is asked by it, and the customer chose its words."""
    refused = {"status": "400", "message": "Email address unique.email@example.com is invalid"}
    assert not lacks_key(refused, "email")
    assert lacks_key({"status": "400", "message": "idProperty email is not a unique property"}, "email")


@pytest.mark.parametrize(
    "error",
    [
        {
            "status": "400",
            "category": "VALIDATION_ERROR",
            "message": "The limit of 5 CONTACT records has been reached.",
        },
        {"status": "403", "category": "FORBIDDEN", "message": "You have reached your maximum number of contacts."},
        {"status": "402", "message": "Payment Required"},
        {"status": "error", "category": "OBJECT_LIMIT_EXCEEDED", "message": ""},
        {"category": "VALIDATION_ERROR", "subCategory": "crm.RECORD_LIMIT_REACHED"},
        {"message": "Your portal is full: upgrade to create more contacts"},
    ],
)
def test_a_portal_without_room_is_known_in_any_shape(error: dict[str, Any]) -> None:
    assert classify(error) == NoRoom()


@pytest.mark.parametrize(
    "error",
    [
        {"status": "429", "category": "RATE_LIMITS", "message": "You have reached your daily limit for this contact."},
        {"status": "503", "message": "contact limit service is not available"},
        {"status": "400", "message": 'Property values were not valid: [{"name": "city", "error": "X", '
         '"message": "contact limit reached"}]'},
        {"status": "400", "message": "Property values were not valid: [contact limit reached"},
        {"status": "400", "message": "bad", "errors": [{"code": "LIMIT", "context": {"propertyName": ["email"]}}]},
        {"status": "409", "message": "Contact already exists. Existing ID: 5. The limit of records is 1"},
        {"status": "400", "message": "The following required properties are missing: Credit limit, Contact owner"},
        {"status": "400", "message": "กรุณากรอกข้อมูลที่จำเป็น: Credit limit, Contact owner"},
        {"status": "400", "message": "The contact's full name is not valid"},
        {"status": "403", "category": "MISSING_SCOPES", "message": "This app lacks a scope to write contacts"},
    ],
)  # fmt: skip
def test_other_errors_are_no_lack_of_room(error: dict[str, Any]) -> None:
    assert not isinstance(classify(error), NoRoom)


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Some required properties were not set.", "context": {"properties": ["company"]}},
        {"errors": [{"message": "x", "code": "REQUIRED_PROPERTY", "context": {"propertyName": ["company"]}}]},
        {"message": 'Property values were not valid: [{"name": "company", "error": "REQUIRED_FIELD", "message": "m"}]'},
        {"errors": [{"message": "m", "propertyName": "company", "subCategory": "MISSING"}]},
        {"context": {"missingProperties": [{"name": "company", "label": "Company"}]}},
        {"errors": [{"in": "company", "message": "must not be blank"}]},
        {"context": {"requiredFields": ["company"]}},
    ],
)
def test_a_property_that_is_wanted_is_named_whatever_the_shape(error: dict[str, Any]) -> None:
    outcome = classify({"status": "400", "category": "VALIDATION_ERROR", **error})
    assert isinstance(outcome, Refused)
    assert outcome.fields.keys() == {"company"}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ({"message": "Required: Company Name"}, "Required: Company Name"),
        ({"errors": [{"message": "Company Name is mandatory"}]}, "\nCompany Name is mandatory"),
        (
            {"message": "Error.", "subCategory": "REQUIRED", "context": {"properties": ["Company Name"]}},
            "Error.\nCompany Name",
        ),
        ({"message": "The value is too long"}, ""),
        ({}, ""),
    ],
)
def test_words_that_speak_of_something_required_are_passed_on_but_never_shown(error: dict[str, Any], says: str) -> None:
    outcome = classify({"status": "400", "category": "VALIDATION_ERROR", **error})
    assert isinstance(outcome, Refused)
    assert outcome.demand == says
    assert "Company" not in repr(outcome)


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Error.", "context": {"missing": ["company"]}},
        {"message": "Missing values.", "context": {"names": ["company"]}},
        {"message": "Missing values.", "context": {"property": {"name": "company", "label": "Company"}}},
        {"message": "Missing values.", "context": {"company": ["must be set"]}},
        {"message": "Error.", "requiredProperties": ["company"]},
        {"message": "Error.", "validationResults": [{"isValid": False, "name": "company", "error": "REQUIRED_FIELD"}]},
        {"message": "Error.", "errors": ["company is required"]},
        {"message": "Error.", "errors": {"company": ["is required"]}},
        {"message": "Error.", "errors": [{"message": "m", "context": {"missing": {"company": "Company"}}}]},
        {"message": "company cannot be empty"},
        {"message": "company must be provided"},
        {"message": "Please enter a value for company"},
        {"message": "Error.", "errors": [{"message": "m", "errors": [{"message": "Required.", "name": "company"}]}]},
        {"message": "Error.", "errors": [{"message": "m", "errors": [{"message": "m", "in": "company"}]}]},
        {"message": "Error.", "localizedErrorMessage": "Company Name is required"},
        {"message": "Conditional rules are not met", "context": {"propertyLabel": ["Company Name"]}},
    ],
)
def test_what_is_required_is_read_wherever_it_stands(error: dict[str, Any]) -> None:
    outcome = classify({"status": "400", "category": "VALIDATION_ERROR", **error})
    assert isinstance(outcome, Refused)
    portal = Portal(labels={"company": "Company Name", "city": "City", "name": "Name", "label": "Label"})
    assert find_missing(portal, outcome.fields, outcome.demand, {}) == ["company"]


@pytest.mark.parametrize(
    "message",
    [
        "กรุณากรอกข้อมูลที่จำเป็น: Company Name",
        "ต้องระบุ Company Name",
        "Pflichtfeld nicht ausgefüllt: Company Name",
        "Company Name ist erforderlich.",
        "Company Name est obligatoire",
        "La propiedad Company Name es obligatoria",
        "O campo Company Name é obrigatório",
        "Company Name は必須です",
        "Company Name 为必填项",
        "Company Name wajib diisi",
        "Company Name là bắt buộc",
        "Company Name moet verplicht worden ingevuld",
    ],
)
def test_that_something_is_required_is_understood_in_other_languages(message: str) -> None:
    outcome = classify({"status": "400", "category": "VALIDATION_ERROR", "message": message})
    assert isinstance(outcome, Refused)
    portal = Portal(labels={"company": "Company Name", "city": "City"})
    assert find_missing(portal, outcome.fields, outcome.demand, {}) == ["company"]


@pytest.mark.parametrize("more", [{}, {"status": "error"}, {"category": "MISSING_REQUIRED_PROPERTIES"}])
def test_an_error_that_says_what_is_required_is_a_refusal_without_any_category(more: dict[str, Any]) -> None:
    assert isinstance(classify({"message": "Company Name is required", **more}), Refused)


def test_what_the_customer_said_is_no_word_about_what_is_required() -> None:
    context = {"invalidPropertyValue": ["company"], "objectWriteTraceId": ["company"], "id": ["company"]}
    outcome = classify({"status": "400", "message": "Required: City", "context": context})
    assert isinstance(outcome, Refused)
    assert "company" not in outcome.demand


def test_a_value_in_the_context_is_no_name() -> None:
    context = {"propertyName": "city", "invalidPropertyValue": ["secret"], "id": ["7"]}
    outcome = classify({"status": "400", "category": "VALIDATION_ERROR", "context": context})
    assert isinstance(outcome, Refused)
    assert outcome.fields.keys() == {"city"}


@pytest.mark.parametrize("words", ["mali@example.com is invalid", "0812345678", "Mali"])
def test_words_in_the_place_of_a_code_are_not_stored(words: str) -> None:
    """They may quote the customer."""
    outcome = classify({"errors": [{"code": words, "context": {"propertyName": ["email"]}}]})
    assert isinstance(outcome, Refused)
    assert outcome.fields == {"email": reason("value_refused", code="INVALID")}
