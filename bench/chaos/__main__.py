"""`python -m bench.chaos`: exit code 0 if every promise held, 1 if not, with the evidence in a folder it names."""

import argparse
import json
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench.chaos.report import judge, show
from bench.chaos.script import make_lags, make_leads, make_rollout, make_strikes
from bench.chaos.stage import Stage
from bench.chaos.storm import rage
from bench.revision import RevisionError, Tree, exit_on_signals, worktree

EVIDENCE = "evidence.json"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long it rages")
    parser.add_argument("--leads", type=int, default=10_000, help="how many are posted in that time")
    parser.add_argument("--seed", type=int, default=1)
    redis = parser.add_mutually_exclusive_group()
    redis.add_argument("--forgetful", action="store_true", help="a killed Redis forgets up to its last second")
    redis.add_argument(
        "--failover", action="store_true", help="a replica that is up to 5 s behind takes the place of a killed Redis"
    )
    parser.add_argument("--gusts", action="store_true", help="HubSpot fails in gusts, not all the time")
    parser.add_argument(
        "--upgrade", metavar="REV", help="on the way from that revision to this tree: one half first, the other, back"
    )
    given = parser.parse_args(arguments)
    exit_on_signals()
    with ExitStack() as stack:
        try:
            old = stack.enter_context(worktree(given.upgrade)) if given.upgrade else None
        except RevisionError as error:
            parser.error(str(error))
        return run(given, old)


def run(given: argparse.Namespace, old: Tree | None) -> int:
    folder = Path(tempfile.mkdtemp(prefix="leadsync-chaos-"))
    script = make_leads(given.seed, given.leads, given.seconds)
    strikes = make_strikes(given.seed, given.seconds, steady=not given.gusts)
    if given.failover:
        strikes = sorted([*strikes, *make_lags(given.seed, strikes)], key=lambda strike: strike.at)
    if old:
        print(f"Old is {old.name}, new is this tree.", file=sys.stderr, flush=True)
        strikes = sorted([*strikes, *make_rollout(given.seconds)], key=lambda strike: strike.at)
    with Stage(folder, forgetful=given.forgetful, fails_over=given.failover, old=old) as stage:
        found = rage(stage, script, strikes, given.seed, lambda line: print(line, file=sys.stderr, flush=True))
        rows = judge(found)
        forgotten = stage.forgotten_bytes
    print(show(rows))
    if given.forgetful:
        print(f"{'':<6}  Redis forgot {forgotten} bytes of its append-only file.")
    broken = [row for row in rows if row.broken]
    if not broken:
        shutil.rmtree(folder)
        return 0
    evidence = {"arguments": vars(given), "broken": {row.name: row.evidence for row in broken}, "strikes": strikes}
    evidence["strikes"] = [asdict(strike) for strike in strikes]
    (folder / EVIDENCE).write_text(json.dumps(evidence, ensure_ascii=False, indent=1, default=str))
    print(f"Broken: {', '.join(row.name for row in broken)}. Evidence and logs: {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
