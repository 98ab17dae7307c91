"""What the tests of pages find: barriers by WCAG 2.2 too, which are off by default in axe-core."""

from pathlib import Path

import pytest

from tests.chromium import AXE, find_barriers, look, open_chromium

PAGE = """<!doctype html><html lang="en"><title>t</title><meta name="viewport" content="width=device-width">
<main><h1>t</h1><p>{}</p></main></html>"""
TINY = '<button style="width:9px;height:9px;padding:0;border:0" aria-label="{0}"></button>'


@pytest.mark.processes
def test_axe_core_is_a_current_one_and_finds_what_wcag_2_2_asks_for(tmp_path: Path) -> None:
    assert tuple(map(int, AXE.split("axe v", 1)[1].split("\n", 1)[0].split("."))) >= (4, 12)
    pages = {
        "good": PAGE.format('<a href="#a">a link among words</a>'),
        "tiny": PAGE.format("".join(TINY.format(name) for name in "abc")),
    }
    (tmp_path / "profile").mkdir()
    with open_chromium(tmp_path / "profile") as driver:
        look(driver)
        found = {}
        for name, text in pages.items():
            (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
            driver.get((tmp_path / f"{name}.html").as_uri())
            found[name] = [one.partition(":")[0] for one in find_barriers(driver)]
    assert found == {"good": [], "tiny": ["target-size"]}
