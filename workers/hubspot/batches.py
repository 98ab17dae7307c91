"""Batches of one kind of record: what an answer leaves open is asked again, in fewer rows per request."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from msgspec.structs import replace

from leadcore.required import PROOFS
from workers.flow.request_context import current
from workers.hubspot.answers import Answer, raise_without_room
from workers.hubspot.reads import parse_contact, parse_contacts, read_record
from workers.hubspot.writes import parse_outcomes
from workers.rules.mapping.property_names import MERGED
from workers.rules.outcomes import ContactWrite, NoRoom, ReadOutcome, Refused, Resend, WriteOutcome, Written

BATCH = 100
# HubSpot refuses more: "The maximum number of inputs supported in a batch request for property histories is 50".
HISTORY_BATCH = 50


class Batches:
    """`dry_run`: records are read but not written. Every method raises `LineDown`."""

    dry_run = False
    batch = BATCH
    read_record: Callable[[Mapping[str, Any]], dict[str, Any]] = staticmethod(read_record)

    def _write_all(
        self,
        rows: Sequence[ContactWrite],
        found: dict[str, WriteOutcome],
        key: str,
        send: Callable[[Sequence[ContactWrite]], Answer],
        *,
        stop: bool,
    ) -> None:
        for start in range(0, len(rows), self.batch):
            self._write(rows[start : start + self.batch], found, key, send, stop=stop)

    def _write(
        self,
        rows: Sequence[ContactWrite],
        found: dict[str, WriteOutcome],
        key: str,
        send: Callable[[Sequence[ContactWrite]], Answer],
        *,
        stop: bool,
    ) -> None:
        """Write `rows`. Rows without an outcome are sent again: together if HubSpot refused all and named whom it
        refused, else in halves, until the faulty row is alone. `stop`: once as many as prove it lack what HubSpot
        requires, the others may lack it too, so first see what can be done about these."""
        if not rows:
            return
        if self.dry_run:
            found.update({row.trace_id: Written("") for row in rows})
            return
        answer = send(rows)
        outcomes = self._parse(answer, rows, key)
        found.update({trace: one for trace, one in outcomes.items() if not isinstance(one, NoRoom)})
        if len(outcomes) > len(found.keys() & outcomes.keys()):
            self.raise_without_room()
        self.check_written(answer)
        rest = [row for row in rows if row.trace_id not in found]
        cut = 0 if answer.status >= 400 and len(rest) < len(rows) else len(rest) // 2
        tried, left = rest[:cut], rest[cut:]
        self._write(tried, found, key, send, stop=stop)
        lacking = sum(_lacks_something(row, found) for row in tried) if stop else 0
        if 0 < lacking < PROOFS and not any(isinstance(found.get(row.trace_id), Written) for row in tried):
            self._write(left[:1], found, key, send, stop=stop)
            lacking += sum(_lacks_something(row, found) for row in left[:1])
            left = left[1:]
        if lacking >= PROOFS:
            found.update({row.trace_id: Resend() for row in left})
            return
        self._write(left, found, key, send, stop=stop)

    def check_written(self, answer: Answer) -> None:
        """Raise `LineDown` if `answer` refuses what stops the line, though its outcomes are known."""

    def raise_without_room(self) -> NoReturn:
        """Raise `LineDown`: the portal has as many of these records as it may have."""
        raise_without_room()

    def _parse(self, answer: Answer, rows: Sequence[ContactWrite], key: str) -> dict[str, WriteOutcome]:
        """The outcomes; once a write of this flight failed and was repeated, nobody knows which of the two created a
        contact that HubSpot calls old."""
        outcomes, flight = parse_outcomes(answer, rows, key), current().flight
        if flight and flight.unsure:
            doubtful = {trace: one for trace, one in outcomes.items() if isinstance(one, Written) and one.new is False}
            outcomes |= {trace: replace(one, new=None) for trace, one in doubtful.items()}
        return outcomes

    def read_each(self, ids: Iterable[str], properties: Sequence[str], key: str = "") -> dict[str, ReadOutcome]:
        """The contact of each id, by id. `key`: the unique property that holds the ids, "" for contact ids."""
        wanted = list(dict.fromkeys(ids))
        names = list(dict.fromkeys([*properties, key or MERGED]))
        found: dict[str, ReadOutcome] = {}
        for start in range(0, len(wanted), self.batch):
            self._read_into(wanted[start : start + self.batch], names, key, found)
        return found

    def _read_into(
        self, ids: Sequence[str], properties: Sequence[str], key: str, found: dict[str, ReadOutcome]
    ) -> None:
        """Read into `found`. An id that the answer leaves out is read alone: taken for missing, it would be created
        again."""
        answer = self._batch_read(ids, properties, key)
        found.update(parse_contacts(answer, ids, key, self.read_record))
        rest = [one for one in ids if one not in found]
        if answer.status >= 400 and len(rest) > 1:
            for half in (rest[: len(rest) // 2], rest[len(rest) // 2 :]):
                self._read_into(half, properties, key, found)
            return
        for one in rest:
            found[one] = parse_contact(self._read_one(one, properties, key), self.read_record)

    def _batch_read(self, ids: Sequence[str], properties: Sequence[str], key: str) -> Answer:
        raise NotImplementedError

    def _read_one(self, one: str, properties: Sequence[str], key: str) -> Answer:
        raise NotImplementedError


def _lacks_something(row: ContactWrite, found: Mapping[str, WriteOutcome]) -> bool:
    """Whether HubSpot refused the row for want of a property that it requires."""
    outcome = found.get(row.trace_id)
    return isinstance(outcome, Refused) and outcome.wants_more(row)
