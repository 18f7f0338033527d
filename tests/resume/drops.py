"""Two deliveries of a small chain: rejects, doubles and corrections are in both."""

from __future__ import annotations

from typing import Final

from tests.environment import FEATURES, SALES, STORES, csv

_MEASURED: Final = "42.31,2.572,NA,NA,NA,NA,NA,211.0963582,8.106,FALSE"

FIRST: Final = {
    "sales/2010-02.csv": csv(
        SALES,
        "1,1,05/02/2010,24924.50,FALSE",
        "1,2,05/02/2010,50605.27,FALSE",
        "1,1,12/02/2010,46039.49,TRUE",
        "2,2,12/02/2010,46039.49,TRUE",
        "1,2,12/02/2010,oops,TRUE",
    ),
    "sales/2010-03.csv": csv(
        SALES, "1,1,2010-03-05,-21.10,FALSE", "1,2,2010-03-05,1.00,FALSE", "2,2,2010-03-05,3.00,FALSE"
    ),
    "sales/2010-03 (1).csv": csv(SALES, "1,1,12/02/2010,46039.49,TRUE", "1,2,2010-03-05,2.00,FALSE"),
    "features/2010-02.csv": csv(FEATURES, f"1,05/02/2010,{_MEASURED}", f"1,12/02/2010,{_MEASURED}"),
    "features/2010-03.csv": csv(FEATURES, f"1,2010-03-05,{_MEASURED}", f"2,2010-03-32,{_MEASURED}"),
    "stores/stores.csv": csv(STORES, "1,A,151315", "2,B,202307", "3,,1"),
}
"""What an empty home gets."""

SECOND: Final = {
    "sales/2010-04.csv": csv(SALES, "1,1,2010-04-02,10.50,FALSE", "2,1,2010-04-02,20.25,FALSE", "2,1,2010-04-02,x,1"),
    "sales/late.csv": csv(SALES, "1,1,2010-02-05,24000.00,FALSE", "1,2,2010-02-12,777.00,TRUE"),
    "sales/broken.csv": csv("Store,Dept", "1,1"),
    "features/late.csv": csv(
        FEATURES, f"2,2010-03-05,{_MEASURED}", f"1,2010-04-02,{_MEASURED}", f"1,2010-02-05,{_MEASURED[1:]}"
    ),
    "stores/more.csv": csv(STORES, "2,C,202308", "4,A,1000"),
}
"""What comes a week later: a new month, corrections of an old one, and a file that is none."""
