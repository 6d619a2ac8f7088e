"""Information: propaganda by language, counter-messaging, monitoring and closed channels.

Idea: ISIS-K aims its media at the young of the region in several languages (A-ISK-MEDIA,
A-CA-YOUTH); success abroad is shown for months and money pays for output (M-ISK-MEDIA-GRIEVANCE).
A cohort is reached by the channels that it uses; a language is a channel here and says nothing
about people. Counter-messaging takes exposure away where it speaks the language in use
(M-COUNTERNARRATIVE); monitoring removes a part and drives recruiters' talk into closed channels,
where services see less (R-ONLINE-MONITORING).

Equations (docs/odd.md, "information"):
    F1  propaganda += reversion (factor (1 + k attacks told in the language)(income /
        start)^a - propaganda)
    F2  heard of a cohort = sum over languages of media weight x propaganda
    F3  taken by messaging = per level x level x share of the languages in use that it covers
    F4  reach = heard (1 - messaging)(1 - removed by monitoring), 1 in August 2021
    F5  closed share += pace (per level x monitoring - closed share)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover.axes import LANGUAGES, STATES
from spillover.state import Counts, Floats, State, rows
from spillover.streams import Streams

NAME = "information"
READS = (
    "propaganda", "closed_share", "week_foreign_attacks", "week_home_attacks", "cell_fighters",
    "week_flow_tax_usd", "delivered",
)  # fmt: skip
WRITES = ("propaganda", "online_reach", "closed_share")

RUSSIAN = LANGUAGES.index("russian")
PEERS_LEVEL = 2.0  # above it counter-messaging works with emigrants and peers as well
N_STATES = len(STATES)


@dataclass(frozen=True, slots=True)
class Info:
    """Share of exposure taken away by messaging and by monitoring [r, c], at home."""

    messaging: Floats
    taken_down: Floats


def media_weights(view: Any) -> Floats:
    """F2: parts of what residents of a state hear, by language [c, i]; rows sum to 1."""
    weight = view.information.media_weight
    weights = np.stack([weight.tajik, weight.uzbek, weight.russian], axis=1)  # as LANGUAGES
    return weights / weights.sum(axis=1, keepdims=True)


def weights_abroad(home: Floats, view: Any) -> Floats:
    """F2: the same for emigrants in Russia [c, i], who hear more Russian."""
    weights = (1.0 - view.information.russian_abroad) * home
    weights[:, RUSSIAN] += view.information.russian_abroad
    return weights


def heard(propaganda: Floats, weights: Floats) -> Floats:
    """F2: what is heard in each state [r, c] of output by language [r, i].

    Not a matrix product: its rounding would depend on how many replicates there are.
    """
    return (propaganda[:, None, :] * weights).sum(axis=2)


def told(foreign: Counts, home: Counts, weights: Floats) -> Floats:
    """F1: attacks of the week told in each language [r, i].

    Attacks outside the five are told in all; one at home in full in the main language of the state
    and in others as far as they are heard beside it.
    """
    beside = weights / weights.max(axis=1, keepdims=True)
    return foreign[:, None] + (home[:, :, None] * beside).sum(axis=1)


def funding(income: Floats, view: Any) -> Floats:
    """F1: multiplier of output by ISIS-K income in USD a week [r], 1 at that of the start.

    Income and not what is hoarded: money that lies with cells makes no videos.
    """
    info = view.information
    at_start = view.cells.income * view.initial.isisk_fighters
    ratio = income / max(float(at_start), 1.0)
    return np.clip(ratio, 1.0 / info.funds_cap, info.funds_cap) ** info.funds_exponent


def covered(level: Floats, weights: Floats) -> Floats:
    """F3: part of what is heard in languages in which messaging works [r, c].

    The main language up to level 1, all of them from level 2 on.
    """
    main = weights.max(axis=1)
    return main + (1.0 - main) * np.clip(level - 1.0, 0.0, 1.0)


def messaging(level: Floats, weights: Floats, view: Any) -> Floats:
    """F3: share of exposure that counter-messaging takes away [r, c]."""
    return np.minimum(view.information.messaging_per_level * level * covered(level, weights), 1.0)


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """First levels of this process: output at its factor, no lever, open channels."""
    output, home = view.information.propaganda_factor, media_weights(view)
    residents, emigrants = home @ output, weights_abroad(home, view) @ output
    reach = np.concatenate([residents[view.world.region_state], emigrants])
    return {
        "propaganda": rows(streams, output),
        "online_reach": rows(streams, reach),
        "closed_share": rows(streams, np.zeros(N_STATES)),
    }


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance output, reach and closed channels by one week; nothing is drawn."""
    info = view.information
    home = media_weights(view)
    abroad = weights_abroad(home, view)
    income = view.cells.income * state.cell_fighters.sum(axis=1) + state.week_flow_tax_usd[:, 0]
    attacks = told(state.week_foreign_attacks, state.week_home_attacks, home)
    output = info.propaganda_factor * (1.0 + info.propaganda_per_attack * attacks)
    output = output * funding(income, view)[:, None]
    propaganda = state.propaganda + info.propaganda_reversion * (output - state.propaganda)

    watched = state.lever("online_monitoring")
    removed = np.minimum(info.monitoring_per_level * watched, 1.0)
    level = state.lever("counter_messaging")
    taken = messaging(level, home, view)
    peers = np.clip(level - PEERS_LEVEL, 0.0, 1.0)
    part = info.messaging_abroad + (1.0 - info.messaging_abroad) * peers
    reach_home = heard(propaganda, home) * (1.0 - taken) * (1.0 - removed)
    away = messaging(level, abroad, view) * part
    reach_away = heard(propaganda, abroad) * (1.0 - away) * (1.0 - removed)
    owner = view.world.region_state
    goal = np.minimum(info.closed_per_level * watched, 1.0)
    changed = state.replace(
        propaganda=propaganda,
        online_reach=np.concatenate([reach_home[:, owner], reach_away], axis=1),
        closed_share=state.closed_share + info.closing_pace * (goal - state.closed_share),
    )
    return changed, Info(messaging=taken, taken_down=removed)
