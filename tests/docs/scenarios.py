"""Which commands of the documentation are tried where, and which are not, with the reason."""

from __future__ import annotations

from typing import Final

from tests.docs.commands import Command, Scenario, commands_of

ELSEWHERE: Final = {
    ("README.md", "console"): "tests/docs/test_tutorial.py",
    ("README.md", "python"): "tests/docs/test_tutorial.py",
    ("docs/how-to/add-an-analysis.md", "sql"): "tests/docs/test_commands.py",
    ("docs/how-to/back-up-and-restore.md", "sh"): "tests/docs/test_tutorial.py",
    ("docs/tutorial/first-week.md", "sh"): "tests/docs/test_tutorial.py",
    ("docs/tutorial/an-operators-day.md", "sh"): "tests/services/monitoring/test_an_operators_day.py",
}
"""Blocks of a page whose output is compared, too, and the test that does."""

UNTRIED: Final[dict[str, dict[str, str]]] = {
    "README.md": {
        "make demo": "tests/docs/test_tutorial.py runs it, and so does CI",
        "make test": "CI runs it: it runs this very test",
        "pip install .": "it fetches from a registry; CI installs the same by make",
    },
    "docs/how-to/deploy-to-aws.md": {
        "curl -O": "it fetches from AWS",
        "make lambda-zip": "the file of authorities is AWS's; tests/services/test_events.py builds and runs the package",
        "make glue-wheels": "the same; tests/unit/test_glue_wheels.py has its words",
        "aws ": "an account of AWS; tests/services/test_cloudformation.py makes the template's stack in a stand-in",
        "export RETAILSTREAM__DATABASE__URL": "the database of that account",
        "retailstream doctor --config configs/aws.toml": "the same",
        "retailstream ingest --config configs/aws.toml": "the same",
        "retailstream glue-merge --config configs/aws.toml": "the same",
        "retailstream monitor --config configs/aws.toml": "the same",
    },
    "docs/how-to/run-every-week.md": {
        "cp configs/systemd": "it needs root and systemd; tests/services/test_timers.py checks the units",
        "systemctl ": "the same",
    },
    "docs/how-to/run-in-production.md": {
        "apt-get install": "it installs servers for the whole machine",
        "cp ": "it writes to /etc; tests/services/monitoring runs these files",
        "promtool ": "the same; tests/services/monitoring checks them by promtool",
    },
    "docs/how-to/run-with-airflow.md": {
        "make airflow-up": "tests/services/airflow_dag starts the same Airflow",
        "make airflow-down": "the same",
        "airflow backfill": "tests/services/airflow_dag runs the DAG for dates of its own",
        "with DAG(": "tests/services/airflow_dag/dags has such a DAG, and runs it",
    },
    "docs/how-to/runbook.md": {
        "curl -s http": "Prometheus and Pushgateway of the machine; tests/services/monitoring asks its own",
        "systemctl ": "it needs systemd",
        "journalctl ": "the same",
    },
    "docs/how-to/use-hdfs.md": {"pip install": "it fetches from a registry"},
    "docs/how-to/use-hive.md": {"pip install": "it fetches from a registry"},
    "docs/how-to/use-spark.md": {
        "pip install": "it fetches from a registry",
        "cat submit.py": "it shows a file",
        "spark-submit": "it needs a cluster with YARN",
        "retailstream glue-merge --engine glue": "an account of AWS; tests/unit runs it with a stand-in for Glue",
    },
    "docs/tutorial/first-week.md": {
        "python3 -m venv": "it makes an environment for the next line",
        ".venv/bin/pip install .": "it fetches from a registry; CI installs the same by make",
        "source .venv": "the same",
    },
}
"""Commands that no test tries, by the start of their text."""


def tried(page: str) -> list[Command]:
    """Return the commands of a page that its scenario tries."""
    reasons = UNTRIED.get(page, {})
    return [
        command
        for command in commands_of(page)
        if (page, command.kind) not in ELSEWHERE and not command.text.startswith(tuple(reasons))
    ]


HOMES: Final = {"/srv/retail": ".retailstream", "/srv/drop": "drop"}

