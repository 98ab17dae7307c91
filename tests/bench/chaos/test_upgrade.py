"""`make chaos` on the way from one revision to the next."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.chaos.expected import Post
from bench.chaos.poster import post_all
from bench.chaos.report import judge
from bench.chaos.script import make_leads, make_rollout
from bench.chaos.stage import SECRET, Stage
from bench.chaos.storm import do, look
from bench.revision import Tree, here
from tests.conftest import eventually

pytestmark = pytest.mark.processes

SAYING = """import os, sys
print("{name}", sys.argv[3], flush=True)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def named(name: str) -> Tree:
    """This tree, but its processes say `name` before they start."""
    commands = {process: ["-c", SAYING.format(name=name), *words] for process, words in here().commands.items()}
    return replace(here(), name=name, commands=commands)


def started(stage: Stage) -> list[str]:
    """What was started, log by log, each in its order."""
    lines = "".join((stage.folder / f"{name}.log").read_text() for name in ("setup", "web", "worker")).splitlines()
    return [line for line in lines if line.startswith(("old ", "new "))]


def test_either_half_is_upgraded_first_then_all_is_rolled_back_and_in_the_end_all_is_new() -> None:
    rollout = make_rollout(100)
    assert [strike.kind for strike in rollout] == ["old web, new workers", "new web, old workers", "all old", "all new"]
    assert sorted(strike.at for strike in rollout) == [strike.at for strike in rollout]
    assert 0 < rollout[0].at < rollout[-1].at < 100


def test_a_deployment_starts_what_is_new_and_loses_nothing(tmp_path: Path) -> None:
    leads = make_leads(1, 50, 0)
    posts: list[Post] = []
    with Stage(tmp_path, forgetful=False, old=named("old")) as stage:
        stage.new = named("new")
        for number, strike in enumerate([None, *make_rollout(0)]):
            if strike:
                do(stage, strike, 0.0)
            eventually(stage.ready, 60)
            posts += post_all(leads[number * 10 : number * 10 + 10], stage.ports["web"], SECRET, time.monotonic())
        eventually(lambda: stage.left() == 0, 60)
        found = look(stage, posts, 0.0, 0, {})
        assert started(stage) == [
            "old setup",
            *("old web", "new web", "old web", "new web"),
            *("old worker", "new worker", "old worker", "new worker"),
        ]
    assert [post.answer for post in posts] == ["acknowledged"] * 50
    assert [row.name for row in judge(found) if row.broken] == []
