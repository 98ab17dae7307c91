"""What a check found."""

from dataclasses import asdict, dataclass

FINE = "fine"
WARNING = "warning"
WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is FINE, WARNING or WRONG; `text` says what was found, `fix` what to do."""

    subject: str
    state: str
    text: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def fine(subject: str, text: str) -> Finding:
    return Finding(subject, FINE, text)


def warn(subject: str, text: str, fix: str) -> Finding:
    return Finding(subject, WARNING, text, fix)


def wrong(subject: str, text: str, fix: str) -> Finding:
    return Finding(subject, WRONG, text, fix)


def clock(whose: str, ahead_seconds: float) -> Finding:
    """Compares a clock with this machine's; negative `ahead_seconds`: it is behind."""
    subject, off = f"Clock of {whose}", abs(ahead_seconds)
    text = f"{off:.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'} this machine's."
    if off > 300:
        return wrong(subject, text, "Let this machine set its clock by NTP.")
    if off > 5:
        return warn(subject, text, "Let this machine set its clock by NTP.")
    return fine(subject, "Agrees with this machine's.")
