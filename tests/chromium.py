"""A real Chromium for the tests of pages."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import JavascriptException
from selenium.webdriver.chrome.service import Service

from tests.conftest import ROOT

NARROW, PHONE, DESKTOP = 320, 360, 1280
# The package is the kept one that carries a current axe-core; nothing else of it is used.
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
# WCAG 2.2 AA in full, with its rules that axe-core has off by default, and its best practices.
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RUN_AXE = """
const [standard, done] = arguments;
axe.run(document, {runOnly: standard}).then(({violations}) => done(violations), (error) => done(String(error)))
"""


@contextmanager
def open_chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """Skips the test where there is none on this machine; `profile`: an empty folder."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.skip("needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", f"user-data-dir={profile}", "lang=en-GB"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(chromedriver))
    try:
        driver.set_script_timeout(20)
        yield driver
    finally:
        driver.quit()


def look(driver: webdriver.Chrome, width: int = DESKTOP, *, dark: bool = False) -> None:
    """Let the page be so wide, in pixels of CSS, and light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


SHOTS = ROOT / "test-output"


def shoot(driver: webdriver.Chrome, folder: str, name: str) -> None:
    """Keep a picture of the whole page, see `keep`."""
    if not SHOTS.is_dir():
        return
    width, height = driver.execute_script("return [innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    keep(base64.b64decode(shot["data"]), folder, name)


def keep(picture: bytes, folder: str, name: str) -> None:
    """Keep a picture in `test-output/`, for whoever made that folder."""
    if SHOTS.is_dir():
        (SHOTS / folder).mkdir(exist_ok=True)
        (SHOTS / folder / f"{name}.png").write_bytes(picture)


def find_barriers(driver: webdriver.Chrome) -> list[str]:
    """What axe-core finds on this page. Where the page refreshes itself under its eyes it looks once more."""
    try:
        found = _run_axe(driver)
    except JavascriptException:
        found = _run_axe(driver)
    assert isinstance(found, list), found
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def _run_axe(driver: webdriver.Chrome) -> object:
    if not driver.execute_script("return 'axe' in window"):
        driver.execute_script(AXE)
    return driver.execute_async_script(RUN_AXE, STANDARD)
