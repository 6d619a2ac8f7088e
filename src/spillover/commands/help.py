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
  compare   a sweep whose policies are set side by side: verdicts, costs, decision card
  explain   what stands behind a parameter, lever, structure, scenario, stressor, policy, outcome
            or fact
  status    what of a results folder is done, failed, damaged or left over, and who writes into it
  verify    read every file of a results folder again: what is damaged, missing or stray
  compact   merge the chunks of each cell into one: fewer files, the same rows
  figures   draw the figures of a results folder again
  report    one self-contained HTML file of a comparison, to mail and to print
  events    what a policy averts and what it induces, world by world
  sensitivity   which uncertain parameters decide what a policy changes
  discover  where among the uncertain parameters a policy fails
  validate  compare a hindcast with what was observed: seventeen patterns, hits and misses

first steps
  spillover sweep experiment=quick               four scenarios with and without the full package
  spillover compare experiment=policy_packages   six packages in four scenarios, with a card
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
  --config-dir DIR   also use the files in DIR/scenario, DIR/structure, DIR/experiment, ...

groups (NAME=OPTION)
{groups}

keys (KEY=VALUE)
  replicates=100     random worlds per cell; world i is the same world in every cell
  seed=20210815      root of all random numbers
  horizon=projection to the end of 2030; hindcast: to the end of 2025, for the status quo or a
                     policy with start.policy inside it
  start.date=...     week start (a Sunday) from which scenario and policy count their weeks;
                     also start.scenario, start.stressor, start.policy
  pillar_weights.violence=2   how much a pillar counts in the index, 1 by default; likewise
                     extremism, drugs_and_crime, migration, water_and_economy, regional_strain;
                     changes pillars.csv and no other number, so the folder stays the same
  set.PATH=NUMBER    another value for a parameter, in every week: set.border.posture=2, or for
                     one member of its axis: set.border.posture.TJK=2
  uncertainty.draws  number of draws with uncertainty=priors, each a cell; of trajectories with
                     uncertainty=morris, each of as many cells as there are processes, and one more
  design.scenarios, design.policies   lists for `sweep`, for example [status_quo,full_package]
  engine=local       executor of the chunks: serial, local, or dask (needs spillover[dask]) with
                     engine.address=tcp://HOST:8786 for the workers of other machines
  engine.workers=2   worker processes; engine.batch_size and engine.block_size change the speed
                     and no number; neither does engine.fork=false, which computes the past that
                     cells share once per cell
  compare.baseline   for `compare`: the policy against which effects are measured
  compare.outcomes=[attacks_home,recruits]   key outcomes; verdicts and the card rest on them
  'compare.tolerance.attacks_home=0.2 attacks'   the difference that matters, in the unit of the
                     outcome, as '5 %' of the baseline, or as '0.2 attacks or 5 %' (the larger)
  compare.precision.adaptive=false   all replicates at once; by default `compare` adds blocks of
                     compare.precision.block=50 worlds until every key contrast is known to within
                     its tolerance, from compare.precision.floor=100 on and in
                     compare.precision.successive=3 looks, and ends at `replicates` at the latest
  results=FOLDER     default: results/ with the name of the experiment or of the choices
  name=, question=   name and question of the folder
  figures=false      leave the figures out

