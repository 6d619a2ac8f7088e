"""Help texts. Standard library only: help must answer at once."""

from __future__ import annotations

import textwrap

from spillover import __version__
from spillover.batch.options import GROUPS, option_names

_OVERVIEW = """\
spillover {version}: how the Afghan crisis may spill over into Central Asia, as an agent-based
policy simulation. It compares scenarios and policies; it does not forecast events.

usage: spillover VERB [KEY=VALUE ...] [options]

  run       one scenario and policy, many random worlds: distributions, weekly quantiles, figures
  sweep     a design of scenarios x policies; stops and resumes at any time
  explain   what stands behind a parameter, policy, scenario, lever or outcome
  status    what of a results folder is done, failed or damaged
  figures   draw the figures of a results folder again

first steps
  spillover sweep experiment=quick               four scenarios with and without the full package
  spillover run scenario=cordon_sanitaire policy=border_security replicates=200
  spillover explain levers.fusion_centre.delay
  spillover explain malign_escalation

Results go to results/NAME (tables as Parquet, summary.csv, figures as PNG). The same command
continues an interrupted run; more replicates are added to those that are there.

`spillover VERB --help` teaches each command. `spillover --version` prints the version.
"""

_RUN = """\
usage: spillover {verb} [KEY=VALUE ...] [--dry-run] [--config-dir DIR]

{purpose}

examples
{examples}

options
  --dry-run          say what would be computed, how long it takes and how much disk it needs;
                     writes nothing
  --config-dir DIR   also use the files in DIR/scenario, DIR/policy, DIR/experiment, ...

groups (NAME=OPTION)
{groups}

keys (KEY=VALUE)
  replicates=100     random worlds per cell; world i is the same world in every cell
  seed=20210815      root of all random numbers
  horizon=projection to the end of 2030; hindcast: to the end of 2025, for the status quo or a
                     policy with start.policy inside it
  start.date=...     week start (a Sunday) from which scenario and policy count their weeks;
                     also start.scenario, start.stressor, start.policy
  set.PATH=NUMBER    another value for a parameter, in every week: set.border.posture=2, or for
                     one member of its axis: set.border.posture.TJK=2
  uncertainty.draws  number of draws with uncertainty=priors; each draw is a cell
  design.scenarios, design.policies   lists for `sweep`, for example [status_quo,full_package]
  engine.workers=2   worker processes; engine.batch_size and engine.block_size change the speed
                     and no number
  results=FOLDER     default: results/ with the name of the experiment or of the choices
  name=, question=   name and question of the folder
  figures=false      leave the figures out

Results: manifest.json, cells.parquet, outcomes/, places/ and series/ (Parquet, units in the
schema), series/quantiles.parquet, summary.csv, figures/. Hydra's -m is replaced by `sweep`.
Exit code 0: done; 1: some chunks failed (see failures/); 2: the input was refused.
"""

_PURPOSES = {
    "run": (
        "One cell: a scenario under a policy, in many random worlds.",
        """\
  spillover run
  spillover run scenario=benign_engagement policy=full_package replicates=200 seed=7
  spillover run policy=border_security+diplomatic_engagement
  spillover run horizon=hindcast""",
    ),
    "sweep": (
        "A design of cells: scenarios x policies (x draws of the uncertain parameters).",
        """\
  spillover sweep experiment=quick --dry-run
  spillover sweep experiment=policy_groups replicates=200
  spillover sweep scenario=status_quo,malign_escalation policy='glob(*)' replicates=50
  spillover sweep design=full uncertainty=priors uncertainty.draws=20 replicates=20""",
    ),
}

_OTHERS = {
    "explain": """\
usage: spillover explain NAME [--config-dir DIR]

Value, unit, bounds, prior, basis and derivation of a parameter with the facts behind it; or the
lines of a scenario or policy; or what an outcome means.

examples
  spillover explain levers.prevention.cost
  spillover explain cordon_sanitaire
  spillover explain full_package
""",
    "status": """\
usage: spillover status FOLDER

Cells of a results folder with the replicates that are done, failed and damaged (every file is
compared with its checksum), and whether the installed model can continue it. Exit code 1 if
something is missing, failed or damaged.

example
  spillover status results/quick
""",
    "figures": """\
usage: spillover figures FOLDER

Draw fan charts, distributions, maps and paired differences again from the stored tables.

example
  spillover figures results/quick
""",
}


def overview() -> str:
    """Text of `spillover --help`."""
    return _OVERVIEW.format(version=__version__)


def of_verb(verb: str) -> str:
    """Text of `spillover VERB --help`."""
    if verb in _OTHERS:
        return _OTHERS[verb]
    purpose, examples = _PURPOSES[verb]
    return _RUN.format(verb=verb, purpose=purpose, examples=examples, groups=_groups())


def _groups() -> str:
    lines = []
    for group, meaning in GROUPS.items():
        lines.append(f"  {group:<12} {meaning}")
        indent = " " * 15
        options = ", ".join(option_names(group))
        lines += textwrap.wrap(options, 98, initial_indent=indent, subsequent_indent=indent)
    return "\n".join(lines)
