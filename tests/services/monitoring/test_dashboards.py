"""Dashboards: the files are what the code says, a Grafana can read them, and each of their queries has an answer."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.__main__ import FOLDER, main, rendered

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.monitoring.chain import Shop
    from tests.services.monitoring.watching import Watch

FILES = sorted(FOLDER.glob("*.json"))
PROVISIONING = FOLDER.parent / "provisioning"


def document(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


PANELS = [(path.stem, panel) for path in FILES for panel in document(path)["panels"]]


def named(value: object) -> str:
    return f"{value['title']}" if isinstance(value, dict) else str(value)


def test_the_files_are_what_the_code_says() -> None:
    assert {path.name for path in FILES} == set(rendered())
    assert main(["--check"]) == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_is_one_by_the_schema(path: Path) -> None:
    found = document(path)
    again = json.loads(json.dumps(Dashboard.from_json(found).to_json(), default=lambda value: value.to_json()))
    for key in ("title", "uid", "schemaVersion", "templating", "time", "links"):
        assert again[key] == found[key], key
    assert [panel["id"] for panel in found["panels"]] == list(range(1, len(found["panels"]) + 1))
    assert {variable["name"] for variable in found["templating"]["list"]} == {"source", "environment"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_panels_fill_rows_and_do_not_overlap(path: Path) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in document(path)["panels"]:
        place = panel["gridPos"]
        for cell in (
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ):
            assert cell not in taken, (panel["title"], taken.get(cell))
            assert cell[0] < 24
            taken[cell] = panel["title"]


@pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=named)
@pytest.mark.parametrize("environment", [".+", "shop/one two"])
def test_every_query_of_a_panel_has_an_answer(
    dashboard: str, panel: dict[str, Any], environment: str, watch: Watch, shop: Shop
) -> None:
    assert shop
    assert panel["targets"]
    for target in panel["targets"]:
        query = target["expr"].replace("$environment", environment)
        watch.wait_for(f"{dashboard}: {panel['title']}: {query} has no answer", partial(watch.ask, query))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_query_is_about_the_chosen_environments(path: Path) -> None:
    shared = {"retailstream:reject_limit:ratio"}
    for panel in document(path)["panels"]:
        assert panel["datasource"]["uid"] == "${source}"
        for target in panel["targets"]:
            for name, selector in re.findall(
                r"((?:\w*:)?retailstream[\w:]*|ALERTS|push_\w+)(\{[^}]*\})?", target["expr"]
            ):
                assert "$environment" in selector or name in shared, target["expr"]


def test_provisioning_names_the_source_and_the_folder() -> None:
    sources = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))
    assert [source["type"] for source in sources["datasources"]] == ["prometheus"]
    providers = yaml.safe_load((PROVISIONING / "dashboards" / "retailstream.yml").read_text(encoding="utf-8"))
    assert providers["providers"][0]["options"]["path"].endswith("retailstream")
