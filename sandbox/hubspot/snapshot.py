"""A portal as bytes, and back: its records with their history, links, properties and settings."""

import msgspec
from msgspec import Struct

from sandbox.hubspot.object_types import ObjectType
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.properties import Property
from sandbox.hubspot.records import Record, Write
from sandbox.hubspot.settings import Settings
from sandbox.hubspot.table import Table

FORM = 1
"""To be raised when older bytes can no longer be read."""


class _Record(Struct):
    id: int
    created: float
    updated: float
    properties: dict[str, str]
    log: list[Write]
    since: float
    archived: float


class _Table(Struct):
    groups: dict[str, str]
    properties: list[Property]
    archived: list[str]
    records: list[_Record]
    deleted: list[_Record]
    merged: dict[int, int]
    index: dict[str, dict[str, int]]


class _Portal(Struct):
    """`links`: from and to, each an object type and an id, and the ids of the association types."""

    form: int
    settings: Settings
    last_id: int
    tables: dict[str, _Table]
    links: list[tuple[tuple[str, int], tuple[str, int], list[int]]]


def save(portal: Portal) -> bytes:
    """Takes the lock."""
    with portal.lock:
        tables = {name: _save_table(table) for name, table in portal.tables.items()}
        links = [(start, end, sorted(types)) for start, end, types in portal.links.each()]
        return msgspec.json.encode(_Portal(FORM, portal.settings, portal.last_id, tables, links))


def is_readable(raw: bytes) -> bool:
    """Whether `restore` can read it."""
    try:
        _decode(raw)
    except msgspec.MsgspecError:
        return False
    return True


def restore(portal: Portal, raw: bytes) -> None:
    """Let `portal` be what was saved. Takes the lock. Raises `msgspec.MsgspecError`."""
    saved = _decode(raw)
    with portal.lock:
        portal.reset(saved.settings)
        portal.last_id = saved.last_id
        for name, table in saved.tables.items():
            _restore_table(portal.tables[name], table)
        for start, end, types in saved.links:
            portal.links.add(start, end, frozenset(types))


def _decode(raw: bytes) -> _Portal:
    saved = msgspec.json.decode(raw, type=_Portal)
    if saved.form != FORM:
        raise msgspec.ValidationError("of another version")
    return saved


def _save_table(table: Table) -> _Table:
    return _Table(
        groups=dict(table.groups),
        properties=list(table.properties.values()),
        archived=sorted(table.archived),
        records=[_save_record(one) for one in table.records.values()],
        deleted=[_save_record(one) for one in table.deleted.values()],
        merged=table.merged,
        index=table.index,
    )


def _restore_table(table: Table, saved: _Table) -> None:
    table.groups = saved.groups
    table.properties = {one.name: one for one in saved.properties}
    table.archived = set(saved.archived)
    table.records = {one.id: _restore_record(table.type, one) for one in saved.records}
    table.deleted = {one.id: _restore_record(table.type, one) for one in saved.deleted}
    table.merged, table.index = saved.merged, saved.index
    table.derive_rules()


def _save_record(one: Record) -> _Record:
    return _Record(one.id, one.created, one.updated, one.properties, one.log, one.since, one.archived)


def _restore_record(object_type: ObjectType, one: _Record) -> Record:
    return Record(object_type, one.id, one.created, one.updated, one.properties, one.log, one.since, one.archived)