RESET: Final = 'rm -rf .retailstream drop; cp -a "$BASE/." .\n'
"""The environment as it was before the page."""

MANY: Final = (
    "$(retailstream quarantine list --format json | python -c 'import json, sys;"
    """ print(next(each["id"] for each in json.load(sys.stdin) if each["others"]))')"""
)
"""The entry that stands for others."""

HEAD: Final = "Store,Dept,Date,Weekly_Sales,IsHoliday"

WEEK: Final = """\
cat > drop/sales/sales_2011-04-01.csv <<'END'
Store,Dept,Date,Weekly_Sales,IsHoliday
1,1,01/04/2011,20398.09,False
1,2,01/04/2011,"46,992.58",False
1,3,31/04/2011,8734.19,False
1,4,01/04/2011,,False
1,5,01/04/2011,24812.00,False
END
retailstream run --source drop || test $? = 3
"""
"""The bad file of the first week's tutorial."""

FIXED: Final = """\
printf '%s\\n' Store,Dept,Date,Weekly_Sales,IsHoliday 1,2,01/04/2011,46992.58,False 1,3,01/04/2011,8734.19,False > fixed.csv
sed '/^1,/d; s/,25\\/03\\/2011,/,01\\/04\\/2011,/' drop/sales/sales_2011-03-25.csv > drop/sales/sales_2011-04-01_others.csv
"""

UNREADABLE: Final = (
    RESET
    + """\
printf '%s\\n' Store,Dept,Date,IsHoliday 1,1,26/10/2012,False > drop/sales/sales_2012-10-26.csv
printf '%s\\n' Store,Dept,Date,Weekly_Sales,IsHoliday 1,1,26/10/2012,5.00,False > mended.csv
retailstream run --source drop || test $? = 3
"""
)


def _tills(amount: int) -> str:
    """Return what drops sales of single tills, and has a run refuse them."""
    rows = " ".join(f"1,1,01/04/2011,{amount + till}.00,False" for till in range(20))
    return f"printf '%s\\n' {HEAD} {rows} > drop/sales/tills.csv\nretailstream run --source drop || test $? = 3\n"


def _rows(name: str, *rows: str, first: int = 1) -> str:
    """Return what drops a file of fridays' rows, and then these."""
    good = [f"{store},{dept},26/10/2012,{store}{dept}.00,False" for store in (1, 2) for dept in range(1, 9)]
    return f"printf '%s\\n' {HEAD} {' '.join([*good[first - 1 :], *rows])} > drop/sales/{name}\n"


