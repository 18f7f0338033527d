"""Three months of a small chain, one week of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.environment import FEATURES, SALES, STORES, csv

if TYPE_CHECKING:
    from tests.environment import Environment, Row

MONTHS = ("2010-02", "2010-03", "2010-04")
MEASURED = "42.31,2.572,NA,NA,NA,NA,NA,211.0963582,8.106,FALSE"


def week(month: str, *, store: int = 1) -> dict[str, str]:
    """Return the files of a week of that month."""
    sales = [f"{store},{dept},{month}-05,{dept}.25,FALSE" for dept in range(1, 5)]
    return {
        f"sales/{month}-{store}.csv": csv(SALES, *sales),
        f"features/{month}-{store}.csv": csv(FEATURES, f"{store},{month}-05,{MEASURED}"),
    }


def history() -> dict[str, str]:
    """Return the files of all months, and the stores."""
    return {name: text for month in MONTHS for name, text in week(month).items()} | {
        "stores/stores.csv": csv(STORES, "1,A,151315", "2,B,202307")
    }


def rows(env: Environment) -> list[Row]:
    """Return all that the relational database has."""
    return env.database("select * from sales order by store, dept, date") + env.database("select * from stores")
