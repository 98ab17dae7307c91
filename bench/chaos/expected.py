"""Pure: which values a customer may end with, from what was posted and answered alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.chaos.script import CART, Lead

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


@dataclass(frozen=True, slots=True)
class Merge:
    """A salesperson merged the contacts of these two customers (and of who shared those); it was done `at` the latest,
    in seconds since 1970. The contact that is left has the values of the primary one's."""

    at: float
    primary: str
    other: str


def find_people(customers: Iterable[str], merges: Sequence[Merge]) -> dict[str, frozenset[str]]:
    """Customer -> all who share their contact, themselves too."""
    people = {one: frozenset({one}) for one in customers}
    for merge in merges:
        both = people.get(merge.primary, frozenset({merge.primary})) | people.get(merge.other, frozenset({merge.other}))
        people |= dict.fromkeys(both, both)
    return people


def may_be_lost(post: Post, merges: Sequence[Merge]) -> bool:
    """Whether the word may have gone with the values of a contact that was merged into another."""
    for number, merge in enumerate(merges):
        others = find_people([merge.other], merges[:number])[merge.other]
        if post.lead.customer_id in others and post.began <= merge.at + SKEW_SECONDS:
            return True
    return False


def allowed(posts: Sequence[Post], block: str, merges: Sequence[Merge] = ()) -> list[Mapping[str, str] | None]:
    """The values that `block` may have at the end, None for "never said", of one person's `posts`: the newest
    acknowledged word, or one whose place in the order nobody can know. An unanswered word is allowed, not demanded; so
    is one that a merge may have taken away, and to repeat that, or to say something older than it, is no news."""
    said = [post for post in posts if block in post.lead.says and post.answer != "refused"]
    first = find_first(said)
    lost = [post for post in said if may_be_lost(post, merges)]
    sure = [
        post
        for post in said
        if post.answer == "acknowledged"
        and not any(post is one or _is_no_news(post, first[post.lead.body["mid"]], one, block) for one in lost)
    ]
    values: list[Mapping[str, str] | None] = [
        post.lead.says[block]
        for post in said
        if not any(first[other.lead.body["mid"]] > post.until + SKEW_SECONDS for other in sure)
    ]
    if sure:
        return values
    if not any(post.answer == "acknowledged" for post in said):
        return [*values, None]
    # Where nobody gave a name, the last one is whatever tells people apart.
    return [*values, {name: "" for post in said for name in post.lead.says[block] if name != "lastname"}]


def find_first(posts: Sequence[Post]) -> dict[str, float]:
    """`mid` -> when the first of `posts` with it began; each customer's are in order. A body that comes twice is taken
    once, at any of its times."""
    return {post.lead.body["mid"]: post.began for post in reversed(posts)}


def _is_no_news(post: Post, first: float, lost: Post, block: str) -> bool:
    return post.lead.says[block] == lost.lead.says[block] or first <= lost.until + SKEW_SECONDS


def wrong(posts: Sequence[Post], properties: Mapping[str, str], merges: Sequence[Merge] = ()) -> list[str]:
    """The blocks in which one person's contact holds what it may not."""
    blocks = {block for post in posts for block in post.lead.says if post.answer != "refused"} - {CART}
    return sorted(block for block in blocks if not _holds(properties, allowed(posts, block, merges)))


def _holds(properties: Mapping[str, str], values: Sequence[Mapping[str, str] | None]) -> bool:
    return None in values or any(
        all(properties.get(name, "") == value for name, value in block.items()) for block in values if block
    )
