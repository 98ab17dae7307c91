"""The figures that have a target, as one picture: each bar is how far its target is reached."""

from collections.abc import Iterator, Sequence
from html import escape

from bench.figure import Figure

WIDTH, ROW, TOP = 860, 26, 40
NAMES, BARS = 16, 400
# The line stands for "just so"; a bar that is twice as good is twice as long, and no bar is longer than the longest.
TARGET, LONGEST = 80, 240
_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
.group { font-weight: 600; }
.small { font-size: 12px; fill: #59636e; }
.right { text-anchor: end; }
.reached { fill: #1a7f37; }
.missed { fill: #bc4c00; }
.line { stroke: #59636e; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .small { fill: #9198a1; }
  .reached { fill: #3fb950; }
  .missed { fill: #f0883e; }
  .line { stroke: #9198a1; }
}
"""


def draw(figures: Sequence[Figure]) -> str:
    """An SVG, legible on light and on dark ground."""
    rows = list(_rows([figure for figure in figures if figure.target is not None]))
    height = TOP + ROW * len(rows) + 16
    body, at = [], TOP
    for row in rows:
        at += ROW
        body.append(_heading(row, at) if isinstance(row, str) else _bar(row, at))
    line = BARS + TARGET
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="Measured figures beside their targets">\n<style>{_STYLE}</style>\n'
        f'<text class="small" x="{line}" y="24" text-anchor="middle">target</text>\n'
        f'<text class="small" x="{line + 12}" y="{TOP}">better →</text>\n'
        f'<text class="small right" x="{WIDTH - 16}" y="24">measured (target)</text>\n'
        f'<line class="line" x1="{line}" x2="{line}" y1="32" y2="{height - 8}"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _rows(figures: Sequence[Figure]) -> Iterator[Figure | str]:
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            yield group
        yield figure


def _heading(text: str, at: int) -> str:
    return f'<text class="group" x="{NAMES}" y="{at}">{escape(text)}</text>'


def _bar(figure: Figure, at: int) -> str:
    kind = "reached" if figure.reached else "missed"
    length = max(3, round(min(LONGEST, TARGET * (figure.share or 0))))
    sign = "≥" if figure.bound == "at least" else "≤"
    values = f"{figure.shown()} ({sign} {figure.wanted().removeprefix(figure.bound).strip()})"
    return (
        f'<text x="{NAMES + 12}" y="{at}">{escape(figure.name)}</text>'
        f'<rect class="{kind}" x="{BARS}" y="{at - 11}" width="{length}" height="13" rx="2"/>'
        f'<text class="small right" x="{WIDTH - 16}" y="{at}">{escape(values)}</text>'
    )
