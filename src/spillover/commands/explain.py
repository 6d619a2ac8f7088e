"""`spillover explain`: what stands behind a name, the user's own files included."""

from __future__ import annotations

from pathlib import Path

from spillover.batch.compose import load_layer
from spillover.batch.options import config_root, option_names
from spillover.batch.schema import LAYERS


def explain(name: str, config_dir: Path | None = None) -> str:
    """Text about a parameter, lever, structure, scenario, stressor, policy, outcome or fact.

    Raises:
        UserError: nothing has this name.
    """
    from spillover import observe
    from spillover.evidence.explain import explain as explain_subject

    for layer in LAYERS:
        if config_dir and name in option_names(layer, config_dir):
            (content,) = load_layer(layer, name, config_dir)
            return explain_subject(content, configs=config_root())
    return explain_subject(name, configs=config_root(), outcomes=observe.OUTCOMES)
