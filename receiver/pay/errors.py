"""Why a link leads nowhere, or a payment is not taken."""

from leadcore.errors import LeadSyncError


class Tampered(LeadSyncError):
    """Nobody here made this link."""


class BadPayload(LeadSyncError):
    """It is no payload, or its checksum is wrong."""


class WrongCode(LeadSyncError):
    """The code would not pay this amount to this payee."""


class StripeAway(LeadSyncError):
    """No answer that can be used; `wait`: in so many seconds there may be one."""

    def __init__(self, why: str, wait: int = 5) -> None:
        super().__init__(why)
        self.wait = wait


class StripeRefused(LeadSyncError):
    """Stripe does not take this payment; it says so each time. `code` is Stripe's."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Stripe refuses it ({code})")
        self.code = code


class NotStripes(LeadSyncError):
    """A post that Stripe did not sign, or not lately; the text says why, and quotes nothing of it."""
