"""The page of the settings, read from their declarations."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from retailstream import layers, settings
from retailstream.cli.reference.tables import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

_INTRODUCTION: Final = """\
# Settings

A flag beats the environment, which beats the config file (`--config FILE`, [TOML](https://toml.io/), as
[configs/local.toml](../../configs/local.toml) has it), which beats the default. `{home}` is the folder of the
environment: `--home`, or `.retailstream` in the current folder. `retailstream config show` prints each value and where
it came from; a password within a URL prints as stars. A key that does not exist is an error that names the nearest one.
"""


def settings_page() -> str:
    """Return the page: every key with its default, its environment variable and its meaning."""
    rows = [
        (
            code(key),
            code(default) or "(empty)",
            code(layers.PREFIX + key.upper().replace(".", "__")),
            meaning,
        )
        for key, default, meaning in _settings(settings.Settings, "")
    ]
    return f"{_INTRODUCTION}\n{table(('key', 'default', 'environment variable', 'meaning'), rows)}"


def _settings(tree: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield each key with its default and its meaning; that of a section goes before its first sentence."""
    told = _docstrings(tree)
    for name, field in tree.model_fields.items():
        if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
            yield from _settings(field.annotation, f"{prefix}{name}.")
        else:
            section = f"{inspect.getdoc(tree)} " if prefix else ""
            default = "" if field.default == {} else str(field.default)
            yield f"{prefix}{name}", default, section + told[name]


def _docstrings(tree: type[BaseModel]) -> dict[str, str]:
    """Return the text below each attribute of a class; KeyError later on where one has none."""
    [declared] = ast.parse(inspect.getsource(tree)).body
    body = declared.body if isinstance(declared, ast.ClassDef) else []
    return {
        attribute.target.id: inspect.cleandoc(text.value.value)
        for attribute, text in pairwise(body)
        if isinstance(attribute, ast.AnnAssign)
        and isinstance(attribute.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
