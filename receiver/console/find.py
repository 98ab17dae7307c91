"""The page of a search where names are shown. It is posted, because a phone or an email must be in no URL."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from leadcore.store.connection import Redis
from leadcore.store.portal_links import read_portal_links
from receiver.console import queries
from receiver.console.contacts import SECONDS, ContactLookUp, FoundContact, is_id, read_names
from receiver.console.errors import NoAnswer
from receiver.console.filters import as_query, parse_filter


def add_find_page(
    pages: Blueprint, redis: Redis, contacts: ContactLookUp, render: Callable[..., tuple[str, int]]
) -> None:
    @pages.post("/find")
    def find() -> ResponseReturnValue:
        lead_filter = parse_filter(request.form, g.translator.timezone)
        text, query = lead_filter.text, as_query(lead_filter, g.translator.timezone)
        if is_id(text):
            return redirect(url_for("console.leads", **query), 303)  # type: ignore[arg-type]  # texts alone
        ends = time.monotonic() + SECONDS
        people, failed = _find(contacts, text)
        found = queries.find_leads(redis, lead_filter, request.form.get("before", ""))
        seconds, micros = redis.time()
        values: dict[str, Any] = {
            "lead_filter": lead_filter,
            "found": found,
            "people": people,
            "failed": failed,
            "query": query,
            "links": read_portal_links(redis),
            "names": read_names(
                contacts,
                (one.contact_id for one in found.receipts),
                kept=False,
                seconds=ends - time.monotonic(),
            ),
            "now_ms": seconds * 1000 + micros // 1000,
        }
        return render("find.html", **values)


def _find(contacts: ContactLookUp, text: str) -> tuple[Sequence[FoundContact], bool]:
    """The contacts with this email or phone, and whether HubSpot gave no answer."""
    try:
        return contacts.find(text), False
    except NoAnswer:
        return (), True
