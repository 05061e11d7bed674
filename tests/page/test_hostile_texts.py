"""What people write is text, whatever it is, and never becomes a part of the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, daemon
from tests.escapes import ESCAPES
from tests.page.browser import FAST, playwright, seat

pytestmark = pytest.mark.web
expect = playwright.expect

MARKUP = (
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg/onload=document.title='owned'>",
    "<iframe src=javascript:alert(1)>",
    "</textarea><script>1</script>",
    "<a href=\"javascript:document.title='owned'\">click</a>",
    "javascript:document.title='owned'",
    "data:text/html,<script>1</script>",
    "http://example.org/\"onmouseover=\"document.title='owned'",
    "http://example.org/'><script>1</script>",
    "https://user:secret@example.org/",
    "&lt;b&gt;",
    "&#60;script&#62;",
    "{{constructor.constructor('1')()}}",
    "<!--",
    "-->",
    "<style>*{display:none}</style>",
    "<base href=//evil>",
    "<meta http-equiv=refresh content=0>",
    "<form action=//evil><button>",
    "<math><mi xlink:href=javascript:1>",
    "http://[::1",
    "http://",
    "https://%00",
    "//evil.example/x",
    "<b>bold</b>",
    "__proto__",
    "constructor",
    "toString",
    "vbscript:msgbox(1)",
    "<x contenteditable onblur=1>",
    "\\u003cscript\\u003e",
    "${1}",
    "`",
    "'\"",
)

# What a line may be made of.
CHECK = """() => {
  const allowed = new Set(["LI", "Q", "DIV", "SPAN", "TIME", "B", "A", "BUTTON"]);
  const bad = [];
  for (const one of document.querySelectorAll("#lines *, #members *, #rooms *, #announcer *, #results *")) {
    if (!allowed.has(one.tagName) && !["UL", "OL", "P"].includes(one.tagName)) bad.push(one.tagName);
    for (const { name, value } of one.attributes) {
      if (name.startsWith("on") || name === "style" || name === "srcdoc") bad.push(name);
      if (name === "href" && !/^https?:/.test(value)) bad.push(value);
    }
    if (one.tagName === "A" && !one.rel.includes("noopener")) bad.push("no noopener");
  }
  return bad;
}"""


def test_hostile_texts_stay_text(tmp_path: Path, chromium: Any) -> None:
    """As talk, nicks, topics and private lines: nothing is loaded or run, each stands as written."""
    requests: list[str] = []
    with daemon(*FAST, cwd=tmp_path) as chat, seat(chromium) as alice, chat.connect() as bob:
        alice.joins(chat, "alice")
        alice.page.on("request", lambda request: requests.append(request.url))
        bob.types(json.dumps({"nick": "bob"}))
        bob.reads_until_match('"members"')
        for text in MARKUP:
            bob.types(json.dumps({"line": f"{text}", "ref": "r"}), json.dumps({"line": f"/msg alice {text}"}))
            bob.types(json.dumps({"line": f"/topic {text}"}))
        for _, encoded in ESCAPES:
            text = encoded.decode("utf-8", "surrogateescape")
            if not text.startswith("/"):
                bob.types(json.dumps({"line": text}))
                bob.types(json.dumps({"line": f"/nick {text}"}))
        bob.types(json.dumps({"line": "that was all"}))
        expect(alice.line("that was all")).to_have_count(1)
        assert alice.page.evaluate(CHECK) == []
        assert {url for url in requests if not url.endswith("/icon.svg")} == set()
        assert "owned" not in alice.page.title()
        alice.page.locator("#privates button").first.click()
        expect(alice.page.locator("#lines .private .text")).to_have_count(len(MARKUP))
        assert alice.page.evaluate(CHECK) == []
        assert alice.page.locator("#lines .private .text").all_inner_texts() == list(MARKUP)


def test_links_lead_where_they_say(chat: Daemon, chromium: Any) -> None:
    """In a new tab that knows nothing of this one; what belongs to the sentence is not in the link."""
    with chat.join("bob") as bob, seat(chromium) as alice:
        alice.joins(chat, "alice")
        bob.types("see (http://wiki.lan/a_(b)), or https://x.lan/?q=1#top!")
        links = alice.page.locator("#lines a")
        expect(links).to_have_count(2)
        assert [link.get_attribute("href") for link in links.all()] == [
            "http://wiki.lan/a_(b)",
            "https://x.lan/?q=1#top",
        ]
        for link in links.all():
            assert link.get_attribute("target") == "_blank"
            assert "noopener" in link.get_attribute("rel")
