"""One simulated deployment, web processes and workers, and what happens to it by the seed."""

import json
import os
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from bench.chaos.expected import Merge, Post
from bench.chaos.script import Lead, make_leads
from bench.chaos.stage import SECRET
from bench.simulation import disasters, leftovers, parties, redis_link, stages, stand_ins
from bench.simulation.disasters import Replica, WallClocks
from bench.simulation.environment import KEY, make_environ
from bench.simulation.losses import Loss
from bench.simulation.machine import BEGAN, SimulatedMachine
from bench.simulation.redis_link import Weather
from bench.simulation.scheduler import Process, Scheduler
from bench.simulation.shrinking import Limits
from bench.simulation.standing import Standing, computed_once
from bench.simulation.strikes import Strike, Strikes
from bench.simulation.wire import Wire
from leadcore import journal
from leadcore.settings import read_receiver
from leadcore.store import keys
from leadcore.store.bell import Bell
from leadcore.store.orders import read_order
from leadcore.store.outage import Outage
from receiver.intake.errors import NotStored
from receiver.intake.feeder import Feeder
from receiver.intake.reply import Replies
from receiver.intake.spool import Spool
from receiver.intake.view import Intake, SecretCheck
from sandbox.hubspot.records import Record
from workers import bootstrap
from workers.hooks import client as hook_client
from workers.hooks import delivery as hook_delivery
from workers.hubspot.order_setup import setup_orders
from workers.hubspot.setup import setup
from workers.maintenance import Maintenance
from workers.notices import delivery as notice_delivery
from workers.notices import service
from workers.rules.customer import unpack
from workers.rules.orders.property_names import ORDER_ID
from workers.settings import read_worker

LEADS, SECONDS, CALM_BEFORE, CALM_SECONDS = 20, 10.0, (0.0, 1.5, 1.5), 4.0
# Of a Redis that loses all within these, a receiver remembers the first lead.
REMEMBERED_SECONDS = 6.0
# Customers whose contacts were merged say something this often.
HURRIED_SECONDS = 0.6
WEBS, WORKERS, SHARDS = 2, 3, (2, 5)
# By then everything has to be over, in seconds of the simulation and in turns.
END_SECONDS, END_TURNS = 600.0, 1_000_000
# Threads that look again every second do so less often then: mostly there is nothing to see.
CALM_PACE = 3.0
# How long orders are paid or moved, and how long workers may need to hear of it.
ENDING_SECONDS, HEARD_SECONDS = 2.0, 7.0
ENDINGS = ("", "payments", "payments", "moves")
MESSAGES_ASKED = 4


