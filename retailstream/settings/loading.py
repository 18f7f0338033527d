"""Settings read once, with a note of where each value came from.

A flag beats the environment (`RETAILSTREAM__SECTION__KEY`), which beats the config file, which beats the default.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from retailstream.errors import UsageError
from retailstream.settings.layers import (
    add_variables,
    flatten,
    misspelt,
    read_environment,
    read_file,
    variable_of,
)
from retailstream.settings.masking import shown, table_of
from retailstream.settings.tree import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Value:
    """One setting, as `config show` prints it."""

    key: str
    value: str
    origin: str


@dataclass(frozen=True)
class Loaded:
    """The settings, and for each the layer it came from."""

    settings: Settings
    origins: Mapping[str, str]

    def values(self) -> list[Value]:
        """Return every setting with its origin; a password within a URL prints as stars."""
        flat = flatten(self.settings.model_dump())
        return [Value(key, shown(key, value), self.origins.get(key, "default")) for key, value in flat.items()]

    @property
    def hash(self) -> str:
        """The same settings have the same hash; secrets take no part."""
        text = json.dumps([(value.key, value.value) for value in self.values()])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load(*, home: Path, config: Path | None, flags: Mapping[str, str | None]) -> Loaded:
    """Read all layers; `flags` are dotted keys, and `{home}` in a value is the environment's home.

    Raises UsageError for an unknown key or variable, naming the nearest right one, and for a value of a wrong form.
    """
    known = list(flatten(Settings().model_dump()))
    origins: dict[str, str] = {}
    merged: dict[str, Any] = {}
    configured = read_file(config)
    added = add_variables(config, configured.get("env_file"))
    for variable, meant in misspelt(known):
        raise UsageError(f"unknown setting '{variable}'", hint=f"did you mean {meant}?")
    layers = (
        (f"file {config}" if config else "", configured),
        ("environment", dict(read_environment())),
        ("flag", {key: value for key, value in flags.items() if value is not None}),
    )
    for origin, layer in layers:
        for key, value in layer.items():
            _check_key(key, known, origin)
            origins[key] = f"file {configured['env_file']}" if origin == "environment" and key in added else origin
            merged[key] = value
    return Loaded(_validated(merged, home, origins), origins)


def _check_key(key: str, known: list[str], origin: str) -> None:
    if key in known or table_of(key):
        return
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    name = variable_of if origin == "environment" else str
    found, nearest = name(key), name(near[0]) if near else ""
    where = "" if origin == "environment" else f" in {origin}"
    hint = f"did you mean {nearest}?" if nearest else "retailstream config show lists every setting"
    raise UsageError(f"unknown setting '{found}'{where}", hint=hint)


def _validated(merged: Mapping[str, Any], home: Path, origins: Mapping[str, str]) -> Settings:
    defaults = flatten(Settings().model_dump())
    tree: dict[str, Any] = {}
    for key, value in (defaults | dict(merged)).items():
        filled = value.replace("{home}", str(home.absolute())) if isinstance(value, str) else value
        table = table_of(key)
        section, _, name = (table or key).rpartition(".")
        place = tree.setdefault(section, {}) if section else tree
        if table:
            place.setdefault(name, {})[key.removeprefix(f"{table}.")] = filled
        else:
            place[name] = filled
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"setting '{key}' ({origins.get(key, 'default')}): {message}") from error
