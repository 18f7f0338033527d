"""Help answers at once: heavy packages are imported where they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
