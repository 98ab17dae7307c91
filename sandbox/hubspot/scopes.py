"""Which scopes a call needs."""

from sandbox.hubspot.object_types import CONTACTS, LINE_ITEMS, find_object_type

_READING = ("/batch/read", "/search")


def needed_scopes(method: str, path: str) -> list[tuple[str, ...]]:
    """Of each entry one is needed. `path` begins with /crm/."""
    # /crm/v3/owners or /crm/owners/2026-09
    parts = path.split("/")[2:]
    first, second, rest = parts[0], "".join(parts[1:2]), parts[2:]
    area, version = (second, first) if first in ("v3", "v4") else (first, second)
    right = "read" if method == "GET" or path.endswith(_READING) else "write"
    if area == "owners":
        return [("crm.objects.owners.read",)]
    words = rest[: {"associations": 2, "objects": 1, "pipelines": 1, "properties": 1}.get(area, 0)]
    kind = "schemas" if area == "properties" else "objects"
    types = [find_object_type(word) or CONTACTS for word in words] or [CONTACTS]
    found = {f"crm.{kind}.{each.scoped_as}.{right}": each for each in types}
    # The description of 2026-09 lists it beside that of line items.
    return [
        (name, "e-commerce") if each is LINE_ITEMS and version == "2026-09" else (name,) for name, each in found.items()
    ]
