"""What the processes that stay import: only what they use, see `leadsync.commands.processes.lean_imports`."""

import subprocess
import sys
from pathlib import Path

import pytest

from leadsync.commands.processes import UNUSED
from tests.conftest import ROOT

NOT_NEEDED = {"apprise", "babel", "prometheus_client", "promptpay_qr", "pycountry", "segno", "stripe", *UNUSED}
WEB = """
from leadsync.commands.processes import lean_imports
with lean_imports():
    from receiver import server
app = server.create_app()
assert app.test_client().get("/healthz").status_code == 200
"""
WORKER = """
from leadsync.commands.processes import lean_imports
with lean_imports():
    from workers.worker import run
"""


def imported(source: str, folder: Path, **environ: str) -> set[str]:
    """The top-level modules after `source` ran in a process of its own."""
    source += "\nimport sys\nprint(*{name.partition('.')[0] for name, module in sys.modules.items() if module})"
    own = {"DEALDROID_SECRET": "x" * 32, "HUBSPOT_ACCESS_TOKEN": "x", "SPOOL_DIR": str(folder), **environ}
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, env=own, capture_output=True, text=True, check=True, timeout=60
    )
    assert "Warning" not in done.stderr
    return set(done.stdout.split())


@pytest.mark.processes
def test_a_web_process_has_imported_nothing_that_is_not_configured(tmp_path: Path) -> None:
    found = imported(WEB, tmp_path)
    assert {"flask", "redis"} <= found
    assert not found & (NOT_NEEDED | {"requests", "hubspot", "phonenumbers"})


@pytest.mark.processes
def test_what_is_configured_is_there_before_the_first_request(tmp_path: Path) -> None:
    file = tmp_path / "leadsync.toml"
    file.write_text("[payment]\nprovider = 'stripe'\n")
    found = imported(
        WEB,
        tmp_path,
        LEADSYNC_CONFIG=str(file),
        LEADSYNC_KEY="k" * 32,
        PUBLIC_URL="https://shop.example.com",
        STRIPE_API_KEY="sk_test_1",
        STRIPE_WEBHOOK_SECRET="whsec_1",
    )
    assert "stripe" in found


@pytest.mark.processes
def test_a_worker_has_imported_nothing_that_only_the_web_process_or_an_option_needs(tmp_path: Path) -> None:
    found = imported(WORKER, tmp_path)
    assert {"hubspot", "phonenumbers", "rq"} <= found
    assert not found & (NOT_NEEDED | {"flask", "granian", "standardwebhooks"})
