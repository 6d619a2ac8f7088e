"""From `configs/` and command-line overrides to one checked configuration, through Hydra.

Two things are done before Hydra sees the overrides: values under ``set.`` are parameter paths and
not configuration keys, and a choice such as ``policy=a+b`` or ``scenario=a,b`` names several
files. Hydra's own errors are turned into the form that every other refusal has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException, ValidationError
from yaml import YAMLError

from spillover.batch.options import GROUPS, config_root, option_names, require_option
from spillover.batch.schema import DOCUMENTED, LAYERS, Config, check, known_keys, unknown_key
from spillover.batch.variants import VARIANT, option_of, vary
from spillover.errors import UserError

_COMMAND_LINE = "command line"
TOLERANCE = "compare.tolerance."
"""Keys below it are names of outcomes, which only the model knows."""
REFERENCES = frozenset({"status_quo", DOCUMENTED})
"""Options that change nothing; they come first."""


@dataclass(frozen=True)
class Composed:
    """A checked configuration together with the files it chose.

    ``choices`` maps each group (structure, scenario, policy, ...) to the chosen option;
    ``asked`` holds the layers that the command line named, with one or more options each.
    """

    config: Config
    choices: Mapping[str, str]
    asked: Mapping[str, tuple[str, ...]]
    overrides: tuple[str, ...]
    config_dir: Path | None


@dataclass
class _Parsed:
    for_hydra: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, tuple[str, ...]] = field(default_factory=dict)


def compose_config(overrides: Sequence[str], config_dir: Path | None = None) -> Composed:
    """Compose and check the configuration of a run or sweep.

    Raises:
        UserError: an override cannot be read, or a key, option, type or value is not allowed.
    """
    if config_dir is not None and not config_dir.is_dir():
        raise UserError(
            "The folder of your own configs does not exist.",
            where="--config-dir",
            got=str(config_dir),
            allowed="a folder with scenario/, policy/ or experiment/ inside",
        )
    parsed = _parse(overrides, config_dir)
    with _hydra(config_dir) as search_path:
        tree = _compose([*search_path, *parsed.for_hydra])
    choices = {key: str(tree.hydra.runtime.choices.get(key)) for key in GROUPS}
    for layer in LAYERS:
        choices[layer] = parsed.asked.get(layer, (choices[layer],))[0]
    config = _structured(tree, choices)
    config.set = {**_flatten(config.set), **parsed.parameters}
    check(config, _COMMAND_LINE if overrides else "configs/config.yaml")
    return Composed(config, choices, parsed.asked, tuple(overrides), config_dir)


def load_layer(layer: str, name: str, config_dir: Path | None = None) -> list[dict[str, Any]]:
    """Contents of an option of a layer; ``a+b`` gives the contents of both.

    ``a@104`` starts 104 weeks later, ``a@without_UZB`` leaves a state out (`variants`). Each
    mapping carries an additional key ``origin`` that names its file.
    """
    contents = []
    for part in name.split("+"):
        option, *words = part.split(VARIANT)
        require_option(layer, option, config_dir, where=layer)
        with _hydra(config_dir) as search_path:
            tree = _compose([*search_path, f"{layer}={option}"])
        origin = f"configs/{layer}/{option}.yaml"
        content = vary(_mapping(tree.get(layer), origin), words, layer)
        contents.append({**content, "origin": origin})
    return contents


def _mapping(node: Any, origin: str) -> dict[str, Any]:
    """Content of a layer's file as plain values."""
    try:
        content = OmegaConf.to_container(node, resolve=True)
    except (OmegaConfBaseException, ValueError) as error:
        raise UserError("The file cannot be read.", where=origin, got=_first_lines(error)) from None
    return {str(key): value for key, value in content.items()} if isinstance(content, dict) else {}


def expand_names(layer: str, names: Sequence[str], config_dir: Path | None) -> tuple[str, ...]:
    """Option names with ``all`` and globs replaced, each once, in the order given."""
    known = option_names(layer, config_dir)
    result: dict[str, None] = {}
    for name in names:
        pattern = "*" if name == "all" else name
        if "*" in pattern or "?" in pattern:
            # the reference comes first wherever it is part of the set
            matches = [option for option in known if fnmatchcase(option, pattern)]
            result.update(dict.fromkeys(sorted(matches, key=lambda n: n not in REFERENCES)))
        else:
            for part in pattern.split("+"):
                require_option(layer, part.split(VARIANT)[0], config_dir, where=layer)
            result[pattern] = None
    return tuple(result)


def _parse(overrides: Sequence[str], config_dir: Path | None) -> _Parsed:
    parser = OverridesParser.create()
    parsed = _Parsed()
    for text in overrides:
        try:
            override = parser.parse_override(text)
        except HydraException as error:
            raise _unreadable(text, str(error)) from None
        key = override.key_or_group
        is_parameter = key.startswith("set.") or (key == "set" and override.value() != {})
        if override.type is OverrideType.DEL or (
            override.type is not OverrideType.CHANGE and not is_parameter
        ):
            raise UserError(
                "Keys are neither added nor removed on the command line.",
                where=_COMMAND_LINE,
                got=text,
                allowed="KEY=VALUE with a key of the configuration",
                next="Leave out the leading '+' or '~'.",
            )
        if is_parameter:
            parsed.parameters.update(_parameter_values(key, override.value()))
        elif key in LAYERS:
            parsed.asked[key] = _names(override, key, config_dir)
            parsed.for_hydra.append(f"{key}={option_of(parsed.asked[key][0])}")
        else:
            _require_key(key, override, config_dir)
            parsed.for_hydra.append(f"++{text}" if key.startswith(TOLERANCE) else text)
    return parsed