Results: manifest.json, cells.parquet, outcomes/, places/ and series/ (Parquet, units in the
schema), series/quantiles.parquet, summary.csv, figures/; of `compare` also analysis/. Hydra's
`run -m` is the same as `sweep`.
Exit code 0: done; 1: some chunks failed (see failures/), or `compare` ended before the precision
was reached; 2: the input was refused.
"""

_PURPOSES = {
    "run": (
        "One cell: a scenario under a policy, in many random worlds.",
        """\
  spillover run
  spillover run scenario=benign_engagement policy=full_package replicates=200 seed=7
  spillover run policy=border_security+diplomatic_engagement
  spillover run horizon=hindcast structure=static_routes   another account, from August 2021 on""",
    ),
    "sweep": (
        "A design of cells: scenarios x policies (x draws of the uncertain parameters).",
        """\
  spillover sweep experiment=quick --dry-run
  spillover sweep experiment=policy_groups replicates=200
  spillover sweep scenario=status_quo,malign_escalation policy='glob(*)' replicates=50
  spillover sweep design=full uncertainty=priors uncertainty.draws=20 replicates=20""",
    ),
    "compare": (
        "Policies side by side in the same random worlds: effects with intervals that hold\n"
        "together, which policy is best and how surely, tails, robustness over scenarios, cost,\n"
        "what moves elsewhere, and a decision card in words.",
        """\
  spillover compare experiment=policy_packages
  spillover compare experiment=quick 'compare.tolerance.recruits=10 %'
  spillover compare experiment=factorial replicates=200 compare.precision.adaptive=false
  spillover compare scenario=malign_escalation policy='status_quo,full_package@104,full_package'
                     @104: started 104 weeks later; @without_UZB: without one state""",
    ),
}

_OTHERS = {
    "explain": """\
usage: spillover explain NAME [--config-dir DIR]

What stands behind a name:

  a parameter path   value, unit, bounds, prior, basis and derivation, and the facts behind it;
                     the beginning of a path, such as border, lists its parameters
  a lever            what it does, its cost, delay and preconditions, and who uses it
  a structure        which mechanisms it switches off or replaces, from the first week on
  a scenario, stressor or policy   its changes line by line, with what holds without them
  an outcome         what is counted, its unit and whether more of it is better
  a fact id          what a document says, and what of the model rests on it

A kind in front picks one of several things of one name: policy/engagement, lever/engagement.

examples
  spillover explain levers.prevention.cost
  spillover explain prevention
  spillover explain structure/static_routes
  spillover explain cordon_sanitaire
  spillover explain stressor/aid_collapse
  spillover explain policy/full_package
  spillover explain water_deficit
  spillover explain M-KOSHTEPA-TENSION

options
  --config-dir DIR   also find the files in DIR/scenario, DIR/structure, DIR/policy, ...
""",
    "status": """\
usage: spillover status FOLDER [--quick]

Cells of a results folder with the replicates that are done, failed and damaged (every file is
compared with its checksum), what killed runs have left over, which process writes into the folder
now, and whether the installed model can continue it. Exit code 1 if something is missing, failed
or damaged.

  --quick            look at names only and compare no checksum; for folders with many chunks

examples
  spillover status results/quick
  spillover status results/quick --quick
""",
    "verify": """\
usage: spillover verify FOLDER

Reads every file that has a checksum (chunks, receipts, manifest, cells, weekly quantiles) and lists
what is damaged, missing, stray (nobody knows the file) or left over (nobody needs it), with the
command that mends the folder. Writes nothing. Exit code 1 if there is anything to list.

example
  spillover verify results/quick
""",
    "compact": """\
usage: spillover compact FOLDER

Merges the chunks of each cell into one file per kind of table. The rows, their order and the hash
of the results stay the same; more replicates can be added afterwards, and merged again. Damaged
chunks are refused. It may be stopped or killed at any time: nothing is lost or counted twice.

example
  spillover compact results/quick
""",
    "figures": """\
usage: spillover figures FOLDER [--format png|svg|pdf]

Draw everything again from the stored tables: fan charts, distributions, maps, flows and paired
differences; of a comparison also regret, criteria, cost, precision and events; of an exploration
what decides and where a policy fails.

  --format KIND      svg and pdf are made of lines and text, for print; default png

examples
  spillover figures results/quick
  spillover figures results/quick --format pdf
""",
    "report": """\
usage: spillover report FOLDER

Writes report.html into a folder that `spillover compare` has written (which does so itself): the
decision card, figures, sortable tables, and where the numbers come from, in one file under 1 MB
that needs no network.

example
  spillover report results/quick
