"""Pure: what is wrong, decided once for the console, `status`, `doctor`, readyz, metrics and alerts, so that no two of
them say different things; and what keeps a written lead from being a plain success."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from leadcore.receipts import UNSENT_STATES, WRITTEN, Receipt
from leadcore.required import list_names

if TYPE_CHECKING:
    from leadcore.store.status import Status

BAD, WARN, CALM = "bad", "warn", "calm"
"""Severities: leads do not get through, or would be lost; a person should look; worth knowing."""

PERSON = frozenset({"unauthorized", "forbidden", "no_key", "daily_quota"})
"""Codes of pauses that only a person can end."""

SHORT_PAUSE_MS = 60_000
"""A pause that passes by itself is nobody's business for so long."""
LATE_MS = 60_000


class Description(NamedTuple):
    """`text`: what is, without a full stop; a singular and a plural form are separated by "|". `fix`: what to do.
    `{n}` and `{why}` stand for the values of `Problem`."""

    severity: str
    text: str
    fix: str


# The worst first.
DESCRIPTIONS: Mapping[str, Description] = {
    "redis_away": Description(BAD, "Redis does not answer", "Check REDIS_URL and whether Redis runs."),
    "no_workers": Description(BAD, "No worker is running, so leads wait", "Start one: leadsync worker"),
    "paused": Description(BAD, "Leads wait for HubSpot", "{why}"),
    "disk_unusable": Description(
        BAD,
        "This machine's disk cannot store leads",
        "{why}. Posts are refused and lost whenever Redis is away. leadsync doctor says which folder it is and what to "
        "do.",
    ),
    "refused": Description(
        WARN,
        "{n} post refused today: the secret of an intent is not the one set here|"
        "{n} posts refused today: the secret of an intent is not the one set here",
        "Put the API secret key of every intent in DealDroid into DEALDROID_SECRET, and restart web.",
    ),
    "late": Description(
        WARN, "The oldest lead has waited for {n} seconds", "Start more workers if this does not fall."
    ),
    "messages_paused": Description(WARN, "Messages wait for DealDroid", "{why}"),
    "required": Description(
        WARN,
        "HubSpot refuses contacts without a property that the portal requires|"
        "HubSpot refuses contacts without properties that the portal requires",
        "It wants {why}. Give a value under [required] in leadsync.toml, or let contacts do without in HubSpot. "
        "leadsync finds out within an hour; leadsync retry tries at once.",
    ),
    "parked": Description(WARN, "{n} lead needs you|{n} leads need you", "See: leadsync parked"),
    "spooled": Description(
        WARN,
        "{n} lead waits on this machine's disk|{n} leads wait on this machine's disk",
        "The receiver puts them into Redis by itself.",
    ),
    "foreign": Description(
        WARN,
        "{n} lead on this machine's disk was stored for another Redis|"
        "{n} leads on this machine's disk were stored for another Redis",
        "They are left alone. If Redis was emptied or replaced they are yours: leadsync spool list",
    ),
    "dry_run": Description(
        CALM,
        "Dry run: nothing reaches HubSpot",
        "New leads are held back, and no message is sent. To go live, unset DRY_RUN and restart the workers.",
    ),
    "partly_dry": Description(
        WARN,
        "Dry run on some workers: they hold back leads that others would write",
        "Set DRY_RUN on all workers or on none, and restart them.",
    ),
    "held": Description(
        CALM,
        "{n} lead is held back since the dry run|{n} leads are held back since the dry run",
        "Write them: leadsync retry --held",
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`code`: one of `DESCRIPTIONS`; `n`: how many leads, posts or seconds; `why`: a reason for people; `passes`: it is
    no more than a moment's delay, so a warning whatever the description says."""

    code: str
    n: int = 0
    why: str = ""
    passes: bool = False

    @property
    def severity(self) -> str:
        return WARN if self.passes else DESCRIPTIONS[self.code].severity

    @property
    def text(self) -> str:
        return choose_form(DESCRIPTIONS[self.code].text, self.n).format(n=f"{self.n:,}", why=self.why)

    @property
    def fix(self) -> str:
        return DESCRIPTIONS[self.code].fix.format(n=f"{self.n:,}", why=self.why).strip()

    def __str__(self) -> str:
        return f"{self.text}. {self.fix.rstrip('.')}."

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "severity": self.severity, "text": self.text, "fix": self.fix}


def choose_form(text: str, n: object) -> str:
    """The singular or the plural form of `text`."""
    one, several, many = text.partition("|")
    return many if several and n != 1 else one


def assess(
    status: "Status | None", *, spooled: int | None = 0, foreign: int = 0, disk_trouble: str = ""
) -> list[Problem]:
    """What is wrong, the worst first; [] if all is well. `status`: None if Redis does not answer; `spooled`, `foreign`:
    leads on this machine's disk, this deployment's (None if they cannot be read) and those stored for another Redis;
    `disk_trouble`: why the disk cannot store leads, "" if it can."""
    found = [Problem("redis_away")] if status is None else _assess_line(status)
    if disk_trouble or spooled is None:
        found.append(Problem("disk_unusable", why=disk_trouble or "The leads stored there cannot be read"))
    if spooled:
        found.append(Problem("spooled", spooled))
    if foreign:
        found.append(Problem("foreign", foreign))
    order = list(DESCRIPTIONS)
    return sorted(found, key=lambda one: order.index(one.code))


def _assess_line(status: "Status") -> list[Problem]:
    waited_ms = status.now_ms - (status.oldest_ms or status.now_ms)
    stands_still = not status.workers or bool(status.pause)
    required = list_names(status.required)
    problems = {
        Problem("no_workers"): not status.workers,
        _describe_pause(status.pause, status.now_ms): bool(status.pause),
        Problem("refused", status.refused_today): bool(status.refused_today),
        Problem("late", waited_ms // 1000): waited_ms > LATE_MS and not stands_still,
        Problem("messages_paused", why=status.messages_pause.get("reason", "")): bool(status.messages_pause)
        and bool(status.messages_waiting),
        Problem("required", len(required), ", ".join(required)): bool(status.required),
        Problem("parked", status.need_person): bool(status.need_person),
        Problem(name_dry_run(status.workers, status.dry_workers)): status.dry_run,
        Problem("held", status.held): bool(status.held) and not status.dry_run,
    }
    return [problem for problem, is_so in problems.items() if is_so]


def _describe_pause(pause: Mapping[str, Any], now_ms: int) -> Problem:
    is_short = now_ms - pause.get("since_ms", 0) < SHORT_PAUSE_MS
    return Problem("paused", why=pause.get("reason", ""), passes=is_short and pause.get("code") not in PERSON)


def name_dry_run(workers: int, dry_workers: int) -> str:
    """The code of the dry run of `dry_workers` among `workers`."""
    return "partly_dry" if dry_workers < workers else "dry_run"


def is_bad(problems: list[Problem]) -> bool:
    """Whether leads do not get through, or would be lost."""
    return any(one.severity == BAD for one in problems)


def find_flaws(receipt: Receipt) -> list[tuple[str, str]]:
    """What keeps a written lead from being a plain success: ("without", property) for each value that did not get into
    HubSpot, and ("message", "failed" or "interrupted")."""
    if receipt.state not in WRITTEN:
        return []
    missing = dict.fromkeys(note.property for note in receipt.notes if note.what == "dropped")
    message = receipt.message.partition(":")[0]
    return [*(("without", name) for name in missing), *([("message", message)] if message in UNSENT_STATES else [])]
