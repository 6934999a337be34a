"""The sandbox's front page: what this is, what is armed, what came in last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from string import Template
from typing import Any

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>adrail sandbox</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #1a7f45; --bad: #b3261e; --odd: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --good: #6fd39b; --bad: #ff8a80; --odd: #e6b455; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0 0; max-width: 46rem; }
ul.cards { display: flex; flex-wrap: wrap; gap: .75rem; padding: 0; margin: 1.5rem 0 0; list-style: none; }
ul.cards li { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem 1rem; min-width: 8rem; }
ul.cards b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
div.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding: .5rem 0; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; } td code { overflow-wrap: anywhere; }
p code { white-space: nowrap; }
code { font: .87em/1.4 ui-monospace, monospace; background: var(--soft); border-radius: .25rem; padding: .1rem .3rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .odd { color: var(--odd); }
</style>
</head>
<body>
<h1>adrail sandbox</h1>
<p>Local emulators of advertising platforms. Nothing that arrives here leaves this machine; nothing is spent.
They prove that requests are well formed, not what the vendors would make of them.</p>
<ul class="cards">$cards</ul>
<h2>Armed faults</h2>
$faults
<h2>Latest requests</h2>
$requests
<h2>For programs</h2>
<p><code>GET /_sandbox/requests?platform=&amp;since=&amp;limit=</code> <code>POST /_sandbox/faults</code>
<code>DELETE /_sandbox/faults</code> <code>POST /_sandbox/reset</code> <code>GET /_sandbox/health</code></p>
</body>
</html>
""")


def render(
    platforms: Sequence[str],
    totals: Mapping[str, int],
    faults: Sequence[Mapping[str, Any]],
    requests: Sequence[Mapping[str, Any]],
) -> str:
    """Return the page; ``requests`` are record items, newest first."""
    return PAGE.substitute(
        cards="".join(_card(slug, totals.get(slug, 0)) for slug in platforms),
        faults=_table(
            ("Platform", "Kind", "Left", "Path contains"),
            [
                (
                    escape(item["platform"]),
                    escape(item["kind"]),
                    "until disarmed" if item["remaining"] is None else str(item["remaining"]),
                    escape(item["match"]["path_contains"]) or "any",
                )
                for item in faults
            ],
            "None. Every request is judged by the platform's own rules.",
        ),
        requests=_table(
            ("Time (UTC)", "Request", "Verdict"),
            [(_time(item), _request(item), _verdict(item)) for item in requests],
            "Nothing yet. Point an endpoint of a platform here and send something.",
        ),
    )


def _card(slug: str, total: int) -> str:
    return f"<li><b>{total:,}</b>{escape(slug)} request{'' if total == 1 else 's'}</li>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> str:
    if not rows:
        return f"<p>{empty}</p>"
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _time(item: Mapping[str, Any]) -> str:
    return escape(item["received_at"][11:23])


def _request(item: Mapping[str, Any]) -> str:
    return f"<code>{escape(item['method'])}</code> <code>{escape(item['path'])}</code>"


def _verdict(item: Mapping[str, Any]) -> str:
    verdict = item["verdict"]
    if verdict.startswith("fault"):
        mood = "odd"
    else:
        mood = "bad" if verdict.startswith(("rejected", "sandbox error")) else "good"
    return f'<span class="{mood}">{escape(verdict)}</span>'