""",
    "events": """\
usage: spillover events FOLDER [--policy NAME] [--scenario NAME] [--world N]

Sets the events of a policy beside those of the baseline in the same worlds: attacks, plots,
crossings, seizures, arrivals. In each place and year of each world, what happens only under the
baseline is averted, what happens only under the policy is induced; the difference of the two is
the effect that `compare` reports. An event that moves to another week of the same place and year
counts as kept, so both numbers are lower bounds.

  --policy NAME      default: the last policy of the folder
  --scenario NAME    default: all
  --world N          what is different in replicate N, year by year; writes nothing

examples
  spillover events results/quick
  spillover events results/quick --scenario malign_escalation --world 17

Writes analysis/events.csv (by state and year, all policies) and events_by_region.csv (by Afghan
province and Central Asian region). Without --world the numbers are means over the worlds.
""",
    "sensitivity": """\
usage: spillover sensitivity FOLDER [--policy NAME] [--outcome NAME]

Ranks the uncertain parameters of a folder with draws by what they do to the effect of a policy
against the baseline, by scenario and key outcome. Draws from the priors (uncertainty=priors): PAWN
index of every parameter; an index below the largest of as many dummies without effect is noise, and
not shown. A Morris screen (uncertainty=morris): what the effect changes by, in its unit, when all
parameters of a process move by half of their prior. Needs spillover[explore].

  --policy NAME      default: the last policy of the folder
  --outcome NAME     default: the key outcomes of `compare`

examples
  spillover sweep experiment=screening
  spillover sensitivity results/screening
  spillover sweep experiment=exploration
  spillover sensitivity results/exploration --outcome recruits

Writes analysis/importance.csv, every parameter included.
""",
    "discover": """\
usage: spillover discover FOLDER [--policy NAME] [--outcome NAME]

Looks for the region of the uncertain parameters in which a policy fails: where it is worse than
the best policy of the folder, in the same draw, by more than the tolerance. PRIM and a shallow
tree search two thirds of the draws; the other third says whether the region is confirmed. Needs
spillover[explore] and a folder with draws (uncertainty=priors).

  --policy NAME      default: the last policy of the folder
  --outcome NAME     default: the key outcomes of `compare`

examples
  spillover sweep experiment=exploration
  spillover discover results/exploration --policy full_package --outcome recruits
  spillover discover results/exploration --policy status_quo     where doing nothing new fails

Writes analysis/boxes.csv, a row per limit. A policy that fails too seldom has no region: the share
of draws in which it fails, with its interval, is the finding then.
""",
    "validate": """\
usage: spillover validate [FOLDER] [--replicates N] [--priors N] [--results FOLDER]

Compare a hindcast with observed patterns of 2021 to 2023 (attacks, strengths, poppy, seizures,
refugees, trade, revenue, engagement, plots). A pattern passes when 90% of the worlds span the
observed value and their median lies inside the band; it is a miss otherwise, and not covered
where the folder has no such outcome. Nothing is fitted here, and misses are shown like passes.

  FOLDER             a folder that `spillover run horizon=hindcast` has written; without one, a
                     hindcast is run into results/validation (and continued if it is there)
  --replicates N     worlds of that hindcast (default 40)
  --priors N         also run N draws of the uncertain parameters and say for which share of the
                     draws each median lies inside its band
  --results FOLDER   another place for what is run; default results/validation

One pattern is an experiment: it needs the same worlds with doubled patrols, which are run beside
the hindcast (FOLDER-patrols; FOLDER-priors holds the draws). Given a FOLDER, the experiment is
read from beside it if it is there.

examples
  spillover validate
  spillover validate --replicates 100 --priors 50
  spillover run horizon=hindcast structure=without_reporting name=silent
  spillover validate results/silent

Writes validation.csv, validation.md and figures/validation.png into the folder. Exit code 0,
however many patterns are missed; 1 if parts of the run failed; 2 if the input was refused.
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
