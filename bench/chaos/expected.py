"""Pure: which values a customer may end with, from what was posted and answered alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.chaos.script import Lead

# One machine has one clock, but a spooled event's time is corrected by an offset that was measured on a busy processor.
SKEW_SECONDS = 0.05
# How long after the poster gave up a web process that lives may still put the event.
LATE_SECONDS = 10.0

Answer = Literal["acknowledged", "unanswered", "refused"]


@dataclass(frozen=True, slots=True)
class Post:
    """One lead on its way. "acknowledged": a 2xx; "unanswered": it may have been taken; "refused": nobody listened, it
    was not. `began` and `ended` are seconds since 1970; `status` is the answer's, 0 without one."""

    lead: Lead
    answer: Answer
    began: float
    ended: float
    status: int = 0

    @property
    def until(self) -> float:
        """The latest moment at which it can have been taken."""
        return self.ended if self.answer == "acknowledged" else self.ended + LATE_SECONDS


def allowed(posts: Sequence[Post], block: str) -> list[Mapping[str, str] | None]:
    """The values that `block` may have at the end, None for "never said", of one customer's `posts`: the newest
    acknowledged word, or one whose place in the order nobody can know. An unanswered word is allowed, not demanded."""
    said = [post for post in posts if block in post.lead.says and post.answer != "refused"]
    sure = [post for post in said if post.answer == "acknowledged"]
    # A body that comes twice is taken once, at any of its times.
    first = {post.lead.body["mid"]: post.began for post in reversed(said)}
    values: list[Mapping[str, str] | None] = [
        post.lead.says[block]
        for post in said
        if not any(first[other.lead.body["mid"]] > post.until + SKEW_SECONDS for other in sure)
    ]
    return values if sure else [*values, None]


def wrong(posts: Sequence[Post], properties: Mapping[str, str]) -> list[str]:
    """The blocks in which one customer's contact holds what it may not."""
    blocks = {block for post in posts for block in post.lead.says if post.answer != "refused"}
    return sorted(block for block in blocks if not _holds(properties, allowed(posts, block)))


def _holds(properties: Mapping[str, str], values: Sequence[Mapping[str, str] | None]) -> bool:
    return None in values or any(
        all(properties.get(name, "") == value for name, value in block.items()) for block in values if block
    )
