"""Makes docs/page.png: the page at work with the real daemon, on a laptop and a phone.

Run it in a checkout with what `pytest -m web` needs, and Pillow: python -m docs.make_page_picture
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from tests.daemon import Daemon, daemon
from tests.page.browser import DESKTOP, PHONE, Seat, browser, seat

PICTURE = Path(__file__).with_name("page.png")
HEIGHT, PHONE_WIDTH, GAP = 640, 320, 20
LAPTOP = DESKTOP | {"viewport": {"width": 980, "height": HEIGHT}}
HANDSET = PHONE | {"viewport": {"width": PHONE_WIDTH, "height": HEIGHT}, "color_scheme": "dark"}
COLOURS = 128
FRAME = "#d5d9e0"


def talk(chat: Daemon, alice: Seat, mei: Seat) -> None:
    """What is said in the picture."""
    with chat.join("omar") as omar, chat.join("rosa") as rosa:
        mei.joins(chat, "mei")
        alice.joins(chat, "alice", "#workshop")
        for room in ("#kitchen", "#lobby"):
            alice.types(f"/join {room}")
            alice.place(room).wait_for()
        omar.types("/join #kitchen", "who takes the last piece of cake?", "it is very good", "/join #lobby")
        omar.reads_until_match(r"in #lobby: ")
        rosa.types("Morning! The build on the ARM board is green again.", "/topic release on Thursday")
        alice.line("Morning! The build on the ARM board is green again.").wait_for()
        omar.types("Ωραία! Who fixed it?")
        alice.line("Ωραία! Who fixed it?").wait_for()
        mei.types("/me points at alice")
        alice.line("mei points at alice").wait_for()
        alice.types("It was one missing fsync: http://wiki.lan/fsync")
        mei.line("It was one missing fsync: http://wiki.lan/fsync").wait_for()
        omar.types("alice: can you show me after lunch?", "/msg alice صباح الخير", "/msg mei شكرا")
        mei.line("alice: can you show me after lunch?").wait_for()
        alice.types("Sure, at two. 👍")
        mei.line("Sure, at two. 👍").wait_for()
        alice.page.locator("#privates button").wait_for()
        alice.page.locator("#text").fill("And then we release")
        mei.page.wait_for_timeout(400)
        picture(alice, mei)


def shot(person: Seat) -> Any:
    return Image.open(io.BytesIO(person.page.screenshot()))


def picture(alice: Seat, mei: Seat) -> None:
    laptop, phone = shot(alice), shot(mei)
    both = Image.new("RGB", (laptop.width + GAP + phone.width, HEIGHT), "white")
    both.paste(laptop, (0, 0))
    both.paste(phone, (laptop.width + GAP, 0))
    ImageDraw.Draw(both).rectangle((0, 0, laptop.width - 1, HEIGHT - 1), outline=FRAME)
    both.quantize(COLOURS, method=Image.Quantize.MEDIANCUT).save(PICTURE, optimize=True)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as state,
        daemon("--port=0", "--name=office", cwd=Path(state)) as chat,
        browser() as chromium,
        seat(chromium, **LAPTOP) as alice,
        seat(chromium, **HANDSET) as mei,
    ):
        talk(chat, alice, mei)


if __name__ == "__main__":
    main()
