"""The page of the settings, read from their declarations."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from retailstream import settings
from retailstream.cli.reference.tables import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_INTRODUCTION: Final = """\
# Settings

A flag beats the environment, which beats the config file (`--config FILE`, [TOML](https://toml.io/), as
[configs/local.toml](../../configs/local.toml) has it), which beats the default. `{home}` is the folder of the
environment: `--home`, or what the variable RETAILSTREAM_HOME names, or `.retailstream` in the current folder.
`retailstream config show` prints each value and where it came from; a password within a URL prints as stars. A key
that does not exist is an error that names the nearest one.
"""


def settings_page() -> str:
    """Return the page: every key, by section, with its default, its environment variable and its meaning."""
    columns = ("key", "default", "environment variable", "meaning")
    return "\n".join([_INTRODUCTION, *(_section(*found, columns) for found in _sections(settings.Settings, ""))])


def _section(tree: type[BaseModel], prefix: str, columns: tuple[str, ...]) -> str:
    told = _docstrings(tree)
    rows = [
        (
            code(prefix + name),
            code("" if field.default == {} else str(field.default)) or "(empty)",
            code(settings.variable_of(prefix + name)),
            told[name],
        )
        for name, field in tree.model_fields.items()
        if _section_of(field) is None
    ]
    heading = f"## {code(prefix.rstrip('.'))}\n\n{inspect.getdoc(tree)}\n\n" if prefix else ""
    return f"{heading}{table(columns, rows)}"


def _sections(tree: type[BaseModel], prefix: str) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield a tree of settings and those within it, each with what its keys begin with."""
    yield tree, prefix
    for name, field in tree.model_fields.items():
        if section := _section_of(field):
            yield from _sections(section, f"{prefix}{name}.")


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


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
