"""The picture: deliveries a second of each server, a panel for each load with a scale of its own."""

from __future__ import annotations

from html import escape

from benchmarks.loads import (
    FLOOR,
    INSPIRCD,
    MIXED,
    NGIRCD,
    OURS,
    ROOMS,
    TLS_WINDOWS,
    Scale,
    deliveries_per_s,
    encrypted,
    in_flight,
)
from benchmarks.sitting import Measured

COLOURS = {OURS: "#1f6f54", MIXED: "#76a892", NGIRCD: "#8f98a3", INSPIRCD: "#b3bac2", FLOOR: "#dadde1"}
PAPER, INK, FAINT = "#fbfbf8", "#24292f", "#6a707a"
PANEL_W, ROW_H, HEAD_H, MARGIN, COLUMNS = 360, 24, 30, 20, 2
NAME_W, VALUE_W = 128, 70
FONT = 'font-family="DejaVu Sans, Verdana, sans-serif" font-size="12"'


def picture(measured: Measured, scale: Scale) -> str:
    """An SVG image."""
    loads = [in_flight(scale.members, lines) for lines in (1, 8, 64, 512)]
    loads += [in_flight(scale.many, lines) for lines in (1, 16)]
    panels = [(load, load) for load in loads] + [(ROOMS, f"{scale.rooms} rooms of 100, 1 in flight in each")]
    panels += [(load, load) for load in (encrypted(in_flight(scale.members, n)) for n in TLS_WINDOWS)]
    panels = [panel for panel in panels if measured.has(panel[0], OURS)]
    panel_h = HEAD_H + len(COLOURS) * ROW_H + MARGIN
    rows = -(-len(panels) // COLUMNS)
    width, height = COLUMNS * (PANEL_W + MARGIN) + MARGIN, rows * panel_h + 2 * MARGIN + HEAD_H
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" {FONT}>',
        "<title>Deliveries a second</title>",
        f'<rect width="100%" height="100%" rx="6" fill="{PAPER}"/>',
        f'<text x="{MARGIN}" y="{MARGIN + 12}" fill="{INK}" font-size="15" font-weight="bold">'
        "Deliveries a second, each server on one core</text>",
    ]
    for place, (load, title) in enumerate(panels):
        left = MARGIN + place % COLUMNS * (PANEL_W + MARGIN)
        top = MARGIN + HEAD_H + place // COLUMNS * panel_h
        parts += _panel(measured, load, title, left, top)
    return "\n".join([*parts, "</svg>", ""])


def _panel(measured: Measured, load: str, title: str, left: int, top: int) -> list[str]:
    values = {
        name: measured.median(load, name, deliveries_per_s) for name in COLOURS if measured.has(load, name)
    }
    parts = [f'<text x="{left}" y="{top + 16}" fill="{INK}" font-weight="bold">{escape(title)}</text>']
    longest = max(values.values(), default=1)
    for row, (name, value) in enumerate(values.items()):
        y = top + HEAD_H + row * ROW_H
        bar = (PANEL_W - NAME_W - VALUE_W) * value / longest
        weight = ' font-weight="bold"' if name == OURS else ""
        parts += [
            f'<text x="{left}" y="{y + 12}" fill="{INK}"{weight}>{escape(name)}</text>',
            f'<rect x="{left + NAME_W}" y="{y}" width="{bar:.1f}" height="{ROW_H - 8}"'
            f' fill="{COLOURS[name]}"/>',
            f'<text x="{left + NAME_W + bar + 6:.1f}" y="{y + 12}" fill="{FAINT}">{value:,.0f}</text>',
        ]
    return parts
