"""Makes docs/client.svg: the client at work with the real daemon, as a terminal emulator shows it.

Run it in a checkout with the test dependencies: python -m docs.make_picture
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from html import escape
from pathlib import Path

from wcwidth import wcwidth

from tests.daemon import daemon
from tests.pseudo_terminal import Seat, at, seat

COLUMNS, ROWS = 78, 14
CELL_W, CELL_H, MARGIN = 8.4, 19, 12
PAPER, INK, FAINT = "#fbfbf8", "#24292f", "#8a8f98"
PICTURE = Path(__file__).with_name("client.svg")


def talk(alice: Seat, mei: Seat, omar: Seat) -> None:
    """What is said in the picture, after two lines in a room that is not shown."""
    for person in (alice, mei):
        person.types("/join #dev\r")
        person.sees(lambda seat: "[#dev]" in seat.screen[-1])
    alice.types("\x1b1")
    alice.sees(lambda seat: "[#lobby]" in seat.screen[-1])
    mei.types("is 0.1.0 out?\ralice: you know?\r\x1b1")
    alice.sees(lambda seat: "#dev 2!" in seat.screen[-1])
    alice.types("\x0c")
    for person, line in (
        (mei, "morning! the build on the ARM board is green again"),
        (omar, "很好! who fixed it?"),
        (mei, "/me points at alice"),
        (alice, "it was one missing fsync"),
        (omar, "alice: can you show me after lunch?"),
        (mei, "/topic release on Thursday"),
        (omar, "/msg alice صباح الخير"),
        (alice, "sure, at two"),
    ):
        person.types(line + "\r")
        alice.sees_line(line.split(" ", 2 if line.startswith("/msg") else 1)[-1])
    alice.types("and then we rel")
    alice.sees(lambda seat: seat.typed_row == "and then we rel")


def colour(name: str) -> str:
    return INK if name == "default" else f"#{name}"


def svg(screen: Seat) -> str:
    """The screen as a picture: a text for each run of characters that look the same."""
    width, height = COLUMNS * CELL_W + 2 * MARGIN, ROWS * CELL_H + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">',
        "<title>lanchat-client at work</title>",
        f'<rect width="100%" height="100%" rx="6" fill="{PAPER}" stroke="{FAINT}"/>',
    ]
    for y, cells in screen.cells():
        top = MARGIN + y * CELL_H
        x = 0
        while x < COLUMNS:
            first = cells[x]
            end = x + 1
            alike = (first.fg, first.bold, first.reverse)
            while end < COLUMNS and (cells[end].fg, cells[end].bold, cells[end].reverse) == alike:
                if (
                    not cells[end].data
                    or wcwidth(cells[end].data[0]) != 1
                    or wcwidth(first.data[:1] or " ") != 1
                ):
                    break
                end += 1
            while end < COLUMNS and not cells[end].data:
                end += 1  # the second half of a wide character
            text = "".join(cell.data for cell in (cells[place] for place in range(x, end)))
            left, columns = MARGIN + x * CELL_W, (end - x) * CELL_W
            if first.reverse:
                parts.append(
                    f'<rect x="{left:g}" y="{top:g}" width="{columns:g}" height="{CELL_H}" fill="{INK}"/>'
                )
            if text.strip():
                ink = PAPER if first.reverse else colour(first.fg)
                weight = ' font-weight="bold"' if first.bold else ""
                parts.append(
                    f'<text x="{left:g}" y="{top + 14:g}" textLength="{len(text.rstrip()) and columns:g}"'
                    f' xml:space="preserve" fill="{ink}"{weight}>{escape(text)}</text>'
                )
            x = end
    left, top = MARGIN + screen.column * CELL_W, MARGIN + screen.row * CELL_H
    parts.append(
        f'<rect x="{left:g}" y="{top:g}" width="{CELL_W}" height="{CELL_H}" fill="{INK}" opacity="0.4"/>'
    )
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Run it, and write the picture."""
    with tempfile.TemporaryDirectory() as home, daemon("--port=0", "--name=office", cwd=Path(home)) as chat:
        where = at(chat)
        size = (COLUMNS, ROWS)
        with ExitStack() as seats:
            people = []
            for nick in ("alice", "mei", "omar"):
                seated = seat(*where, f"--nick={nick}", home=Path(home), size=size)
                people.append(seats.enter_context(seated))
                people[-1].sees_line(f"You are {nick}")
                people[0].sees_line("1 in #lobby" if nick == "alice" else f"-- {nick} joined")
            talk(*people)
            PICTURE.write_text(svg(people[0]), "utf-8")


if __name__ == "__main__":
    main()
