"""Help answers at once: heavy packages are imported where they are used."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from retailstream.cli.failure import RootGroup

if TYPE_CHECKING:
    from tests.environment import Environment

ENGINES = ("boto3", "duckdb", "numpy", "pandas", "pyarrow", "pyspark", "rich", "sqlalchemy")
HEAVY = (*ENGINES, "sqlite3")


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        ([], (*HEAVY, "pydantic")),
        (["--help"], (*HEAVY, "pydantic")),
        (["analyze", "--help"], HEAVY),
        (["run", "--help"], HEAVY),
        (["--version"], HEAVY),
        (["config", "show"], ENGINES),
        (["runs"], ENGINES),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_light_command_imports_nothing_heavy(tmp_path: object, words: list[str], heavy: tuple[str, ...]) -> None:
    start = f"app({[*words, '--home', str(tmp_path)]!r})" if words else "pass"
    code = (
        "import sys\nfrom retailstream.cli.app import app\n"
        f"try: {start}\nexcept SystemExit as end: assert not end.code\n"
        f"print('loaded', [name for name in {heavy!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "loaded []"


INTERRUPTED = "error: interrupted; the same command takes up where this one stopped\n"


def test_ctrl_c_while_the_command_line_is_imported_is_one_sentence() -> None:
    code = (
        "import sys\nfrom importlib.abc import MetaPathFinder\nfrom retailstream.__main__ import main\n"
        "class Interrupting(MetaPathFinder):\n"
        "    def find_spec(self, name, *_rest):\n"
        "        if name == 'retailstream.cli.stages': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", INTERRUPTED)


def test_ctrl_c_before_the_command_begins_is_one_sentence(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_words: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RootGroup, "make_context", interrupted)
    outcome = env.command("doctor")
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (130, "", INTERRUPTED)
