"""Customers who were matched by email only with a contact that bears another customer's id: a person decides whether
the two are one (`leadsync trust`)."""

import json
import shlex
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """`said_ms`: when the customer wrote last, in ms of Redis' clock."""

    customer_id: str
    contact_id: str
    said_ms: int

    def pack(self) -> str:
        return json.dumps(astuple(self))

    @property
    def command(self) -> str:
        """What joins them, as a person types it."""
        # An id may begin with "-".
        return f"leadsync trust -- {shlex.quote(self.customer_id)}"
