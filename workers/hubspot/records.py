"""Calls for any kind of CRM record and what links them, in batches, as `workers.hubspot.client` makes them for
contacts: over its connections, budget and version. `kind`: HubSpot's name in paths. Every method raises `LineDown`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn, TypeAlias

from msgspec.json import encode

from leadcore.reasons import reason
from workers.flow.breaker import Breaker
from workers.flow.errors import LineDown
from workers.hubspot.answers import Answer, raise_line_down, raise_without_key, says_no_room
from workers.hubspot.associations import (
    MAX_LINKED,
    MAX_LINKS,
    TYPES,
    LinkOutcome,
    Pair,
    parse_linked,
    parse_links,
    read_limit,
)
from workers.hubspot.batches import BATCH, HISTORY_BATCH, Batches
from workers.hubspot.client import HubSpot
from workers.hubspot.essentials import find_essential, raise_without_essentials
from workers.hubspot.reads import read_record, read_with_history
from workers.hubspot.scopes import list_scopes
from workers.hubspot.search_quota import SearchQuota
from workers.hubspot.writes import parse_created
from workers.rules.outcomes import Conflict, ContactWrite, ReadOutcome, Refused, RetryLater, WriteOutcome, Written

# Trace id -> type and end of each association.
_Links: TypeAlias = Mapping[str, Sequence[tuple[int, str]]]


class Records:
    """`breaker`: that of the line for which it calls. `searches`: None where nothing is searched."""

    def __init__(self, hubspot: HubSpot, breaker: Breaker | None = None, searches: SearchQuota | None = None) -> None:
        self.hubspot, self.searches, self._most_links = hubspot, searches, MAX_LINKS
        objects, v4 = hubspot.client.crm.objects, hubspot.client.crm.associations.v4
        self._batch = hubspot.share(objects.batch_api, breaker)
        self._basic = hubspot.share(objects.basic_api, breaker)
        self._search = hubspot.share(objects.search_api, breaker)
        self._links = hubspot.share(v4.batch_api, breaker)
        self._of = partial(_Kind, self._batch, self._basic, dry_run=hubspot.dry_run)

    def upsert(self, kind: str, key: str, rows: Sequence[ContactWrite], found: dict[str, WriteOutcome]) -> None:
        """Create or update records by the unique property `key`, with different ids. Each outcome is put into `found`
        by trace id as soon as it is known. `Resend`: not written, for want of what another row lacked."""
        self._of(kind).upsert(key, rows, found)

    def update(self, kind: str, rows: Sequence[ContactWrite], found: dict[str, WriteOutcome]) -> None:
        """Update records by their ids, as `upsert` does."""
        self._of(kind).update(rows, found)

    def create(
        self,
        kind: str,
        rows: Sequence[ContactWrite],
        found: dict[str, WriteOutcome],
        links: Mapping[str, Sequence[Pair]] | Iterable[tuple[str, Sequence[Pair]]] = (),
    ) -> None:
        """Create records: rows without an id. `links`: trace id -> kind and id of each record that it is linked to. A
        call that is repeated creates twice, so none is; a row whose answer was lost has no outcome."""
        linked = dict(links)
        inline = {
            trace: [(TYPES[kind, to], id) for to, id in ends if (kind, to) in TYPES] for trace, ends in linked.items()
        }
        self._of(kind).create(rows, inline, found)
        later: dict[str, list[tuple[str, Pair]]] = {}
        for trace, ends in linked.items():
            outcome = found.get(trace)
            for to, id in ends:
                if (kind, to) not in TYPES and isinstance(outcome, Written) and outcome.contact_id:
                    later.setdefault(to, []).append((trace, (outcome.contact_id, id)))
        for to, pairs in later.items():
            self.link(kind, to, [pair for _, pair in pairs])

    def read(
        self, kind: str, ids: Iterable[str], properties: Sequence[str], key: str = "", history: Sequence[str] = ()
    ) -> dict[str, ReadOutcome]:
        """The record of each id, by id: its values and "id". `key`: the unique property that holds the ids, "" for
        record ids. `history`: names of properties; under "history" stands, by their names, every value with when it was
        set (ms since 1970) and what set it (HubSpot's sourceType and sourceId), the newest first."""
        return self._of(kind, history=history).read_each(ids, properties, key)

    def linked(self, from_kind: str, to_kind: str, ids: Iterable[str]) -> dict[str, list[str]]:
        """The ids of the records that each is linked to, by id."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, list[str]] = {}
        for start in range(0, len(wanted), MAX_LINKED):
            part = wanted[start : start + MAX_LINKED]
            self._read_links(from_kind, to_kind, part, found)
            # What an answer leaves out may be linked to nothing; only a second one is believed.
            if silent := [one for one in part if one not in found]:
                self._read_links(from_kind, to_kind, silent, found)
        return {one: list(dict.fromkeys(found.get(one, ()))) for one in wanted}

    def _read_links(self, from_kind: str, to_kind: str, ids: Sequence[str], found: dict[str, list[str]]) -> None:
        inputs: list[dict[str, str]] = [{"id": one} for one in ids]
        while inputs:
            answer = self._links.get_page(from_kind, to_kind, encode({"inputs": inputs}), _preload_content=False)
            _raise_line_down(answer, from_kind, to_kind)
            if answer.status >= 400 and len(inputs) > 1:
                for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
                    self._read_links(from_kind, to_kind, half, found)
                return
            some, after = parse_linked(answer, [one["id"] for one in inputs])
            for one, others in some.items():
                found.setdefault(one, []).extend(others)
            inputs = [{"id": one, "after": cursor} for one, cursor in after.items()]

    def link(self, from_kind: str, to_kind: str, pairs: Iterable[Pair]) -> dict[Pair, LinkOutcome]:
        """Link the first of each pair to the second, by HubSpot's default association. What is linked already stays
        so."""
        wanted = list(dict.fromkeys(pairs))
        if self.hubspot.dry_run:
            return {pair: Written(pair[0]) for pair in wanted}
        found: dict[Pair, LinkOutcome] = {}
        while wanted:
            part = wanted[: self._most_links]
            if self._link(from_kind, to_kind, part, found):
                wanted = wanted[len(part) :]
        return found

    def _link(self, from_kind: str, to_kind: str, pairs: Sequence[Pair], found: dict[Pair, LinkOutcome]) -> bool:
        """Link `pairs`; False if they are too many for one request."""
        if not pairs:
            return True
        inputs = [{"from": {"id": own}, "to": {"id": other}} for own, other in pairs]
        answer = self._links.create_default(from_kind, to_kind, encode({"inputs": inputs}), _preload_content=False)
        _raise_line_down(answer, from_kind, to_kind)
        if 0 < (limit := read_limit(answer)) < len(pairs):
            self._most_links = limit
            return False
        found |= parse_links(answer, pairs)
        rest = [pair for pair in pairs if pair not in found]
        cut = 0 if len(rest) < len(pairs) else len(rest) // 2
        if len(pairs) == 1 or not rest:
            found |= dict.fromkeys(rest, RetryLater(reason("link_unanswered")))
            return True
        for some in (rest[:cut], rest[cut:]):
            if not self._link(from_kind, to_kind, some, found):
                found |= dict.fromkeys(some, RetryLater(reason("link_unanswered")))
        return True

    def archive(self, kind: str, ids: Iterable[str]) -> None:
        """Put records into HubSpot's recycle bin; missing ones are no error."""
        if self.hubspot.dry_run:
            return
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), BATCH):
            self._archive(kind, wanted[start : start + BATCH])

    def _archive(self, kind: str, ids: Sequence[str]) -> None:
        body = encode({"inputs": [{"id": one} for one in ids]})
        answer = self._batch.archive(kind, body, _preload_content=False)
        if answer.status == 204:
            return
        _raise_line_down(answer, kind)
        if answer.status < 400:
            return
        if len(ids) > 1:
            self._archive(kind, ids[: len(ids) // 2])
            self._archive(kind, ids[len(ids) // 2 :])
        elif not answer.says_not_found:
            raise LineDown("unexpected", reason("archive_refused", status=answer.status))

    def any_exists(self, kind: str) -> bool:
        """Whether the portal has a record of the kind. Not by its search, whose index lags behind."""
        answer: Answer = self._basic.get_page(kind, limit=1, _preload_content=False)
        _raise_line_down(answer, kind)
        return bool(answer.json().get("results"))

    def search(
        self,
        kind: str,
        filters: Sequence[Mapping[str, Any]],
        properties: Sequence[str],
        sorts: Sequence[Any],
        limit: int,
        after: str = "",
    ) -> dict[str, Any]:
        """A page of the records that fit all `filters`, as HubSpot writes them: "total", "results" (values and "id" of
        each), "after" ("" on the last page). The index lags behind writes by up to 60 s."""
        body = {
            "filterGroups": [{"filters": list(filters)}],
            "properties": list(properties),
            "sorts": list(sorts),
            "limit": limit,
            "after": after or "0",
        }

        def send() -> Answer:
            answer: Answer = self._search.do_search(kind, encode(body), _preload_content=False)
            _raise_line_down(answer, kind)
            return answer

        answer = self.searches.run(send) if self.searches else send()
        if answer.status >= 400:
            raise LineDown("search", reason("search_refused", status=answer.status))
        page = answer.json()
        following = (page.get("paging") or {}).get("next") or {}
        results = [read_record(one) for one in page.get("results") or []]
        return {"total": page.get("total", 0), "results": results, "after": str(following.get("after") or "")}


class _Kind(Batches):
    """The batches of one kind. `history`: names of properties whose history is read, too."""

    def __init__(self, batch: Any, basic: Any, kind: str, *, dry_run: bool, history: Sequence[str] = ()) -> None:
        self.kind, self.dry_run, self._batch, self._basic, self._history = kind, dry_run, batch, basic, list(history)
        if history:
            self.batch, self.read_record = HISTORY_BATCH, read_with_history

    def upsert(self, key: str, rows: Sequence[ContactWrite], found: dict[str, WriteOutcome]) -> None:
        self._write_all(rows, found, key, partial(self._send_upsert, key), stop=True)

    def update(self, rows: Sequence[ContactWrite], found: dict[str, WriteOutcome]) -> None:
        self._write_all(rows, found, "", self._send_update, stop=False)

    def create(self, rows: Sequence[ContactWrite], links: _Links, found: dict[str, WriteOutcome]) -> None:
        self._write_all(rows, found, "", partial(self._send_create, links), stop=False)

    def _send_upsert(self, key: str, rows: Sequence[ContactWrite]) -> Answer:
        inputs = [
            {
                "id": row.id,
                "idProperty": key,
                "objectWriteTraceId": row.trace_id,
                "properties": {**row.properties, key: row.id},
            }
            for row in rows
        ]
        answer = self._send(self._batch.upsert, inputs)
        _raise_without_key(answer, key)
        return answer

    def _send_update(self, rows: Sequence[ContactWrite]) -> Answer:
        return self._send(
            self._batch.update,
            [{"id": row.id, "objectWriteTraceId": row.trace_id, "properties": dict(row.properties)} for row in rows],
            creates=False,
        )

    def _send_create(self, links: _Links, rows: Sequence[ContactWrite]) -> Answer:
        return self._send(
            self._batch.create,
            [
                {
                    "objectWriteTraceId": row.trace_id,
                    "properties": dict(row.properties),
                    "associations": [
                        {
                            "to": {"id": id},
                            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}],
                        }
                        for type_id, id in links.get(row.trace_id, ())
                    ],
                }
                for row in rows
            ],
        )

    def _send(
        self, call: Callable[..., Answer], inputs: Sequence[Mapping[str, Any]], *, creates: bool = True
    ) -> Answer:
        answer = call(self.kind, encode({"inputs": inputs}), _preload_content=False)
        _raise_line_down(answer, self.kind, creates=creates)
        return answer

    def _parse(self, answer: Answer, rows: Sequence[ContactWrite], key: str) -> dict[str, WriteOutcome]:
        outcomes = super()._parse(answer, rows, key) if key or rows[0].id else parse_created(answer, rows)
        # Only a contact is looked for by its taken value.
        outcomes |= {
            trace: Refused({one.property: reason("value_taken")}, reason("values_refused"))
            for trace, one in outcomes.items()
            if isinstance(one, Conflict) and one.property
        }
        if find_essential(answer):
            # Whoever looks at them must not write the others without it.
            return {trace: one for trace, one in outcomes.items() if isinstance(one, Written)}
        return outcomes

    def check_written(self, answer: Answer) -> None:
        raise_without_essentials(answer)

    def raise_without_room(self) -> NoReturn:
        _raise_without_room(self.kind)

    def _batch_read(self, ids: Sequence[str], properties: Sequence[str], key: str) -> Answer:
        body = {
            "inputs": [{"id": one} for one in ids],
            "properties": list(properties),
            "propertiesWithHistory": self._history,
            **({"idProperty": key} if key else {}),
        }
        answer: Answer = self._batch.read(self.kind, encode(body), _preload_content=False)
        _raise_line_down(answer, self.kind)
        if key:
            _raise_without_key(answer, key)
        return answer

    def _read_one(self, one: str, properties: Sequence[str], key: str) -> Answer:
        more = {"id_property": key} if key else {}
        answer: Answer = self._basic.get_by_id(
            self.kind,
            one,
            properties=list(properties),
            properties_with_history=self._history,
            _preload_content=False,
            **more,
        )
        if not answer.says_one_missing:
            _raise_line_down(answer, self.kind)
        return answer


def _raise_line_down(answer: Answer, *kinds: str, creates: bool = True) -> None:
    """As `raise_line_down`, with what lacks for records of `kinds`."""
    if says_no_room(answer, creates=creates):
        _raise_without_room(kinds[0])
    raise_line_down(answer, list_scopes(kinds), creates=creates)


def _raise_without_room(kind: str) -> NoReturn:
    raise LineDown("order_room", reason("portal_full_of", kind=kind))


def _raise_without_key(answer: Answer, key: str) -> None:
    try:
        raise_without_key(answer, key)
    except LineDown as down:
        raise LineDown("order_key", down.why) from None
