"""The layers that settings come from: a TOML file, variables of the environment, and a file of variables."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from retailstream.errors import UsageError
from retailstream.settings.tree import HOME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PREFIX: Final = "RETAILSTREAM__"
"""What the variable of a setting begins with."""


SINGLE: Final = "RETAILSTREAM_"

SHORT: Final = 6
"""In a name of fewer letters, two that changed their places are much of it."""

HOME_VARIABLE: Final = "RETAILSTREAM_HOME"
"""The variable that names the folder of the environment, which no config file can: settings may be within it."""


def read_file(config: Path | None) -> dict[str, Any]:
    """Return the settings of a TOML file by dotted key; UsageError where it cannot be read."""
    if config is None:
        return {}
    import tomllib  # noqa: PLC0415 -- a hundredth of a second that only a config file needs

    try:
        return flatten(tomllib.loads(config.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"the config file {config} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the config file {config} is not valid TOML: {error}") from error


def add_variables(config: Path | None, env_file: object) -> set[str]:
    """Set the variables of a file where they are not set, and return the keys of settings among them.

    They are set in the environment of this process, where the libraries that we use look for theirs.
    """
    if not (config and env_file):
        return set()
    from dotenv import dotenv_values  # noqa: PLC0415 -- few need it

    path = config.parent / str(env_file)
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError(f"others can read {path}, which may hold secrets", hint=f"chmod 600 {path}")
        found = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"the file {path} that {config} names as env_file cannot be read: {reason}",
            hint="make stack-up writes that of configs/stack.toml",
        ) from error
    added = {name: value for name, value in found.items() if value is not None and name not in os.environ}
    os.environ.update(added)
    return {_key(name) for name in added if name.startswith(PREFIX)}


def home_of(given: str | None = None) -> tuple[Path, str]:
    """Return the folder of the environment and the layer that names it: a flag, RETAILSTREAM_HOME, or the default.

    A variable without a value counts as none.
    """
    variable = os.environ.get(HOME_VARIABLE)
    if given is not None:
        return Path(given), "flag"
    return (Path(variable), "environment") if variable else (Path(HOME), "default")


def read_environment() -> Iterator[tuple[str, str]]:
    """Yield the dotted key and the value of each variable that is a setting."""
    for name, value in os.environ.items():
        if name.startswith(PREFIX):
            yield _key(name), value


def misspelt(known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each variable that means a setting, or the home, by another name, and how that one's variable is written.

    `RETAILSTREAM_LAKE_RAW` → `RETAILSTREAM__LAKE__RAW`, `RETAILSTREAM_HOEM` → `RETAILSTREAM_HOME`; variables with other
    names are those of other programs, such as the DAG's.
    """
    meant = {_bare(variable_of(key)): variable_of(key) for key in known} | {_bare(HOME_VARIABLE): HOME_VARIABLE}
    for name in os.environ:
        if name == HOME_VARIABLE or not name.startswith(SINGLE) or (name.startswith(PREFIX) and _bare(name) != "HOME"):
            continue
        short = len(_bare(name)) < SHORT
        if near := difflib.get_close_matches(_bare(name), meant, n=1, cutoff=0.7 if short else 0.85):
            yield name, meant[near[0]]


def variable_of(key: str) -> str:
    """`"lake.raw"` → `"RETAILSTREAM__LAKE__RAW"`."""
    return f"{PREFIX}{key.upper().replace('.', '__')}"


def _bare(variable: str) -> str:
    """`RETAILSTREAM__LAKE__RAW` → `LAKERAW`."""
    return variable.removeprefix(SINGLE).replace("_", "")


def _key(variable: str) -> str:
    """`"RETAILSTREAM__LAKE__RAW"` → `"lake.raw"`."""
    return variable.removeprefix(PREFIX).lower().replace("__", ".")


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"lake": {"raw": "x"}}` → `{"lake.raw": "x"}`."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