EMBEDDED: Final = {
    "docs/how-to/add-an-analysis.md": Scenario(
        before={
            "": """\
cp -r "$ROOT/retailstream" changed-package && mkdir changed && mv changed-package changed/retailstream
python - "$PAGE" <<'END'
import re, sys, textwrap
[sql] = re.findall(r"```sql\\n(.*?)```", open(sys.argv[1]).read(), re.DOTALL)
open("changed/retailstream/analytics/sql/quiet_departments.sql", "w").write(textwrap.dedent(sql))
END
"""
        },
        swaps={"retailstream analyze": "cd changed && python -m retailstream --home ../.retailstream analyze"},
    ),
    "docs/how-to/ask-from-python.md": Scenario(swaps=HOMES),
    "docs/how-to/correct-bad-data.md": Scenario(
        before={
            "retailstream quarantine list  ": WEEK,
            "retailstream quarantine replay --file fixed.csv": FIXED,
            "retailstream quarantine replay --file mended.csv": UNREADABLE,
            "retailstream run --source drop\n": RESET
            + _tills(100)
            + f"printf '%s\\n' {HEAD} 1,1,01/04/2011,190.00,False > drop/sales/tills.csv\n",
            'retailstream quarantine discard sales/tills.csv --reason "single sales"': RESET + _tills(100),
            "RETAILSTREAM__QUALITY__MAX_SUPERSEDED_IN_FILE": RESET + _tills(300),
            "retailstream quarantine withdraw sales/week.csv:12": RESET
            + _rows("week.csv", "1,9,26/10/2018,9.00,False", first=6)
            + "retailstream run --source drop\n",
            "retailstream quarantine discard 1c89404e07bc604a": RESET
            + _rows("many.csv", *["1,9,26/10/2012,wrong,False"] * 3)
            + "RETAILSTREAM__LIMITS__KEPT_RECORDS=1 retailstream run --source drop --max-rejects 100%\n",
            'retailstream quarantine discard sales/sales_2012-10-26.csv --reason "sent again"': RESET
            + _rows("sales_2012-10-26.csv", "1,9,26/10/2012,wrong,False")
            + "retailstream run --source drop --max-rejects 50%\n"
            + _rows("sent-again.csv", "1,9,26/10/2012,9.00,False"),
            "retailstream quarantine withdraw sales/sales_2012-10-26.csv:17": RESET
            + _rows("sales_2012-10-26.csv", "1,3,26/10/2018,9.00,False", "1,2,26/10/2018,9.00,False")
            + _rows("other_chain.csv", "3,3,26/10/2012,9.00,False", first=16)
            + "retailstream run --source drop\n",
        },
        swaps={"1c89404e07bc604a": MANY},
    ),
    "docs/how-to/find-and-mend-damage.md": Scenario(swaps=HOMES),
    "docs/how-to/query-with-sqlite.md": Scenario(needs=("sqlite3",)),
    "docs/how-to/run-every-week.md": Scenario(swaps=HOMES),
    "docs/how-to/runbook.md": Scenario(
        before={"": WEEK, "retailstream verify": RESET},
        swaps={
            "RUN_ID": '$(retailstream runs --limit 1 --format json | grep -o \'"run_id": *"[^"]*\' | cut -d\'"\' -f4 | sed -n 1p)',
            "show ID": "show 94cb1",
            **HOMES,
        },
    ),
}
"""Pages whose commands run in an environment on this machine alone: the first week's."""

URL: Final = "'mysql+pymysql://ann:PASSWORD@db.example.com:3306/retail?ssl_ca=/etc/ssl/rds.pem'"

TABLES: Final = """\
python - <<'END'
import os
from urllib.parse import urlsplit
import pymysql

url = urlsplit(os.environ["RETAILSTREAM__DATABASE__URL"])
with pymysql.connect(
    host=url.hostname, port=url.port, user=url.username, password=url.password, database=url.path[1:], autocommit=True
) as connection:
    cursor = connection.cursor()
    cursor.execute("create table customers (id int primary key, name varchar(20))")
    cursor.execute("insert into customers values (1, 'Ann'), (2, 'Bob')")
    cursor.execute(
        "create table orders (id int primary key, customer int, total decimal(9,2), state varchar(9), changed_at datetime)"
    )
    cursor.execute("insert into orders values (1, 1, 9.99, 'paid', '2012-10-26'), (2, 2, 1, 'open', '2012-10-27')")
    cursor.execute("create table events (id int primary key, region int, name varchar(20))")
    cursor.execute("insert into events values (1, 1, 'a'), (2, 2, 'b'), (3, null, 'c')")
END
"""

STACK: Final = {
    "README.md": Scenario(swaps={"make stack-down\n": ""}),
    "docs/how-to/run-the-stack.md": Scenario(swaps={"make stack-down\n": "make stack-status\n"}),
    "docs/tutorial/an-operators-day.md": Scenario(),
    "docs/how-to/use-mysql.md": Scenario(swaps={URL: '"$RETAILSTREAM__DATABASE__URL"'}),
    "docs/how-to/use-s3.md": Scenario(
        swaps={
            "my-chain-raw": "retail-raw",
            "my-chain-clean/within/a/prefix": "retail-clean",
            "encryption =": "# the server encrypts nothing: encryption =",
            "storage_class =": "# and has one class: storage_class =",
        }
    ),
    "docs/how-to/use-hdfs.md": Scenario(swaps={"hdfs://namenode:8020": "$HDFS_URL"}),
    "docs/how-to/use-hive.md": Scenario(),
    "docs/how-to/use-sqoop.md": Scenario(before={"": TABLES}),
    "docs/how-to/use-spark.md": Scenario(),
}
"""Pages whose commands run on a stack that is up; `make stack-down` ends all, and is tried last."""
