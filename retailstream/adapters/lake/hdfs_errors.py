"""Errors of HDFS and its driver as ours, by what each answer means (`adapters/answers/hadoop.py`)."""

from __future__ import annotations

import re
from typing import Final

from retailstream.adapters.answers.hadoop import DRIVER, HDFS
from retailstream.adapters.answers.kinds import AGAIN_HINT, Answer, Reaction, by_code
from retailstream.errors import RetailStreamError, TransientError, UsageError

_FORM: Final = re.compile(r'(?P<kind>\w+)(?:\((?:"(?P<name>[\w.$]+)", )?"?(?P<said>.*)\)$)?', re.DOTALL)
_UNTAKEN: Final = re.compile(r"could only be written to 0 of .* There are (\d+) datanode\(s\) running")


class AbsentError(RetailStreamError):
    """There is no such file, or its folder is not there."""


class TakenError(RetailStreamError):
    """A file is there already, or a folder that is not empty."""


class UntakenError(TransientError):
    """No DataNode takes a block: all of them are full, or the NameNode has not noticed yet that they are away."""


def ours(error: BaseException, url: str) -> RetailStreamError:
    """Return our error for one of the driver, whose text is the name of Rust's error with the server's within."""
    if isinstance(error, (FileNotFoundError, IsADirectoryError)):
        return AbsentError(f"{url} does not have it: {_first_line(str(error))}", hint="retailstream doctor")
    if isinstance(error, FileExistsError):
        return TakenError(f"{url} has it already: {_first_line(str(error))}", hint="retailstream doctor")
    if isinstance(error, OSError):
        return _away(url, str(error))
    found = _FORM.match(str(error))
    kind, name, said = found.group("kind", "name", "said") if found else ("", None, None)
    said = _first_line(said or str(error))
    return _answered(name.rpartition(".")[2].rpartition("$")[2], said, url) if name else _met(kind, said, url)


def _met(kind: str, said: str, url: str) -> RetailStreamError:
    """Return our error for what the driver met itself."""
    found = by_code(DRIVER, kind, said)
    return _known(found, said, url) if found else _failed(said, url)


def _answered(name: str, said: str, url: str) -> RetailStreamError:
    """Return our error for an exception of Hadoop's."""
    told = f"{name}: {said}"
    if "replication factor" in said:
        return UsageError(f"{url} refuses us: {told}", hint="check the user, its rights and the settings of HDFS")
    if found := by_code(HDFS, name, said):
        return _known(found, told, url)
    if untaken := _UNTAKEN.search(said):
        return _untaken(untaken[1], said, url)
    return _failed(told, url)


def _known(found: Answer, told: str, url: str) -> RetailStreamError:
    if found.reaction.passes:
        return _away(url, told)
    if found.reaction is Reaction.OTHER_WAY:
        return TakenError(f"{url} has it already: {told}", hint="retailstream doctor")
    kind = UsageError if found.reaction is Reaction.USER else RetailStreamError
    return kind(f"{url} {found.means}: {told}", hint=found.advice)


def _failed(told: str, url: str) -> RetailStreamError:
    return RetailStreamError(f"{url} failed: {told}", hint="retailstream doctor")


def _untaken(running: str, said: str, url: str) -> TransientError:
    if running == "0":
        return _away(url, said)
    hint = "run the same command again; where it fails for long, look whether DataNodes are full"
    return UntakenError(f"{url} is not available: {said}", hint=hint)


def _away(url: str, said: str) -> TransientError:
    return TransientError(f"{url} is not available: {_first_line(said)}", hint=AGAIN_HINT)


def _first_line(said: str) -> str:
    """Return what comes before the stack trace, which the driver may have escaped."""
    line = re.split(r"\n\s*at |\\n\\tat |\[DatanodeInfoProto", said)[0].rstrip(': "')
    return " ".join(line.replace("\\n", " ").replace('\\"', '"').split())
