"""Which config files exist: groups, their options and the folder they are in.

Without Hydra or numpy, because `spillover --help` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from spillover.errors import UserError, nearest

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "scenario": "how the region develops from the branch date on",
        "stressor": "an additional shock on top of the scenario",
        "policy": "what the five states do; a+b combines two",
        "structure": "which account of the mechanisms holds; without_X switches X off",
        "experiment": "a question with its design",
        "design": "which scenarios and policies a sweep crosses",
        "uncertainty": "documented values, or draws from the priors",
        "engine": "where chunks run, workers and block sizes (never changes a number)",
    }
)


def config_root() -> Path:
    """Folder of the packaged configs: inside the package, or at the top of a source checkout.

    Raises:
        UserError: neither exists, so the installation is incomplete.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "configs", package.parents[1] / "configs"):
        if (folder / "config.yaml").is_file():
            return folder
    raise UserError(
        "The configs of the package are missing.",
        where=str(package),
        next="Install the package again: pip install --force-reinstall spillover.",
    )


def option_names(group: str, config_dir: Path | None = None) -> list[str]:
    """Names of the options of a group, the user's own included, in alphabetical order.

    Raises:
        UserError: the user's folder holds a name that the package has already.
    """
    ours = _stems(config_root() / group)
    theirs = _stems(config_dir / group) if config_dir else []
    both = sorted(set(ours) & set(theirs))
    if both:
        raise UserError(
            f"Your folder has a {group} of the same name as one in the package.",
            where=f"{config_dir}/{group}/{both[0]}.yaml",
            got=both[0],
            next="Rename your file, so that nobody mistakes one for the other.",
        )
    return sorted(ours + theirs)


def _stems(folder: Path) -> list[str]:
    return [path.stem for path in folder.glob("*.yaml")] if folder.is_dir() else []


def require_option(group: str, name: str, config_dir: Path | None, *, where: str) -> None:
    """Refuse an option that has no file.

    Raises:
        UserError: with the nearest names.
    """
    known = option_names(group, config_dir)
    if name in known or (group == "experiment" and name in ("null", "None")):
        return
    hint = nearest(name, known)
    raise UserError(
        f"There is no {group} '{name}'.",
        where=where,
        got=name,
        allowed=", ".join(known),
        next=hint.capitalize() if hint.startswith("did you mean") else "Choose one of these.",
    )
