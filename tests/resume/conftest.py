from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.resume.processes import Zygote, open_zygote

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """What starts command lines that can be killed at a given moment."""
    with open_zygote() as process:
        yield process
