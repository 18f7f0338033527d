from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.steps import ROOT, try_word_by_word, with_commands

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_first_week_word_by_word(tmp_path: Path) -> None:
    page = ROOT / "docs/tutorial/first-week.md"
    assert try_word_by_word(page, tmp_path / "mine", with_commands(tmp_path / "bin")) > 8