def _parameter_values(key: str, value: Any) -> dict[str, Any]:
    """Parameter paths and values of one ``set`` override."""
    if key != "set":
        return _flatten({key.removeprefix("set."): value})
    if isinstance(value, Mapping):
        return _flatten(value)
    raise UserError(
        "'set' needs the path of a parameter.",
        where=_COMMAND_LINE,
        got=f"set={value}",
        allowed="set.PATH=NUMBER, for example set.border.posture=2",
    )


def _names(override: Override, layer: str, config_dir: Path | None) -> tuple[str, ...]:
    value = override.value()
    if isinstance(value, Glob):
        given = [pattern for pattern in value.include]
    elif override.is_choice_sweep():
        given = [str(item) for item in value.list]  # type: ignore[union-attr]
    elif isinstance(value, list):
        given = [str(item) for item in value]
    else:
        given = [str(value)]
    names = expand_names(layer, given, config_dir)
    if not names:
        raise UserError(
            f"No {layer} fits '{override.input_line}'.",
            where=_COMMAND_LINE,
            allowed=", ".join(option_names(layer, config_dir)),
        )
    return names


def _require_key(key: str, override: Override, config_dir: Path | None) -> None:
    if key.split(".")[0] in LAYERS:
        raise UserError(
            f"The content of a {key.split('.')[0]} file is not changed on the command line.",
            where=_COMMAND_LINE,
            got=override.input_line,
            allowed=f"{key.split('.')[0]}=NAME",
            next="Change a parameter with set.<path>=<value>, or write a file of your own and "
            "give its folder with --config-dir.",
        )
    if override.is_sweep_override():
        raise UserError(
            "Only scenarios and policies can be given several values in one command.",
            where=_COMMAND_LINE,
            got=override.input_line,
            allowed="one value",
            next="Run the command once per value, each with its own results=FOLDER.",
        )
    if key in GROUPS:
        require_option(key, str(override.value()), config_dir, where=_COMMAND_LINE)
        return
    value = override.value()
    parts = [f"{key}.{part}" for part in value] if isinstance(value, Mapping) else []
    for name in (key, *parts):
        if name not in known_keys() and not name.startswith(TOLERANCE):
            raise unknown_key(name, _COMMAND_LINE)


@contextmanager
def _hydra(config_dir: Path | None) -> Iterator[list[str]]:
    """Hydra with our folder of configs; yields the override that adds the user's folder."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_root()), version_base="1.3", job_name="spillover"):
        yield [f"hydra.searchpath=['file://{config_dir.resolve()}']"] if config_dir else []


def _compose(overrides: list[str]) -> DictConfig:
    try:
        return compose("config", overrides=overrides, return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise UserError(
            "The configuration cannot be composed.",
            where="configs/",
            got=_first_lines(error),
            next="Correct the file or the override; `spillover run --help` lists the groups.",
        ) from None


def _structured(tree: DictConfig, choices: Mapping[str, str]) -> Config:
    """The composed tree as a checked ``Config``; layers are reduced to their names."""
    container = {str(k): tree._get_node(k) for k in tree if k not in ("hydra", *LAYERS)}
    plain = OmegaConf.create(container)
    plain.update({layer: choices[layer] for layer in LAYERS})
    try:
        merged = OmegaConf.merge(OmegaConf.structured(Config), plain)
        config = OmegaConf.to_object(merged)
    except ConfigKeyError as error:
        raise unknown_key(error.full_key or str(error.key), "configs/") from None
    except ValidationError as error:
        key = str(error.full_key)
        raise UserError(
            f"'{key}' has a value of the wrong kind.",
            where=key,
            got=OmegaConf.select(plain, key),
            allowed=_kind_of(key),
            next=f"For example {key}={OmegaConf.select(OmegaConf.structured(Config), key)}.",
        ) from None
    except OmegaConfBaseException as error:
        raise UserError(
            "The configuration cannot be resolved.", where="configs/", got=_first_lines(error)
        ) from None
    assert isinstance(config, Config)
    return config


def _kind_of(key: str) -> str:
    kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    default = OmegaConf.select(OmegaConf.structured(Config), key)
    return kinds.get(type(default), "see `spillover run --help`")


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings of parameters as full dotted paths."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(_flatten(value, path + "."))
        else:
            flat[path] = value
    return flat


def _unreadable(text: str, reason: str) -> UserError:
    is_bare = "=" not in text
    return UserError(
        f"'{text}' cannot be read as an override.",
        where=_COMMAND_LINE,
        got=text if is_bare else reason.splitlines()[0],
        allowed="KEY=VALUE, for example replicates=200",
        next=f"Write {text}=VALUE." if is_bare and text else "Quote values with special signs.",
    )


def _first_lines(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(line for line in lines[:3] if "search path" not in line)
