"""Orders that a salesperson moves to a stage of which the customer is told, and what was promised then."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from bench.chaos.report import Row
from leadcore.store import keys
from leadcore.store.messages import Messages
from leadcore.store.stages import SINCE
from sandbox.hubspot.pipelines import pipelines_of
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import SALESPERSON
from workers.hubspot import search_quota
from workers.orders import stage_messages
from workers.orders import stages as poller
from workers.rules.orders import stages as rules
from workers.rules.orders.property_names import ORDER_ID

STAGE = "Shipped"
SAID = "It is on its way: "
CONFIG = "".join(f'[orders.messages.{one}]\n{STAGE} = "{SAID}{{{{ {ORDER_ID} }}}}"\n' for one in ("th", "en"))
# A minute of production, in a few seconds.
_SHORTER = (
    (poller, "POLL_MS", 2_000),
    (poller, "LOCK_MS", 10_000),
    (poller, "LONGEST_WAIT_SECONDS", 5.0),
    (rules, "STANDS_MS", 1_000),
    (stage_messages, "RETRY_MS", 1_000),
    (search_quota, "SEARCH_INTERVAL_SECONDS", 0.2),
)


@contextmanager
def shortened() -> Iterator[None]:
    """What waits for a minute waits for seconds."""
    with ExitStack() as stack:
        for module, name, value in _SHORTER:
            stack.enter_context(mock.patch.object(module, name, value))
        yield


def find_stage(portal: Portal, wanted: str) -> str:
    """The id of the stage of that label."""
    [pipeline] = pipelines_of(portal.settings, portal.tables["orders"].type)
    return next(id for id, label in pipeline.stages.items() if label == wanted)


@dataclass
class Moves:
    """The orders that were moved: their id, and the reference that is said."""

    portal: Portal
    moved: dict[str, str] = field(default_factory=dict)

    @property
    def stage(self) -> str:
        """The id of the stage."""
        return find_stage(self.portal, STAGE)

    def has_begun(self, client: Any) -> bool:
        """Whether somebody looks for moves; of those before nobody is told."""
        return bool(client.hexists(keys.STAGES, f"{SINCE}{self.stage}"))

    def make(self, record: Any) -> None:
        """Move the order."""
        plan = self.portal.tables["orders"].plan_change(record, {"hs_pipeline_stage": self.stage}, {})
        self.portal.commit(self.portal.tables["orders"].type, [plan], SALESPERSON)
        self.moved[str(record.id)] = record.properties[ORDER_ID]

    def count_waiting(self, client: Any) -> int:
        """Orders of which nothing was said yet."""
        if not self.moved:
            return 0
        messages, stage = Messages(client, 1), self.stage
        untold = [id for id in self.moved if messages.read(_name(id, stage)) is None]
        return len(untold) + int(client.zcard(keys.STAGES_DUE))

    def judge(self, client: Any, told: Sequence[tuple[str, str]]) -> list[Row]:
        """Who is to be told of a stage is told, and once. `told`: customer and text."""
        heard = Counter(text.removeprefix(SAID) for _, text in told if text.startswith(SAID))
        states: Mapping[str, str] = {
            reference: record.state if (record := Messages(client, 1).read(_name(id, self.stage))) else ""
            for id, reference in self.moved.items()
        }
        again = [{"order": one, "times": times} for one, times in heard.items() if times > 1 or one not in states]
        untold = [
            {"order": one, "state": state, "times": heard[one]}
            for one, state in states.items()
            if state not in ("sent", "interrupted") or (state == "sent" and not heard[one])
        ]
        return [
            Row("stages told twice", str(len(again)), bool(again), again),
            Row("stages untold", str(len(untold)), bool(untold), untold),
        ]


def _name(order: str, stage: str) -> str:
    return f"stage:{order}:{stage}"
