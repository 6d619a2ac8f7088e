"""The model written a second time, from docs/odd.md, as plain agents that a reader can follow.

The kernel moves whole arrays; the twin moves people, cells and plots one by one. Where both read
the same random numbers they must agree week by week in every count; where the twin lets everyone
draw for itself they must agree in distribution. It imports none of the kernel's equations.

A process gets its twin in four steps. Write `twin/NAME.py` from the page, with `NAME`,
`start(model)` for section 5, `step(model)` for section 7 and `fields(model)`, which names every
field that the process writes; put it into `SCHEDULE` of `twin/model.py`. Put what others read on
the agents of `twin/agents.py`, with a class of its own for a new kind of agent. Draw with
`model.stream(purpose, number of slots)`, and name with each draw the slot that decides. Book what
happened in `model.flows` under the names of the accounts. `tests/twin/test_shared.py` then compares
state and accounts after every process of every week, and `make twin` the twin with its own dice.
"""

from spillover.twin.compare import twin_state
from spillover.twin.model import SCHEDULE, TwinModel

__all__ = ["SCHEDULE", "TwinModel", "twin_state"]
