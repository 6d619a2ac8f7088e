"""Outcomes of information: propaganda by language, what reaches people, closed channels."""

from __future__ import annotations

from spillover.axes import LANGUAGES
from spillover.outcomes.entry import Outcome, Read
from spillover.world.cohorts import region_shares


def _language(index: int) -> Read:
    return lambda s, i, w: s.propaganda[:, index]


STATE_OUTCOMES = [
    Outcome("online_reach", "Reach of propaganda at home", "1", "stock", "states",
            "What reaches residents over that of 2021, mean of residents.", "lower", 0.01,
            lambda s, i, w: (s.online_reach[:, None, : w.n_regions] * region_shares(w)).sum(axis=2),
            ("M-YOUTH-ONLINE", "A-CA-YOUTH"), True),
    Outcome("online_reach_abroad", "Reach of propaganda among emigrants", "1", "stock", "states",
            "What reaches emigrants of the state in Russia over that of 2021.", "lower", 0.01,
            lambda s, i, w: s.online_reach[:, w.n_regions :], ("REL-ISK-CROCUS-CELL",)),
    Outcome("closed_share", "Talk driven into closed channels", "share", "stock", "states",
            "Share of recruiters' talk that monitoring drove where services cannot read.", "lower",
            0.01, lambda s, i, w: s.closed_share, ("R-ONLINE-MONITORING",)),
    Outcome("messaging_share", "Exposure taken away by counter-messaging", "share", "stock",
            "states", "Share of online exposure that counter-messaging takes away at home.",
            "higher", 0.01, lambda s, i, w: i.information.messaging, ("M-COUNTERNARRATIVE",)),
]  # fmt: skip

AFGHAN_OUTCOMES = [
    Outcome(f"propaganda_{language}", f"Propaganda in {language.capitalize()}", "1", "stock",
            "AFG", f"Output of propaganda in {language.capitalize()} over that of 2021.", "lower",
            0.01, _language(i), ("A-ISK-MEDIA", "M-ISK-MEDIA-GRIEVANCE"))
    for i, language in enumerate(LANGUAGES)
]  # fmt: skip
