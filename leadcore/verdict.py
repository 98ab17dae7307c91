"""Pure: what is wrong, decided once for the console, `status`, `doctor`, readyz, metrics and alerts, so that no two of
them say different things; and what keeps a written lead from being a plain success."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadcore.reasons import NEED_PERSON
from leadcore.receipts import PARKED, UNSENT_STATES, WRITTEN, Receipt
from leadcore.required import list_names
from leadcore.texts import en

if TYPE_CHECKING:
    from leadcore.store.stages import StageStatus
    from leadcore.store.status import Status

BAD, WARN, CALM = "bad", "warn", "calm"
"""Severities: leads do not get through, or would be lost; a person should look; worth knowing."""

SHORT_PAUSE_MS = 60_000
"""A pause that passes by itself is nobody's business for so long."""
LATE_MS = 60_000


# How grave each problem of `leadcore.texts` is, the worst first.
SEVERITIES: Mapping[str, str] = {
    "redis_away": BAD,
    "redis_disk": BAD,
    "redis_replica": BAD,
    "no_workers": BAD,
    "paused": BAD,
    "redis_full": BAD,
    "redis_evicts": BAD,
    "disk_unusable": BAD,
    "refused": WARN,
    "late": WARN,
    "messages_paused": WARN,
    "orders_paused": WARN,
    "payments_paused": WARN,
    "notes_paused": WARN,
    "required": WARN,
    "parked": WARN,
    "hooks_away": WARN,
    "notices_away": WARN,
    "stages_wait": WARN,
    "stages_held": WARN,
    "spooled": WARN,
    "foreign": WARN,
    "dry_run": CALM,
    "partly_dry": WARN,
    "held": CALM,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`code`: one of `SEVERITIES`; `n`: how many leads, posts or seconds; `why`: a reason for people; `passes`: it is
    no more than a moment's delay, so a warning whatever the description says; `kept`: the name of a `lines.Kept` and
    how many, of all that `n` counts."""

    code: str
    n: int = 0
    why: str = ""
    passes: bool = False
    kept: tuple[tuple[str, int], ...] = ()

    @property
    def severity(self) -> str:
        return WARN if self.passes else SEVERITIES[self.code]

    @property
    def text(self) -> str:
        what = list_kept(self.kept, en.KEPT, en.AND)
        return choose_form(en.PROBLEMS[self.code], self.n).format(n=f"{self.n:,}", why=self.why, what=what)

    @property
    def fix(self) -> str:
        return en.REMEDIES[self.code].format(n=f"{self.n:,}", why=self.why).strip()

    def __str__(self) -> str:
        return f"{self.text}. {self.fix.rstrip('.')}."

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "severity": self.severity, "text": self.text, "fix": self.fix}


def list_kept(kept: Sequence[tuple[str, int]], texts: Mapping[str, str], last: str) -> str:
    """How many of what waits for a person, as in `Problem.kept`, in the words `texts`; `last`: between the last two."""
    *others, final = (choose_form(texts[name], n).format(n=f"{n:,}") for name, n in kept) if kept else [""]
    return last.join(filter(None, [", ".join(others), final]))


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
    order = list(SEVERITIES)
    return sorted(found, key=lambda one: order.index(one.code))


def _assess_line(status: "Status") -> list[Problem]:
    waited_ms = status.now_ms - (status.oldest_ms or status.now_ms)
    stands_still = not status.workers or bool(status.pause)
    required, stages = list_names(status.required), status.stages
    problems = {
        # Nor can a worker say then that it is alive.
        Problem("redis_disk"): status.redis.disk_fails,
        Problem("redis_replica"): status.redis.is_replica,
        Problem("no_workers"): not status.workers and status.redis.takes_writes,
        Problem("redis_full", round(status.redis.part * 100)): status.redis.is_full(status.waiting),
        Problem("redis_evicts", why=status.redis.policy): status.redis.evicts,
        _describe_pause(status.pause, status.now_ms): bool(status.pause),
        Problem("refused", status.refused_today): bool(status.refused_today),
        Problem("late", waited_ms // 1000): waited_ms > LATE_MS and not stands_still,
        Problem("messages_paused", why=_explain(status.messages_pause)): bool(status.messages_pause)
        and bool(status.messages_waiting),
        Problem("orders_paused", why=_explain(status.orders_pause)): bool(status.orders_pause)
        and bool(status.orders_waiting),
        Problem("payments_paused", why=_explain(status.payments_pause)): bool(status.payments_pause)
        and bool(status.payments_waiting),
        Problem("notes_paused", why=_explain(status.notes_pause)): bool(status.notes_pause)
        and bool(status.notes_waiting),
        Problem("required", len(required), ", ".join(required)): bool(status.required),
        Problem("parked", status.need_person, kept=status.kept_for_person): bool(status.need_person),
        **{Problem(f"{line}_away", away): bool(away) for line, away in _count_away(status)},
        Problem("stages_wait", why=stages.reason if stages else ""): _is_stopped(stages, status.now_ms),
        Problem("stages_held", stages.held if stages else 0): bool(stages and stages.held),
        Problem(name_dry_run(status.workers, status.dry_workers)): status.dry_run,
        Problem("held", status.held): bool(status.held) and not status.dry_run,
    }
    return [problem for problem, is_so in problems.items() if is_so]


def _count_away(status: "Status") -> list[tuple[str, int]]:
    """By line, how many addresses outside take nothing, and not only for a moment."""
    return [
        (line, sum(one.is_away(status.now_ms, SHORT_PAUSE_MS) for one in endpoints))
        for line, endpoints in status.endpoints.items()
    ]


def _is_stopped(stages: "StageStatus | None", now_ms: int) -> bool:
    """While leads wait too, that is said of them."""
    if stages is None:
        return False
    lasts = now_ms - stages.since_ms >= SHORT_PAUSE_MS
    return bool(stages.code) and stages.code != "paused" and (stages.code in NEED_PERSON or lasts)


def _describe_pause(pause: Mapping[str, Any], now_ms: int) -> Problem:
    is_short = now_ms - pause.get("since_ms", 0) < SHORT_PAUSE_MS
    return Problem("paused", why=_explain(pause), passes=is_short and pause.get("code") not in NEED_PERSON)


def _explain(pause: Mapping[str, Any]) -> str:
    """Why a line is paused, and what to do."""
    return " ".join(filter(None, (pause.get("reason", ""), en.ADVICE.get(pause.get("code", ""), ""))))


def name_dry_run(workers: int, dry_workers: int) -> str:
    """The code of the dry run of `dry_workers` among `workers`."""
    return "partly_dry" if dry_workers < workers else "dry_run"


def is_bad(problems: list[Problem]) -> bool:
    """Whether leads do not get through, or would be lost."""
    return any(one.severity == BAD for one in problems)


def find_flaws(receipt: Receipt) -> list[tuple[str, str]]:
    """What keeps a written lead, or a message by itself, from being a plain success: ("without", property) for each
    value that did not get into HubSpot, ("message", "failed" or "interrupted"), ("order" or, of news of one by itself,
    "payment", "parked") and ("note", "parked")."""
    if receipt.state and receipt.state not in WRITTEN:
        return []
    missing = dict.fromkeys(note.property for note in receipt.notes if note.what == "dropped")
    message = receipt.message.partition(":")[0]
    return [
        *(("without", name) for name in missing),
        *([("message", message)] if message in UNSENT_STATES else []),
        *([("order" if receipt.state else "payment", PARKED)] if receipt.order.startswith(PARKED) else []),
        *([("note", PARKED)] if receipt.note.startswith(PARKED) else []),
    ]