class World:
    """The deployment of one `seed`. `wire`: to a real Redis, which is emptied; `folder`: an empty one, for the disk;
    `standing`: the stand-ins, where HubSpot's properties are those of after a release."""

    def __init__(self, seed: int, wire: Wire, folder: Path, standing: Standing, limits: Limits) -> None:
        self.dice = random.Random(f"world {seed}")  # noqa: S311 - a simulation, guards nothing
        self.seed, self.wire, self.folder, self.limits = seed, wire, folder, limits
        self.story: list[str] = []
        wire.begin()
        self.scheduler = Scheduler(seed, wire.advance)
        self.hooked, self.noticed = self.dice.random() < 0.5, self.dice.random() < 0.5
        # What happens once no cart changes any more.
        self.ending = self.dice.choice(ENDINGS) if seed else "moves"
        self.disaster = self.dice.choice(("", "", "", *disasters.KINDS))
        if self.disaster:
            self.hooked = self.noticed = False
            self.ending = ""
        self.shards = self.dice.choice(SHARDS)
        self.clocks = WallClocks()
        if self.dice.random() < 0.5:
            self.clocks.differ(self.dice)
        texts = stages.CONFIG if self.ending == "moves" else ""
        environ = make_environ(folder, texts, self.shards, hooked=self.hooked, noticed=self.noticed)
        self.receiver_settings, self.worker_settings = read_receiver(environ), read_worker(environ)
        standing.begin(seed)
        self.portal, self.chats = standing.portal, standing.chats
        self.hubspot, self.dealdroid = standing.hubspot, standing.dealdroid
        self.moves = stages.Moves(self.portal)
        # Where Redis loses the locks nothing holds a newer word back until a slow call has landed.
        kinds = (*stand_ins.HUBSPOT_KINDS, *(() if self.disaster else ("slow",)))
        self.to_hubspot = stand_ins.Traffic(self.scheduler, self.dice, kinds)
        self.to_dealdroid = stand_ins.Traffic(self.scheduler, self.dice, stand_ins.DEALDROID_KINDS)
        self.to_hooks = stand_ins.Traffic(self.scheduler, self.dice, parties.HOOK_KINDS)
        self.to_team = stand_ins.Traffic(self.scheduler, self.dice, parties.NOTICE_KINDS)
        self.hooks, self.team, self.shop = parties.HookPool(self.to_hooks), parties.Team(self.to_team), parties.Shop()
        self.weather = Weather()
        self.strikes = Strikes(self.dice, self._later)
        self.merges: list[Merge] = []
        self.jobs: deque[tuple[str, int]] = deque()
        self.webs: dict[Process, Intake] = {}
        self.workers: list[Process] = []
        self.posts: list[Post] = []
        self.posting = 0
        self.cut_off: set[bytes] = set()
        self.loss = Loss(KEY.encode())
        self.kills: Counter[str] = Counter()
        self.left, self.recovery, self.is_ending, self.is_over = -1, 0.0, False, False
        # Customers who say soon what they have to say.
        self.hurried: set[str] = set()
        # Those who have said all.
        self.silent: set[str] = set()
        self._outside = Process("outside")
        self.client = redis_link.connect(redis_link.Window(wire, self.scheduler, self._outside, self.weather))
        self.pauses = stand_ins.Pauses(self.client, self.weather, lambda: wire.now_ms)
        self._journals: dict[Process, list[Any]] = {}
        self._started = 0

    def run(self) -> None:
        """Go through all of it. Raises `bench.simulation.scheduler.Stuck`."""
        with self._replaced():
            self.scheduler.start(self._outside, "storm", self._storm)
            self.scheduler.on_turn = self._strike
            try:
                self.scheduler.run(lambda: self.is_over, seconds=END_SECONDS, turns=END_TURNS)
            finally:
                self.scheduler.on_turn = lambda: None
                self.scheduler.unwind([self._outside, *self.webs, *self.workers])
                for process in list(self._journals):
                    self._close_files(process)

    @contextmanager
    def _replaced(self) -> Iterator[None]:
        """What the code takes for the world is this one."""
        with ExitStack() as stack:
            stack.enter_context(computed_once())
            stack.enter_context(stages.shortened())
            stack.enter_context(stand_ins.timed(self.scheduler))
            for target, name, act in (
                (bootstrap, "connect", lambda *_, **__: self._connect()),
                (Bell, "ring", lambda _, line, shard: self._ring(line, shard)),
                (Bell, "waits", lambda _: bool(self.jobs)),
                (journal, "_shared_folder", lambda: self.folder / "journal"),
                (hook_client, "_open_pool", lambda *_: self.hooks),
                (service, "find_fault", lambda _: ""),
                (service, "send", self.team.send),
            ):
                stack.enter_context(mock.patch.object(target, name, act))
            yield

    def _connect(self) -> Any:
        process = self.scheduler.current().process
        return redis_link.connect(redis_link.Link(self.wire, self.scheduler, process, self.weather))

    def _ring(self, line: str, shard: int) -> None:
        """RQ's queue is a list, but as easily out of reach as Redis is."""
        self.scheduler.pause()
        if self.weather.away:
            raise ConnectionError("Redis is away")
        self.jobs.append((line, shard))

    def _storm(self) -> None:
        """The storm, then calm until nothing is left."""
        redis_link.let_age(self.client)
        for _ in range(WEBS):
            self._start_web()
        for _ in range(WORKERS):
            self._start_worker()
        began = self.scheduler.now
        leads: dict[str, list[Lead]] = {}
        for lead in make_leads(self.seed, LEADS, SECONDS)[: self.limits.leads]:
            leads.setdefault(lead.customer_id, []).append(lead)
        self.posting = len(leads)
        for customer, theirs in leads.items():
            self.scheduler.start(self._outside, customer, lambda theirs=theirs: self._post_all(theirs, began))  # type: ignore[misc]
        for each in range(0 if self.disaster else self.dice.choice((0, 1, 2))):
            self.posting += 1
            numbers = range(each * MESSAGES_ASKED, (each + 1) * MESSAGES_ASKED)
            customer = f"chaos-{self.seed}-{each}"
            self.scheduler.start(self._outside, "shop", partial(self._ask, customer, numbers))
        # Who dies before the first lead keeps the others from it for as long as a lock holds.
        self._pass(self.dice.choice(CALM_BEFORE))
        self._rage()
        self._strike_later()
        self.scheduler.wait(None, began + SECONDS + self.dice.choice((0.0, 2.0, 4.0)))
        if self.ending:
            self._settle_down(0.0)
            while self.ending == "moves" and not self.moves.has_begun(self.client):
                self._pass(1.0)
            self.is_ending = True
            self._rage()
            self._end_orders(self._pay if self.ending == "payments" else self._move)
        self._settle_down(CALM_SECONDS)
        self.is_over = True

    def _settle_down(self, seconds: float) -> None:
        """Calm, until nothing has been left for so many `seconds`."""
        self._calm_down()
        began = empty_at = self.scheduler.now
        while self.scheduler.now <= empty_at + seconds:
            self.scheduler.wait(None, self.scheduler.now + 1.0)
            spools = [intake._feeder.spool for intake in self.webs.values()]
            self.left = leftovers.count_left(self.client, self.shards, spools, self.worker_settings)
            self.left += self.moves.count_waiting(self.client)
            everybody = [*self.webs, *self.workers]
            frozen = any(one.frozen_until > self.scheduler.now for one in everybody)
            if self.left or self.posting or frozen or len(everybody) < WEBS + WORKERS:
                empty_at = self.scheduler.now
        self.recovery = empty_at - began

    def _ask(self, customer: str, numbers: Sequence[int]) -> None:
        """The shop's own system sends messages to a customer, one after the other."""
        connection = self._connect()
        for number in numbers:
            self._pass(self.dice.uniform(0.0, SECONDS / len(numbers)))
            self.shop.ask(connection, self.shards, customer, number, self._pass)
        self.posting -= 1

    def _end_orders(self, end: Callable[[Record], None]) -> None:
        """Some orders are paid or moved, in another storm."""
        tasks = []
        for order in list(self.portal.tables["orders"].records.values()):
            if self.dice.random() < 0.7:
                tasks.append(self.scheduler.start(self._outside, "shop", partial(end, order)))
        self.scheduler.wait(lambda: all(task.ended for task in tasks), None)
        self._pass(HEARD_SECONDS)

    def _pay(self, order: Record) -> None:
        reference = order.properties[ORDER_ID]
        if units := read_order(self.client, reference).units:
            self._pass(self.dice.uniform(0.0, ENDING_SECONDS))
            self._later(0.0, lambda: self.shop.open_pages(self._connect(), reference, units, self._pass))
            self.shop.pay(self._connect(), self.shards, reference, units, self._pass)

    def _move(self, order: Record) -> None:
        self._pass(self.dice.uniform(0.0, ENDING_SECONDS))
        self.moves.make(order)
        self._tell(f"order {order.properties[ORDER_ID]} is moved")

    def _pass(self, seconds: float) -> None:
        self.scheduler.wait(None, self.scheduler.now + seconds)

    def set_up(self) -> None:
        """Put the properties into HubSpot, as a release does."""
        with self._replaced():
            task = self.scheduler.start(self._outside, "setup", self._set_up)
            self.scheduler.run(lambda: task.ended, seconds=END_SECONDS, turns=END_TURNS)

    def _set_up(self) -> None:
        runtime = bootstrap.build(self.worker_settings, self._machine(self._outside))
        self._use_stand_ins(runtime)
        setup(runtime.sync.hubspot)
        if orders := self.worker_settings.shared.config.orders:
            setup_orders(runtime.sync.hubspot, orders, prove=False)

    def _rage(self) -> None:
        self.scheduler.pace = 1.0
        self.to_hubspot.share = self.dice.choice((0.0, 0.05, 0.3))
        self.to_dealdroid.share = self.dice.choice((0.0, 0.2, 0.6, 0.9))
        self.to_hubspot.latency = self.dice.choice(stand_ins.LATENCIES)
        # In the second storm there are fewer commands.
        lost = 0.04 if self.is_ending else 0.008
        self.weather.lost, self.weather.unanswered = (self.dice.choice((0.0, 0.0, lost)) for _ in range(2))
        self.weather.late = self.dice.choice((0.0, 0.0, 0.02, 0.1))
        self.strikes.draw()
        self.to_hooks.share = self.to_team.share = self.dice.choice((0.0, 0.3))
        self.limits.apply(self)
        self.strikes.begin(ENDING_SECONDS if self.is_ending else SECONDS)

    def _strike_later(self) -> None:
        """What happens at moments of its own."""
        self.portal.settings = msgspec.structs.replace(
            self.portal.settings, merged_writes=self.dice.choice(("routed", "refused"))
        )
        for _ in range(self.dice.choice((0, 1, 3))):
            self._later(self.dice.uniform(1.0, SECONDS), self._merge)
        if self.disaster:
            lose = partial(self.loss.happen, self.client, self.shards)
            replica = Replica(self.wire, self.weather, lambda: self.scheduler.now, self._tell, self._later, lose)
            replica.strike(self.disaster, self.dice.uniform(1.0, REMEMBERED_SECONDS), self.dice)
        if self.clocks.ahead:
            self._later(self.dice.uniform(0.0, SECONDS), lambda: self.clocks.jump(self.dice))
        for _ in range(self.dice.choice((0, 1, 3))):
            self._later(self.dice.uniform(0.0, SECONDS), self.to_hubspot.brown_out)
        # What a slow answer says may be older than what Redis has lost.
        if not self.disaster and self.dice.random() < 0.2:
            self._later(self.dice.uniform(0.0, SECONDS), self.to_hubspot.slow_down)

    def _merge(self) -> None:
        """A salesperson merges two contacts of which the workers know; of others they may not know yet that they made
        them."""
        table = self.portal.contacts
        index = table.index.get("dealdroid_customer_id", {})
        names = [keys.customer(keys.digest(KEY.encode(), one)) for one in index]
        records = self.client.mget(names) if names else []
        known = sorted(one for one, raw in zip(index, records, strict=True) if unpack(raw).known)
        if len(known) > 1:
            speaking = [one for one in known if one not in self.silent]
            primary, other = self.dice.sample(speaking if len(speaking) > 1 and self.dice.random() < 0.7 else known, 2)
            self.portal.merge(*(table.records[index[one]] for one in (primary, other)))
            self.merges.append(Merge(BEGAN + self.scheduler.now, primary, other))
            self._tell(f"{other} is merged into {primary}")
            self.hurried.update((primary, other))

    def _calm_down(self) -> None:
        self.to_hubspot.share = self.to_dealdroid.share = self.to_hooks.share = self.to_team.share = 0.0
        self.weather.lost = self.weather.unanswered = self.weather.late = 0.0
        self.strikes.end()
        self.weather.away = False
        self.scheduler.pace = CALM_PACE

    def _machine(self, process: Process) -> SimulatedMachine:
        kind = process.name.split()[0]
        return SimulatedMachine(self.scheduler, process, f"{self.seed} {process.name}", lambda: self.clocks.read(kind))

    def _start_web(self) -> None:
        process = self._process("web")
        self.scheduler.start(process, process.name, lambda: self._be_web(process))

    def _process(self, kind: str) -> Process:
        self._started += 1
        return Process(f"{kind} {self._started}", self.scheduler.now)

    def _be_web(self, process: Process) -> None:
        machine, settings = self._machine(process), self.receiver_settings
        connection = self._connect()
        spool = Spool(self.folder / "spool", machine, "simulation")
        feeder = Feeder(connection, spool, settings.shared, machine)
        self._journals[process] = [feeder.recent.journal, spool]
        feeder.start()
        if self.disaster or self.clocks.ahead:
            # Before it knows Redis' clock and which data it holds, an event is as safe as this process.
            self.scheduler.wait(lambda: bool(feeder.remembered), None)
        replies = Replies(settings.shared.config, b"", machine)
        self.webs[process] = Intake(SecretCheck(settings.secrets), feeder, replies, 0)

    def _start_worker(self) -> None:
        process = self._process("worker")
        self.workers.append(process)
        self.scheduler.start(process, process.name, lambda: self._be_worker(process))

    def _be_worker(self, process: Process) -> None:
        machine, settings = self._machine(process), self.worker_settings
        runtime = bootstrap.build(settings, machine)
        self._use_stand_ins(runtime)
        self._journals[process] = [runtime.sent_log._journal]
        maintenance = Maintenance(
            self._connect(),
            process.name,
            settings.shared.config.inbox,
            runtime.leases,
            runtime.sent_log,
            runtime.tally,
            machine,
            Outage("simulation", "", machine),
            lambda: None,
        )
        maintenance.start()
        if self.hooked:
            hook_delivery.build(self._connect(), settings, machine).start()
        if runtime.stages:
            runtime.stages.start()
        if self.noticed:
            notice_delivery.build(self._connect(), settings, machine).start()
        while True:
            self.scheduler.wait(lambda: bool(self.jobs) and not self.weather.away, None)
            if self.jobs:
                line, shard = self.jobs.popleft()
                with suppress(Exception):  # as the job does; the next sweep rings
                    runtime.drains[line](shard)

    def _use_stand_ins(self, runtime: bootstrap.Runtime) -> None:
        pool = stand_ins.HubSpotPool(self.hubspot, self.to_hubspot, self.pauses)
        stand_ins.use(runtime, pool, stand_ins.DealDroidAdapter(self.dealdroid, self.to_dealdroid))

    def _post_all(self, leads: list[Lead], began: float) -> None:
        """DealDroid: posts one customer's leads one after the other, and never again."""
        customer = leads[0].customer_id
        for lead in leads:
            at = max(self.scheduler.now, began + lead.at)
            self.scheduler.wait(lambda: customer in self.hurried, at)
            if customer in self.hurried:
                self._pass(self.dice.uniform(0.0, HURRIED_SECONDS))
            self.posts.append(self._post(lead))
        self.silent.add(customer)
        self.posting -= 1

    def _post(self, lead: Lead) -> Post:
        post = Post(lead, "refused", BEGAN + self.scheduler.now, BEGAN + self.scheduler.now)
        if not self.webs:
            return post
        process = self.dice.choice(list(self.webs))
        intake = self.webs[process]
        body = json.dumps({**lead.body, "secret": SECRET}).encode()
        statuses: list[int] = []

        def handle() -> None:
            try:
                intake.accept(body, {})
            except NotStored:
                statuses.append(503)
            else:
                statuses.append(200)

        task = self.scheduler.start(process, f"{process.name} post", handle)
        self.scheduler.wait(lambda: task.ended, None)
        status = statuses[0] if statuses else 0
        answer: Any = "acknowledged" if status == 200 else "unanswered"
        self._tell(f"{lead.customer_id} posts lead {lead.number} to {process.name}: {answer}")
        return replace(post, answer=answer, ended=BEGAN + self.scheduler.now, status=status)

    def _strike(self) -> None:
        """Between any two turns the process that had the last one may die or stand still, so that it mostly strikes who
        is at work, or Redis may go away for a while."""
        for strike in self.strikes.due[:]:
            strike.turns -= 1
            if strike.turns < 0 and self._hit(strike, self.scheduler.last):
                self.strikes.due.remove(strike)

    def _hit(self, strike: Strike, process: Process | None) -> bool:
        """Whether it was possible."""
        if strike.kind == "Redis away":
            return self._take_away()
        if process is None or (process not in self.webs and process not in self.workers):
            return False
        if strike.kind == "freezes":
            return self._freeze(process)
        # What a receiver kept for data that are lost, the next one leaves to a person.
        is_heir = self.disaster == "loss" and process in self.webs
        asked = (self.to_hubspot, self.to_dealdroid, self.to_hooks, self.to_team)
        if is_heir or (strike.after_answer and not any(traffic.has_just_answered(process) for traffic in asked)):
            return False
        self._kill(process)
        return True

    def _take_away(self) -> bool:
        if self.weather.away:
            return False
        self.weather.away = True
        self.kills["Redis away"] += 1
        self._tell("Redis goes away")
        self._later(self.dice.uniform(0.0, 4.0), lambda: setattr(self.weather, "away", False))
        return True

    def _freeze(self, process: Process) -> bool:
        """What a worker has sent arrives in time: no lease closes that hole, see docs/architecture.md."""
        if self.to_hubspot.under_way[process] or self.to_dealdroid.under_way[process]:
            return False
        self._note_cut_off()
        process.freeze(self.scheduler.now, self.dice.uniform(*self.dice.choice(((0.2, 3.0), (5.0, 15.0)))))
        self.kills["frozen"] += 1
        self._tell(f"{process.name} stands still for {process.frozen_until - self.scheduler.now:.1f} s")
        return True

    def _kill(self, process: Process) -> None:
        self._tell(f"{process.name} is killed at {self.scheduler.last_task}")
        self.scheduler.kill(process)
        self._close_files(process)
        start = self._start_worker if process in self.workers else self._start_web
        self.kills[process.name.split()[0]] += 1
        if process in self.workers:
            self.workers.remove(process)
            self._note_cut_off()
        else:
            del self.webs[process]
        self._later(self.dice.uniform(0.0, 2.0), start)

    def _note_cut_off(self) -> None:
        """Messages that are being sent may end as interrupted."""
        for shard in range(self.shards):
            self.cut_off.update(self.client.hkeys(keys.sending(keys.OUTBOX, shard)))

    def _tell(self, what: str) -> None:
        self.story.append(f"{self.scheduler.now:7.2f} s  {what}")

    def _later(self, seconds: float, act: Any) -> None:
        def wait() -> None:
            self.scheduler.wait(None, self.scheduler.now + seconds)
            act()

        self.scheduler.start(self._outside, "later", wait)

    def _close_files(self, process: Process) -> None:
        """As the system does with those of a dead process: its locks are free, its journal can be inherited."""
        for one in self._journals.pop(process, []):
            if isinstance(one, Spool):
                one.close()
                continue
            for file, _ in one._pages:
                os.close(file)
            one._pages.clear()
