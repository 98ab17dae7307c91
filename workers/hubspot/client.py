"""Calls to HubSpot through its own client. Every method takes whole batches and raises `LineDown`.

Bodies of writes are passed as bytes: each of the client's model objects copies its whole configuration, which cost more
than the rest of a batch, and plain dictionaries are copied value by value (measured). The sandbox's HubSpot checks what
is sent against those models.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hubspot import HubSpot as Client
from hubspot.crm.contacts.models import (
    BatchReadInputSimplePublicObjectId,
    PublicGdprDeleteInput,
    PublicObjectSearchRequest,
    SimplePublicObjectId,
)
from msgspec.json import encode

from leadcore.reasons import reason
from leadcore.settings import HUBSPOT_VERSIONS
from leadcore.store.counters import Tally
from workers.flow.breaker import Breaker
from workers.flow.errors import LineDown
from workers.hubspot.answers import Answer, raise_line_down, raise_without_key
from workers.hubspot.batches import HISTORY_BATCH, Batches
from workers.hubspot.budget import Budget, NoBudget
from workers.hubspot.errors import objects
from workers.hubspot.reads import parse_contacts, parse_history, read_record
from workers.hubspot.transport import Transport
from workers.rules.formats import FormatRule, read_formats
from workers.rules.mapping.property_names import CUSTOMER_ID, MERGED
from workers.rules.outcomes import ContactWrite, RetryLater, Version, WriteOutcome


class HubSpot(Batches):
    """One portal. Safe to use from several threads. It keeps its API objects, since each new one costs a TLS handshake.
    `version`: one of `leadcore.settings.HUBSPOT_VERSIONS`. `dry_run`: contacts are read but not written. `tally`:
    counts calls; `breaker`: see `Transport`. `access_digest` tells this access from others and does not reveal the
    token. Raises `leadcore.settings.SettingsError` if the environment names a proxy that cannot be used."""

    def __init__(
        self,
        token: str,
        base_url: str,
        budget: Budget | NoBudget,
        *,
        version: str = HUBSPOT_VERSIONS[0],
        dry_run: bool = False,
        tally: Tally | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self.budget, self.dry_run, self.machine, self.breaker = budget, dry_run, budget.machine, breaker
        self.access_digest = hashlib.sha256("\0".join((token, base_url, version)).encode()).hexdigest()
        client = Client(access_token=token, host=base_url.rstrip("/"))
        self._batch = client.crm.contacts.batch_api
        self._basic = client.crm.contacts.basic_api
        self._search = client.crm.contacts.search_api
        self._core = client.crm.properties.core_api
        self._groups = client.crm.properties.groups_api
        self.client, self._version, self._tally = client, version, tally or Tally()
        self._pool: Any = None
        for api in (self._batch, self._basic, self._search, self._core, self._groups):
            self.share(api, breaker)

    def share(self, api: Any, breaker: Breaker | None) -> Any:
        """`api`, one of the client's, over the connections, budget and version of all others. `breaker`: that of the
        line for which it calls."""
        transport = Transport(api.api_client.configuration, self.budget, self._tally, self._version, breaker)
        self._pool = transport.pool_manager = self._pool or transport.pool_manager
        api.api_client.rest_client = transport
        return api

    def upsert(self, rows: Sequence[ContactWrite], found: dict[str, WriteOutcome], *, stop: bool = True) -> None:
        """Create or update contacts by customer id, with different ids. Each outcome is put into `found` by trace id as
        soon as it is known, so that it is not lost if a later request raises. `stop`: see `Batches._write`."""
        self._write_all(rows, found, CUSTOMER_ID, self._upsert, stop=stop)

    def update(self, rows: Sequence[ContactWrite], found: dict[str, WriteOutcome], *, stop: bool = True) -> None:
        """Update contacts by contact id, as `upsert` does."""
        self._write_all(rows, found, "", self._update, stop=stop)

    def _upsert(self, rows: Sequence[ContactWrite]) -> Answer:
        inputs = [
            {
                "id": row.id,
                "idProperty": CUSTOMER_ID,
                "objectWriteTraceId": row.trace_id,
                "properties": {**row.properties, CUSTOMER_ID: row.id},
            }
            for row in rows
        ]
        answer: Answer = self._batch.upsert(encode({"inputs": inputs}), _preload_content=False)
        return answer

    def _update(self, rows: Sequence[ContactWrite]) -> Answer:
        inputs = [
            {"id": row.id, "objectWriteTraceId": row.trace_id, "properties": dict(row.properties)} for row in rows
        ]
        answer: Answer = self._batch.update(encode({"inputs": inputs}), _preload_content=False)
        return answer

    def read(self, ids: Iterable[str], properties: Sequence[str], key: str = "") -> dict[str, dict[str, str]]:
        """As `read_each`, but only the contacts that exist. Also raises `LineDown` if HubSpot does not say whether
        an id exists."""
        found = self.read_each(ids, properties, key)
        for one in found.values():
            if isinstance(one, RetryLater):
                raise LineDown("unsaid", reason("no_contact_read", why=one.why))
        return {id: one for id, one in found.items() if isinstance(one, dict)}

    def read_history(self, ids: Iterable[str], names: Sequence[str]) -> dict[str, dict[str, list[str]]]:
        """What each of these properties was, newest first, in the contacts of these contact ids, by the id that the
        answer gives; without those that HubSpot does not give. Raises `LineDown`."""
        return {
            id: {name: [value for value, _, _ in past] for name, past in properties.items()}
            for id, properties in self.read_versions(ids, names).items()
        }

    def read_versions(self, ids: Iterable[str], names: Sequence[str]) -> dict[str, dict[str, list[Version]]]:
        """As `read_history`, with when and by what each value was set."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, dict[str, list[Version]]] = {}
        for start in range(0, len(wanted), HISTORY_BATCH):
            found |= parse_history(self._batch_read(wanted[start : start + HISTORY_BATCH], [], "", names))
        return found

    def find_owner(self, email: str) -> str:
        """The id of the contact that has the email, "" if HubSpot names none, which does not prove that there is
        none: reading it singly would, but puts the email into a URL, and so into logs. Raises `LineDown`."""
        return self.read_batch([email], [], "email").get(email, {}).get("id", "")

    def read_batch(self, ids: Sequence[str], properties: Sequence[str], key: str = "") -> dict[str, dict[str, str]]:
        """The contacts of at most `BATCH` ids that the answer to one call gives; of the others nobody knows. `key`: as
        in `read_each`. Raises `LineDown`."""
        found = parse_contacts(self._batch_read(ids, [*properties, key or MERGED], key), ids, key)
        return {id: one for id, one in found.items() if isinstance(one, dict)}

    def _read_one(self, one: str, properties: Sequence[str], key: str) -> Answer:
        more = {"id_property": key} if key else {}
        answer: Answer = self._basic.get_by_id(one, properties=list(properties), _preload_content=False, **more)
        return answer

    def _batch_read(
        self, ids: Sequence[str], properties: Sequence[str], key: str, history: Sequence[str] = ()
    ) -> Answer:
        answer: Answer = self._batch.read(
            BatchReadInputSimplePublicObjectId(
                inputs=[SimplePublicObjectId(id=one) for one in ids],
                properties=list(properties),
                properties_with_history=list(history),
                id_property=key or None,
            ),
            _preload_content=False,
        )
        return answer

    def ping(self) -> None:
        """One small call, to see whether HubSpot accepts our requests; raises `LineDown`."""
        answer = self._batch_read(["leadsync-probe"], [CUSTOMER_ID], CUSTOMER_ID)
        raise_without_key(answer)
        if answer.status not in (404, 405):
            raise_line_down(answer)

    def search(
        self,
        having: Sequence[str],
        properties: Sequence[str],
        *,
        above: str = "0",
        before_ms: int | None = None,
        limit: int,
    ) -> Mapping[str, Any]:
        """The first `limit` contacts, in the order of their ids, that have a value in one of `having` and an id over
        `above` and were created before `before_ms` (milliseconds since 1970): {"total", "results"}. The index lags
        behind writes by up to 30 s. HubSpot pages through at most 10,000, so ask for the next page with `above`. Raises
        `LineDown`."""
        filters = [{"propertyName": "hs_object_id", "operator": "GT", "value": above}]
        if before_ms is not None:
            filters.append({"propertyName": "createdate", "operator": "LT", "value": str(before_ms)})
        answer: Answer = self._search.do_search(
            PublicObjectSearchRequest(
                filter_groups=[
                    {"filters": [{"propertyName": name, "operator": "HAS_PROPERTY"}, *filters]} for name in having
                ],
                properties=list(properties),
                limit=limit,
                after="0",
                sorts=["hs_object_id"],
            ),
            _preload_content=False,
        )
        return _expect_search(answer)

    def find_by_phone(
        self, digits: str, values: Mapping[str, str], properties: Sequence[str], limit: int
    ) -> list[dict[str, str]]:
        """At most `limit` contacts with this phone or mobile phone, or with one of `values` (property -> value).
        `digits`: the national number, which is the form of HubSpot's own properties for searches. The index lags
        behind writes by up to 30 s. Raises `LineDown`."""
        wanted = {"hs_searchable_calculated_phone_number": digits, "hs_searchable_calculated_mobile_number": digits}
        groups = [
            {"filters": [{"propertyName": name, "operator": "EQ", "value": value}]}
            for name, value in {**wanted, **values}.items()
        ]
        answer: Answer = self._search.do_search(
            PublicObjectSearchRequest(
                filter_groups=groups, properties=list(properties), limit=limit, after="0", sorts=["hs_object_id"]
            ),
            _preload_content=False,
        )
        return [one for one in map(read_record, objects(_expect_search(answer).get("results"))) if one]

    def erase(self, contact_id: str) -> None:
        """Delete a contact for good, as privacy laws require; a missing one is no error. Raises `LineDown`.
        By contact id, because HubSpot blocklists an email that it does not find."""
        if self.dry_run:
            return
        answer: Answer = self._basic.purge(PublicGdprDeleteInput(object_id=contact_id), _preload_content=False)
        if answer.status == 204 or (answer.status == 404 and answer.is_object):
            return
        raise_line_down(answer)
        raise LineDown("erase", reason("erasure_refused", status=answer.status))

    def request(self, method: str, path: str, body: Any = None) -> Answer:
        """A request that the client has no typed call for; raises `LineDown` only if there is no answer."""
        configuration = self._core.api_client.configuration
        headers = {"Authorization": f"Bearer {configuration.access_token}", "Accept": "application/json"}
        answer: Answer = self._core.api_client.rest_client.request(
            method, configuration.host + path, headers=headers, body=body
        )
        return answer

    def properties(self, kind: str = "contacts") -> list[dict[str, Any]]:
        """Every property of the portal's records of `kind`, as HubSpot describes it."""
        answer: Answer = self._core.get_all(kind, archived=False, _preload_content=False)
        raise_line_down(answer, [f"crm.schemas.{kind}.read"])
        results = answer.json().get("results")
        if not isinstance(results, list) or not results:
            raise LineDown("unexpected", reason("no_properties_listed"))
        return [one for one in results if isinstance(one, dict)]

    def formats(self) -> dict[str, list[FormatRule]]:
        """The portal's rules for the form of values, by HubSpot's name of the property; raises `LineDown` if HubSpot
        does not tell them."""
        answer = self.request("GET", "/crm/v3/property-validations/0-1")
        raise_line_down(answer)
        if answer.status >= 400:
            raise LineDown("unexpected", reason("answer_unexpected", status=answer.status))
        return read_formats(objects(answer.json().get("results")))

    def create_group(self, name: str, label: str, kind: str = "contacts") -> Answer:
        answer: Answer = self._groups.create(
            kind, {"name": name, "label": label, "displayOrder": -1}, _preload_content=False
        )
        return answer

    def create_property(self, definition: Mapping[str, Any], kind: str = "contacts") -> Answer:
        answer: Answer = self._core.create(kind, dict(definition), _preload_content=False)
        return answer


def _expect_search(answer: Answer) -> Mapping[str, Any]:
    """The answer to a search; raises `LineDown` if it is none."""
    raise_line_down(answer)
    if answer.status >= 400:
        raise LineDown("search", reason("search_refused", status=answer.status))
    return answer.json()
