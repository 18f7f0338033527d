from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.power.shimmed import open_shimmed, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.power.shimmed import Recorded
    from tests.resume.processes import Zygote


@pytest.fixture(scope="session")
def shimmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """What starts command lines whose calls are recorded, or fail."""
    with open_shimmed(tmp_path_factory.mktemp("shim")) as zygote:
        yield zygote


@pytest.fixture(scope="session")
def deliveries(shimmed: Zygote, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recorded]:
    """A first delivery, and one that comes to an environment."""
    return {name: recorded(shimmed, tmp_path_factory.mktemp(name), name) for name in ("first", "second")}
