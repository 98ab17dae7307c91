"""Request bodies, checked against the model classes of HubSpot's own Python client.

A model's `openapi_types` and `attribute_map` become a msgspec struct that forbids unknown keys and nulls; a field is
required when the client's own setter refuses None.
"""

from functools import cache
from typing import Any

import msgspec

from sandbox.hubspot.problems import validation

# What a property's definition could hold until 2026-09; the client's models do not have it.
_FORMER = (
    ("number_display_hint", str | None, "numberDisplayHint"),
    ("text_display_hint", str | None, "textDisplayHint"),
    ("currency_property_name", str | None, "currencyPropertyName"),
    ("show_currency_symbol", bool | None, "showCurrencySymbol"),
)
_SCALARS: dict[str, Any] = {"str": str, "int": int, "bool": bool, "float": float, "object": Any, "datetime": str}


def decode(model: str, raw: bytes, package: str = "contacts", *, former: bool = False) -> Any:
    """The body as the struct of `model`; optional fields that were not sent are None. `former`: with the fields that
    2026-09 has no longer. Raises `Problem`."""
    try:
        return _decoder(package, model, former).decode(raw)
    except msgspec.ValidationError as error:
        raise validation(f"Invalid input JSON: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise validation(f"Invalid input JSON: the body cannot be parsed ({type(error).__name__}).") from None


def check_value(model: str, attribute: str, value: Any, package: str) -> None:
    """Raises `Problem` when the client's own setter refuses `value` (a closed list of values)."""
    instance = _blank(_model(package, model))
    try:
        setattr(instance, attribute, value)
    except ValueError as error:
        raise validation(f"Invalid input JSON: {error}") from None


@cache
def _decoder(package: str, model: str, former: bool) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(struct(package, model, former))


@cache
def struct(package: str, model: str, former: bool) -> Any:
    """The strict struct of a client model; `package`: that of `hubspot.crm` in which it is."""
    cls = _model(package, model)
    fields: list[Any] = []
    for attribute, kind in cls.openapi_types.items():
        annotation = _annotation(package, kind, former)
        fields.append((attribute, annotation) if _required(cls, attribute) else (attribute, annotation, None))
    more = _FORMER if former and model in ("PropertyCreate", "PropertyUpdate") else ()
    fields += [(attribute, kind, None) for attribute, kind, _ in more]
    names = {**cls.attribute_map, **{attribute: name for attribute, _, name in more}}
    return msgspec.defstruct(model, fields, kw_only=True, forbid_unknown_fields=True, rename=names)


def _annotation(package: str, kind: str, former: bool) -> Any:
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind.startswith("list["):
        return list[_annotation(package, kind[5:-1], former)]  # type: ignore[misc]
    if kind.startswith("dict["):
        return dict[str, _annotation(package, kind[:-1].split(", ", 1)[1], former)]  # type: ignore[misc]
    return struct(package, kind, former)


def _required(cls: Any, attribute: str) -> bool:
    try:
        setattr(_blank(cls), attribute, None)
    except ValueError:
        return True
    return False


def _blank(cls: Any) -> Any:
    """An instance whose setters check what they are given."""
    from hubspot.crm.contacts import Configuration

    loose, strict = Configuration(), Configuration()
    loose.client_side_validation, strict.client_side_validation = False, True
    instance = cls(local_vars_configuration=loose)
    instance.local_vars_configuration = strict
    return instance


def _model(package: str, model: str) -> Any:
    from importlib import import_module

    return getattr(import_module(f"hubspot.crm.{package}.models"), model)
