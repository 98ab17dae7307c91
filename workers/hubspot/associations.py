"""Pure: answers about associations."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from leadcore.reasons import reason
from workers.flow.errors import LineDown
from workers.hubspot.answers import Answer
from workers.hubspot.errors import classify, context, objects, strings
from workers.rules.outcomes import ContactMissing, RetryLater, Written

MAX_LINKS = 2000
"""Pairs of one request that links. HubSpot's reference does not say; Workato's connector, which sends such requests,
documents 2,000. A portal that takes fewer says how many, see `read_limit`."""
MAX_LINKED = 1000
"""Records of one request that reads. HubSpot's changelog, February 2025."""
# Of the associations that notes are created with. Others are made afterwards: their type ids are not public.
TYPES: Mapping[tuple[str, str], int] = {("notes", "contacts"): 202, ("notes", "deals"): 214}

_LIMIT = re.compile(r"maximum number of inputs\b.*?\bis ([1-9]\d{0,4})\b", re.IGNORECASE)

Pair: TypeAlias = tuple[str, str]
LinkOutcome: TypeAlias = Written | ContactMissing | RetryLater


def read_limit(answer: Answer) -> int:
    """How many inputs the request may have, where it is refused for having more; else 0."""
    found = _LIMIT.search(str(answer.json().get("message") or "")) if answer.status == 400 else None
    return int(found[1]) if found else 0


def parse_linked(answer: Answer, ids: Sequence[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The answer to a read: what each record is linked to ([]: HubSpot says, nothing), and the cursor of the next page
    where there is one. Raises `LineDown` if an error is about something else."""
    body = answer.json()
    found: dict[str, list[str]] = {}
    after: dict[str, str] = {}
    for error in [answer.error] if answer.status >= 400 else objects(body.get("errors")):
        if classify(error) != ContactMissing():
            raise LineDown("unexpected", reason("answer_unexpected", status=answer.status))
        named = [one for value in context(error).values() for one in strings(value)]
        found |= {one: [] for one in (named if answer.status < 400 else ids) if one in ids}
    for result in objects(body.get("results")):
        own = _id(result.get("from"))
        if own in ids:
            others = [one.get("toObjectId") for one in objects(result.get("to"))]
            found.setdefault(own, []).extend(str(other) for other in others if other)
            paging = result.get("paging")
            following = paging.get("next") if isinstance(paging, dict) else None
            if isinstance(following, dict) and following.get("after"):
                after[own] = str(following["after"])
    return found, after


def parse_links(answer: Answer, pairs: Sequence[Pair]) -> dict[Pair, LinkOutcome]:
    """The answer to a request that links `pairs`, without those that it leaves open; that of a single pair is always
    known."""
    if answer.status >= 400:
        return _parse_error(answer.error, pairs)
    body = answer.json()
    made = {(_id(one.get("from")), _id(one.get("to"))) for one in objects(body.get("results"))}
    found: dict[Pair, LinkOutcome] = {}
    for error in objects(body.get("errors")):
        found |= _parse_error(error, pairs, named_only=True)
    # HubSpot may tell of the way back instead.
    found |= {pair: Written(pair[0]) for pair in pairs if pair in made or pair[::-1] in made}
    if not objects(body.get("errors")):
        found |= {pair: RetryLater(reason("link_unanswered")) for pair in pairs if pair not in found}
    return found


def _parse_error(
    error: Mapping[str, Any], pairs: Sequence[Pair], *, named_only: bool = False
) -> dict[Pair, LinkOutcome]:
    outcome = classify(error)
    found: LinkOutcome = outcome if isinstance(outcome, ContactMissing) else RetryLater(reason("link_refused"))
    named = {one for value in context(error).values() for one in strings(value)}
    blamed = [pair for pair in pairs if named & set(pair)]
    if len(pairs) == 1 and not (named_only and named and not blamed):
        blamed = list(pairs)
    return dict.fromkeys(blamed, found)


def _id(value: Any) -> str:
    return str(value.get("id") or "") if isinstance(value, dict) else ""
