"""Posters of live events: drawn from a seed, so that each event keeps its own without any stored picture."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

WIDTH, HEIGHT = 600, 800

# ground, ground below, three inks
PALETTES = (
    ("#1b1035", "#5b2a86", "#ff7a59", "#ffd166", "#f4f1ff"),
    ("#06283d", "#1363df", "#47b5ff", "#dff6ff", "#ff9f45"),
    ("#2b0a0a", "#a4161a", "#ff6b35", "#f7c59f", "#efefd0"),
    ("#0b3d2e", "#147a5b", "#f2c14e", "#f78154", "#e8f7ee"),
    ("#2d132c", "#801336", "#ee4540", "#ffb997", "#fff0e5"),
    ("#14213d", "#33508f", "#fca311", "#e5e5e5", "#ff5d8f"),
    ("#231942", "#5e548e", "#be95c4", "#f0e6ef", "#ffcad4"),
    ("#003049", "#1d5c85", "#f77f00", "#fcbf49", "#eae2b7"),
    ("#10002b", "#7b2cbf", "#e0aaff", "#ff9e00", "#fff3d6"),
    ("#132a13", "#4f772d", "#ecf39e", "#ffb627", "#fefae0"),
)


class Dice:
    """Numbers that follow from a seed alone."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def number(self, low: float, high: float) -> float:
        """Return the next number between two others."""
        self._count += 1
        digest = hashlib.sha256(f"{self._seed}:{self._count}".encode()).digest()
        return round(low + (high - low) * int.from_bytes(digest[:4], "big") / 0xFFFF_FFFF, 1)

    def pick(self, count: int) -> int:
        """Return the next whole number below ``count``."""
        return min(int(self.number(0, count)), count - 1)


def poster(seed: str) -> str:
    """Return an SVG of 600 × 800 that depends on the seed only."""
    dice = Dice(seed)
    ground, below, *inks = PALETTES[dice.pick(len(PALETTES))]
    drawing = MOTIFS[dice.pick(len(MOTIFS))](dice, inks)
    angle = dice.number(0, 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="xMidYMid slice">'
        f'<defs><linearGradient id="g" x1="{angle}" y1="0" x2="{1 - angle:.1f}" y2="1">'
        f'<stop offset="0" stop-color="{ground}"/><stop offset="1" stop-color="{below}"/></linearGradient></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#g)"/>{drawing}</svg>'
    )


def _sun(dice: Dice, inks: list[str]) -> str:
    x, y, size = dice.number(180, 420), dice.number(240, 380), dice.number(120, 190)
    rings = "".join(
        f'<circle cx="{x}" cy="{y}" r="{size + 42 * step}" fill="none" stroke="{inks[1]}" '
        f'stroke-opacity="{0.5 - 0.07 * step:.2f}" stroke-width="3"/>'
        for step in range(1, 7)
    )
    hills = "".join(_wave(dice, 520 + 80 * step, inks[(step + 2) % 3], 0.35 + 0.25 * step) for step in range(3))
    return f'{rings}<circle cx="{x}" cy="{y}" r="{size}" fill="{inks[0]}"/>{hills}'


def _wave(dice: Dice, top: float, ink: str, opacity: float) -> str:
    bend = dice.number(40, 110)
    return (
        f'<path d="M0 {top} C150 {top - bend} 260 {top + bend} 380 {top - bend / 3:.1f} S560 {top + bend / 2:.1f} 600 '
        f'{top - 20} V{HEIGHT} H0Z" fill="{ink}" fill-opacity="{min(opacity, 0.92):.2f}"/>'
    )


def _tiles(dice: Dice, inks: list[str]) -> str:
    side = 150
    shapes = []
    for row in range(HEIGHT // side + 1):
        for column in range(WIDTH // side):
            x, y, turn, ink = column * side, row * side, dice.pick(4), inks[dice.pick(3)]
            spin = f'transform="rotate({90 * turn} {x + side / 2} {y + side / 2})"'
            kind = dice.pick(4)
            if kind == 0:
                shapes.append(f'<path d="M{x} {y}h{side}a{side} {side} 0 0 1 -{side} {side}Z" fill="{ink}" {spin}/>')
            elif kind == 1:
                shapes.append(f'<circle cx="{x + side / 2}" cy="{y + side / 2}" r="{side / 3}" fill="{ink}"/>')
            elif kind == 2:
                half = side / 2
                shapes.append(f'<path d="M{x} {y}h{side}a{half} {half} 0 0 1 -{side} 0Z" fill="{ink}" {spin}/>')
    return f'<g fill-opacity=".92">{"".join(shapes)}</g>'


def _bars(dice: Dice, inks: list[str]) -> str:
    count, gap = 15, 10
    width = (WIDTH - gap * (count + 1)) / count
    bars = []
    for step in range(count):
        swing = math.sin(step / count * math.pi)
        height = round(90 + swing * dice.number(180, 560), 1)
        x, y = round(gap + step * (width + gap), 1), round((HEIGHT - height) / 2, 1)
        ink = inks[0] if step % 5 else inks[1]
        bars.append(f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{height}" rx="{width / 2:.1f}" fill="{ink}"/>')
    return f'{"".join(bars)}<circle cx="{dice.number(90, 510)}" cy="{dice.number(70, 150)}" r="34" fill="{inks[2]}"/>'


def _discs(dice: Dice, inks: list[str]) -> str:
    discs = "".join(
        f'<circle cx="{dice.number(60, 540)}" cy="{dice.number(90, 710)}" r="{dice.number(90, 230)}" '
        f'fill="{inks[step % 3]}" fill-opacity="{0.62 if step % 2 else 0.85}"/>'
        for step in range(5)
    )
    x, y = dice.number(200, 400), dice.number(300, 500)
    grooves = "".join(
        f'<circle cx="{x}" cy="{y}" r="{24 * step}" fill="none" stroke="{inks[2]}" stroke-opacity=".55"/>'
        for step in range(1, 9)
    )
    return discs + grooves


def _rays(dice: Dice, inks: list[str]) -> str:
    x, y, count = dice.number(200, 400), dice.number(480, 680), 22
    rays = []
    for step in range(count):
        start, end = (math.tau * (step + part) / count for part in (0, 0.5))
        points = " ".join(f"{x + 1100 * math.cos(turn):.0f},{y + 1100 * math.sin(turn):.0f}" for turn in (start, end))
        rays.append(f'<polygon points="{x},{y} {points}" fill="{inks[0]}" fill-opacity=".55"/>')
    size = dice.number(110, 160)
    return (
        f"{''.join(rays)}"
        f'<circle cx="{x}" cy="{y}" r="{size + 34}" fill="{inks[1]}"/><circle cx="{x}" cy="{y}" r="{size}" '
        f'fill="{inks[2]}"/>'
    )


MOTIFS: tuple[Callable[[Dice, list[str]], str], ...] = (_sun, _tiles, _bars, _discs, _rays)
