"""QR codes: they are those of the library, as a terminal and a browser show them."""

from __future__ import annotations

from xml.etree import ElementTree

import segno

from lanchatd.lan import qr

PAGE = "http://192.168.178.42:8000/"
_HALVES = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}  # 1 is black


def test_a_terminal_shows_every_module_of_it() -> None:
    """Two in a character, one above the other."""
    lines = [line.split("m", 1)[1].removesuffix("\033[0m") for line in qr.as_lines(PAGE)]
    shown = [[_HALVES[char][half] for char in line] for line in lines for half in (0, 1)]
    code = [[int(bit) for bit in row] for row in segno.make(PAGE, micro=False).matrix_iter(border=2)]
    assert shown[: len(code)] == code
    assert qr.columns(qr.as_lines(PAGE)) == len(code[0])
    assert len(lines) < 24  # rows of a small terminal


def test_a_browser_is_given_a_picture_and_nothing_that_runs() -> None:
    """Black on white, whatever the page is."""
    root = ElementTree.fromstring(qr.as_svg(PAGE).decode())  # noqa: S314  it is our own
    assert {element.tag.split("}")[1] for element in root.iter()} == {"svg", "path"}
    assert [path.get("fill") or path.get("stroke") for path in root] == ["#fff", "#000"]
