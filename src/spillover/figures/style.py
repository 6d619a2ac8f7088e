"""House style: one fixed colour per scenario, plain frames, captions, bytes that never vary."""

from __future__ import annotations

import io
import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from spillover.figures.statistics import STATUS_QUO
from spillover.figures.tables import Provenance

DPI = 160
FORMATS: Mapping[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Formats of a figure, with what matplotlib would write into each beside the picture."""
INK, MUTED, GRID = "#222222", "#5F5F5F", "#E3E3E3"
HISTORY, HISTORY_BACKGROUND = "#8A8A8A", "#F4F3F0"

# Told apart under the three common kinds of colour blindness and in grey (tested).
SCENARIO_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        STATUS_QUO: "#332288",
        "benign_engagement": "#007A5A",
        "cordon_sanitaire": "#56B4E9",
        "malign_escalation": "#D55E00",
    }
)
_SPARE_COLOURS = ("#CC79A7", "#999933", "#882255", "#117733", "#E69F00", "#661100")
POLICY_ORDER = (
    STATUS_QUO,
    "intelligence_sharing",
    "border_security",
    "diplomatic_engagement",
    "counter_radicalisation",
    "full_package",
)
PLACE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "AFG": "Afghanistan",
        "KAZ": "Kazakhstan",
        "KGZ": "Kyrgyzstan",
        "TJK": "Tajikistan",
        "TKM": "Turkmenistan",
        "UZB": "Uzbekistan",
        "all5": "five Central Asian states",
    }
)
_RC: dict[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": DPI,
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same glyphs on every machine
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.hashsalt": "spillover",
    "svg.fonttype": "none",  # text stays text: small, searchable, read aloud
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with the house settings whatever the user's matplotlibrc says; restores them after."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def new_figure(width: float, height: float) -> Figure:
    """A figure (inches) with an Agg canvas and no ties to pyplot."""
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def axes_or_new(ax: Axes | None, width: float = 6.0, height: float = 4.0) -> Axes:
    """The given axes, or the only axes of a new figure."""
    return ax if ax is not None else new_figure(width, height).subplots()


def in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Known names in house order, then the others alphabetically."""
    given = set(names)
    known = [name for name in order if name in given]
    return known + sorted(given - set(known))


def scenarios_of(names: Iterable[str]) -> list[str]:
    """Scenario names in house order."""
    return in_order(names, SCENARIO_COLOURS)


def policies_of(names: Iterable[str]) -> list[str]:
    """Policy names in house order, the full package last among the known."""
    return in_order(names, POLICY_ORDER)


def scenario_colour(name: str) -> str:
    """Fixed colour of a scenario; an unknown name always gets the same spare colour."""
    if name in SCENARIO_COLOURS:
        return SCENARIO_COLOURS[name]
    return _SPARE_COLOURS[sum(name.encode()) % len(_SPARE_COLOURS)]


def policy_styles(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and dash of each policy of a line plot, told apart without colour as well."""
    colours = (INK, "#0072B2", "#D55E00", "#007A5A", "#CC79A7", "#E69F00", "#56B4E9", "#882255")
    return {
        policy: {
            "color": colours[place % len(colours)],
            "marker": "os^DvPX<>*hp"[place % 12],
            "ls": ("-", (0, (5, 1)), (0, (1, 1)))[place % 3],
        }
        for place, policy in enumerate(policies_of(names))
    }


def scenario_ink(name: str) -> str:
    """Colour of a scenario for text: darkened until it reads on white (contrast 4.5 to 1)."""
    rgb = np.array(to_rgb(scenario_colour(name)))
    while 1.05 / (_luminance(rgb) + 0.05) < 4.5:  # WCAG 2.1, success criterion 1.4.3
        rgb = rgb * 0.97
    return to_hex(tuple(rgb))


def _luminance(rgb: np.ndarray) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def title_of(name: str) -> str:
    """``malign_escalation`` as people write it: Malign escalation."""
    text = name.replace("_", " ").replace("+", " + ")
    return text[:1].upper() + text[1:]


def place_of(state: str) -> str:
    """Readable name of a state code."""
    return PLACE_NAMES.get(state, state)


def finish(
    figure: Figure,
    title: str,
    subtitle: str,
    caption: str,
    *,
    head: float | None = None,
    foot: float = 0.0,
    arrange: bool = True,
) -> None:
    """Write title, subtitle and caption and fit the axes between them.

    ``head`` is the height (inches) kept free above the axes (default: title and subtitle),
    ``foot`` the extra height kept free between axes and caption, for a legend.
    """
    width, height = figure.get_size_inches()
    subtitle_lines = wrap(subtitle, width, 9)
    caption_lines = wrap(caption, width, 7.5)
    head = 0.52 + 0.17 * len(subtitle_lines) if head is None else head
    bottom = caption_height(caption, width) + foot
    left = 0.15 / width
    figure.text(left, 1 - 0.14 / height, title, size=13, weight="bold", va="top")
    figure.text(left, 1 - 0.42 / height, "\n".join(subtitle_lines), size=9, color=MUTED, va="top")
    figure.text(left, 0.1 / height, "\n".join(caption_lines), size=7.5, color=MUTED, va="bottom")
    if arrange:
        rect = (0.01, bottom / height, 0.98, 1 - (head + bottom) / height)
        figure.set_layout_engine("constrained", rect=rect, h_pad=0.06, w_pad=0.06, wspace=0.02)


def caption_height(caption: str, width: float) -> float:
    """Inches that a caption takes below a figure of the given width."""
    return 0.2 + 0.135 * len(wrap(caption, width, 7.5))


def wrap(text: str, width: float, size: float) -> list[str]:
    """Break text into lines that fit a figure ``width`` inches wide at a font ``size``."""
    # A DejaVu Sans letter is on average 0.57 of the font size wide.
    return textwrap.wrap(text, max(20, int((width - 0.3) * 72 / (size * 0.57))))


def caption_of(provenance: Provenance, *sentences: str) -> str:
    """Caption: the given sentences, the caution and where the numbers come from."""
    origin = (
        f"Run {provenance.run}, seed {provenance.seed}, model {provenance.fingerprint}. "
        "Model output under stated assumptions, not a forecast."
    )
    return " ".join([*sentences, origin])


def number(value: float) -> str:
    """A number as short as a reader needs it: 1,240; 12.5; 0.031."""
    if not np.isfinite(value):
        return "n/a"
    size = abs(value)
    if size >= 100:
        text = f"{value:,.0f}"
    elif size >= 10:
        text = f"{value:.1f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:.2g}"
    return text.replace("-", "\u2212") if "e" not in text else text


def number_axis(axis: Axis) -> None:
    """Some four ticks, as short as a reader needs them."""
    axis.set_major_locator(MaxNLocator(4))
    axis.set_major_formatter(FuncFormatter(lambda v, _: number(v) if v else "0"))


def no_frame(ax: Axes) -> None:
    """Leave out spines and tick marks, as of a table or a map of cells."""
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def name_lines(ax: Axes, names: Sequence[str], size: float) -> None:
    """Name horizontal lines or bars at 0, 1, 2, ... from the top."""
    ax.set_yticks(range(len(names)), names, size=size)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure whose bytes depend on the picture only, in one step.

    The suffix of the path says the format: one of `FORMATS`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f"{path.suffix}.tmp")
    temporary.write_bytes(_bytes_of(figure, path.suffix.removeprefix(".")))
    os.replace(temporary, path)
    return path


def svg_of(figure: Figure) -> bytes:
    """A figure as SVG whose bytes depend on the picture only."""
    return _bytes_of(figure, "svg")


def _bytes_of(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=DPI, metadata=FORMATS[kind])
    return buffer.getvalue()
