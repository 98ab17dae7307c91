"""The page of the first hour: what to paste into DealDroid, and what is done and what is not yet. It stands in place of
the overview until DealDroid's first post."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, g, redirect, url_for
from flask.typing import ResponseReturnValue

from leadcore.settings import ReceiverSettings
from leadcore.store.connection import Redis
from leadcore.store.leads import read_receipts
from leadcore.store.portal_links import read_portal_links
from leadcore.store.status import Status, read_status
from leadcore.store.survey import Survey, ask_survey, read_survey
from leadcore.store.trial_leads import read_test_leads
from leadcore.verdict import Problem
from receiver.intake.errors import NotStored
from receiver.intake.view import PATH

DONE, TODO, UNKNOWN = "done", "todo", "unknown"
# Problems that the page names itself, or that every page does; any other is said on the overview.
TICKED = frozenset({"no_workers", "refused", "dry_run", "partly_dry", "held"})
LIST_PROPERTIES = "crm.schemas.contacts.read"


@dataclass(frozen=True, slots=True)
class Tick:
    """One thing that has to be so. `text`: the key of what is said, after "setup."; `values`: for it."""

    name: str
    state: str
    text: str
    values: dict[str, Any] = field(default_factory=dict)


def is_first_run(status: Status, problems: Sequence[Problem]) -> bool:
    """Whether DealDroid has never posted and nothing is wrong that only the overview says."""
    return status.last_post_ms is None and all(one.code in TICKED for one in problems)


def list_ticks(status: Status, survey: Survey | None, *, has_secret: bool) -> list[Tick]:
    """Pure: what is done and what is not yet, in the order in which one does it."""
    return [
        Tick("secret", DONE, "secret.done") if has_secret else Tick("secret", TODO, "secret.todo"),
        Tick("worker", DONE, "worker.done", {"n": status.workers})
        if status.workers
        else Tick("worker", TODO, "worker.todo"),
        *_list_portal_ticks(survey, "asking" if status.workers else "no_worker"),
    ]


def _list_portal_ticks(survey: Survey | None, unknown: str) -> list[Tick]:
    if survey is None or survey.code:
        rest = [Tick(name, UNKNOWN, unknown if survey is None else "token_first") for name in ("scopes", "properties")]
        return [Tick("token", UNKNOWN, unknown) if survey is None else Tick("token", TODO, "token.todo"), *rest]
    kind = survey.token.replace(" ", "_") or "unknown_kind"
    scopes, names = ", ".join(survey.scopes), ", ".join(survey.properties)
    if LIST_PROPERTIES in survey.scopes:
        properties = Tick("properties", UNKNOWN, "scopes_first")
    elif names:
        properties = Tick("properties", TODO, "properties.todo", {"names": names})
    else:
        properties = Tick("properties", DONE, "properties.done")
    return [
        Tick("token", DONE, f"token.{kind}"),
        Tick("scopes", TODO, "scopes.todo", {"names": scopes}) if scopes else Tick("scopes", DONE, "scopes.done"),
        properties,
    ]


class SetupPage:
    """Renders the page. `render`: as `receiver.console.views` renders its pages."""

    def __init__(self, redis: Redis, settings: ReceiverSettings, render: Callable[..., tuple[str, int]]) -> None:
        self.redis, self.settings, self.render = redis, settings, render

    def show(self, status: Status) -> ResponseReturnValue:
        """The page as things are now; lets a worker look at the portal again where that is not known or not well.
        Raises redis-py's errors."""
        survey = read_survey(self.redis)
        ask_survey(self.redis, survey, status.now_ms)
        test = next(iter(read_receipts(self.redis, read_test_leads(self.redis)[:1])), None)
        return self.render(
            "setup.html",
            # Never of what a client said: the host of a request is anybody's word.
            url=self.settings.public_url + PATH,
            is_whole_url=bool(self.settings.public_url),
            ticks=list_ticks(status, survey, has_secret=bool(self.settings.secrets)),
            survey=survey,
            status=status,
            test=test,
            link=read_portal_links(self.redis).contact(test.contact_id) if test else "",
            now_ms=status.now_ms,
        )


def add_setup_pages(pages: Blueprint, page: SetupPage, send_test: Callable[[], str]) -> None:
    """The page, and the button on it. `send_test`: see `receiver.intake.view.Intake`."""
    shared = page.settings.shared

    @pages.get("/setup")
    def setup() -> ResponseReturnValue:
        return page.show(read_status(page.redis, shared.config.inbox.shards, shared.timezone))

    @pages.post("/setup/test")
    def setup_test() -> ResponseReturnValue:
        try:
            send_test()
        except NotStored as error:
            return page.render(
                "error.html", 503, name="redis_away", more=g.translator.text("away.refused", why=str(error))
            )
        return redirect(url_for("console.setup"), 303)
