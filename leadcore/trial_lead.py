"""The test lead: a made-up customer who is posted as DealDroid posts one, to see the whole way to HubSpot."""

from typing import Any

CUSTOMER, INTENT = "leadsync-test", "LeadSync test"
"""No customer of DealDroid's has this id, so no message is sent to it; always the same, so that all tests together
leave one contact."""
NAME = "LeadSync Test"


def make_body(token: str) -> dict[str, Any]:
    """The payload, without a secret; `token`: unique, so that it is no repeat of an earlier test."""
    return {
        "mid": f"leadsync-test-{token}",
        "customer_id": CUSTOMER,
        "intent": INTENT,
        "contact_info": {"name": NAME, "language": "en"},
    }
