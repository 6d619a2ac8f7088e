"""Outcomes of outside powers: attention, pressure, closures, expulsions, support, reliance."""

from __future__ import annotations

from spillover.axes import HOSTS, POWERS
from spillover.outcomes.entry import Outcome, Read

POWER_NAMES = {
    "russia": "Russia",
    "china": "China",
    "pakistan": "Pakistan",
    "iran": "Iran",
    "india": "India",
    "united_states": "the United States",
    "turkey": "Turkey",
    "azerbaijan": "Azerbaijan",
}
POWER_FACTS = {
    "russia": "A-RUS-LITTLE-ECON",
    "china": "ST-CHN-ECON",
    "pakistan": "ST-PAK-HOSTILE",
    "iran": "A-IRN",
    "india": "ST-IND-RESUME",
    "united_states": "ST-USA-RETREAT",
    "turkey": "A-TUR",
    "azerbaijan": "ST-AZE-ENGAGE",
}


def _support(index: int) -> Read:
    return lambda s, i, w: s.power_support[:, index]


def _expulsion(index: int) -> Read:
    return lambda s, i, w: s.expulsion[:, index]


STATE_OUTCOMES = [
    Outcome("moscow_lean", "Reliance on Moscow", "index", "stock", "states",
            "How far the state relies on Moscow for its security, 0 none to 1 all.", None, 0.01,
            lambda s, i, w: s.moscow_lean, ("M-THREAT-RUS-DEPENDENCE", "S-MALIGN-DEPENDENCE")),
]  # fmt: skip

AFGHAN_OUTCOMES = [
    Outcome("russian_attention", "Russian attention", "index", "stock", "AFG",
            "Attention of Russia to the region, 1 = 2021.", None, 0.01,
            lambda s, i, w: s.russian_attention, ("M-UKR-WAR-CSTO", "U-RUS-POSTURE")),
    Outcome("chinese_pressure", "Chinese pressure over ETIM/TIP", "index", "stock", "AFG",
            "Pressure of China on the authorities, 0 none to 1 full.", None, 0.01,
            lambda s, i, w: s.chinese_pressure, ("ST-CHN-ETIM-PRESSURE",)),
    Outcome("pakistan_open", "Openness of Pakistan's crossings", "share", "stock", "AFG",
            "Share of normal traffic that Pakistan's Afghan crossings let through.", "higher", 0.01,
            lambda s, i, w: s.pakistan_open, ("ST-PAK-HOSTILE", "M-TTP-PAK-CLASH")),
    *(
        Outcome(f"expulsion_{host}", f"Expulsion by {POWER_NAMES[host]}", "1", "stock", "AFG",
                f"Returns forced by {POWER_NAMES[host]} over the dated ones.", "lower", 0.01,
                _expulsion(h), (fact,))
        for h, (host, fact) in enumerate(zip(HOSTS, ("M-TTP-PAK-CLASH", "A-IRN"), strict=True))
    ),
    *(
        Outcome(f"support_{power}", f"Support by {POWER_NAMES[power]}", "1", "stock", "AFG",
                f"Money of {POWER_NAMES[power]} for corridors and projects over that of 2021.",
                None, 0.01, _support(p), (POWER_FACTS[power],))
        for p, power in enumerate(POWERS)
    ),
    Outcome("sanctions", "Weight of sanctions", "index", "stock", "AFG",
            "Sanctions on Afghanistan as they weigh, 1 = 2021, 0 none.", "lower", 0.01,
            lambda s, i, w: i.powers.sanctions, ("M-NONRECOGNITION-AID", "I-DOHA")),
    Outcome("bidders", "Outside powers that offer support", "1", "stock", "AFG",
            "Effective number of powers, 8 if all offer alike.", "higher", 0.1,
            lambda s, i, w: i.powers.bidders, ("M-RIVALRY-BETTER-TERMS", "S-MALIGN-VACUUM")),
]  # fmt: skip
