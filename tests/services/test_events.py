"""A new version in the bucket → notification → the packaged function → rows in the database."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest

from retailstream.contracts import SALES as SALES_TABLE
from retailstream.publishing import PublishedTable
from retailstream.settings import load
from retailstream.wiring import open_lake
from tests.contracts.rows import read
from tests.environment import SALES, STORES, csv
from tests.processes import wait_until
from tests.services.mariadb import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.environment import Environment
    from tests.services.aws_server import AwsServer
    from tests.services.mariadb import MariaDb

ROOT = Path(__file__).parents[2]
CHAIN = ROOT / "tests" / "analytics" / "fixtures" / "chain"
PYTHON = "3.11"
"""What ministack runs functions with."""


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The package of the function, for the Python of this machine."""
    path = tmp_path_factory.mktemp("package") / "lambda.zip"
    command = [sys.executable, "-m", "deploy.lambda_zip", "--python", PYTHON, "--out", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return path.read_bytes()


def _queue(deployed: Deployed) -> str:
    """Return a queue that calls the function."""
    sqs = deployed.aws.client("sqs")
    url = sqs.create_queue(QueueName=deployed.name, Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    deployed.aws.client("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName=deployed.name, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    return arn


@dataclass
class Deployed:
    """An environment whose tables are loaded by the function alone."""

    env: Environment
    aws: AwsServer
    mariadb: MariaDb
    database: str
    name: str
    variables: dict[str, str]

    @property
    def bucket(self) -> str:
        return f"{self.name}-clean"

    def land(self, files: dict[str, str]) -> None:
        """Have new files landed and merged; that is what makes a version appear in the bucket."""
        self.env.write(files)
        self.env.stage("ingest", "--source", str(self.env.source))
        self.env.stage("glue-merge", "--max-rejects", "100%")

    def rows(self) -> list[tuple[Any, ...]]:
        if ("sales",) not in self.mariadb.sql("show tables", self.database):
            return []
        return self.mariadb.sql("select * from sales order by store, dept, date", self.database)

    def published(self) -> list[tuple[Any, ...]]:
        """Return the rows of sales that the bucket has."""
        settings = load(home=self.env.home, config=None, flags={}).settings
        table = PublishedTable(open_lake(settings, settings.lake.clean), SALES_TABLE)
        return read(table.paths(table.manifest()), SALES_TABLE)

    def loads(self) -> list[tuple[Any, ...]]:
        """Return status and error of every load in the ledger, in their order."""
        query = "select status, error from retailstream_runs where stage = 'load-rds' order by rowid"
        return self.mariadb.sql(query, self.database)

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Call the function, and return its answer."""
        client = self.aws.client("lambda")
        answer = client.invoke(FunctionName=self.name, Payload=json.dumps(event).encode())
        payload: dict[str, Any] = json.loads(answer["Payload"].read() or b"null")
        return {"error": payload} if "FunctionError" in answer else {"answer": payload}

    def wait(self, done: Callable[[], object]) -> None:
        wait_until(done, lambda: self.aws.log[-4000:], every=0.2)


def s3_event(bucket: str, *keys: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {
        "Records": [
            {"eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}
            for key in keys
        ]
    }


def queued(*bodies: object) -> dict[str, Any]:
    return {
        "Records": [
            {"eventSource": "aws:sqs", "messageId": str(number), "body": json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
    }


def noted(*messages: object) -> dict[str, Any]:
    """Return what a topic calls the function with."""
    return {
        "Records": [
            {"EventVersion": "1.0", "EventSource": "aws:sns", "Sns": enveloped(message)} for message in messages
        ]
    }


def enveloped(message: object) -> dict[str, str]:
    """Return what a topic puts into a queue, unless delivery is raw."""
    return {
        "Type": "Notification",
        "MessageId": "f3c2",
        "TopicArn": "arn:aws:sns:us-east-1:000000000000:versions",
        "Subject": "Amazon S3 Notification",
        "Message": json.dumps(message),
    }


@pytest.fixture
def deployed(
    env: Environment,
    aws: AwsServer,
    mariadb: MariaDb,
    database_name: str,
    package: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> Deployed:
    """The function with its buckets, its secret and a database; no event reaches it by itself yet."""
    name = f"load-{uuid.uuid4().hex[:8]}"
    s3 = aws.client("s3")
    for bucket in (f"{name}-raw", f"{name}-clean"):
        s3.create_bucket(Bucket=bucket)
    monkeypatch.setenv("RETAILSTREAM__LAKE__RAW", f"s3://{name}-raw")
    monkeypatch.setenv("RETAILSTREAM__LAKE__CLEAN", f"s3://{name}-clean")
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", mariadb.url(database_name))
    secret = json.dumps({"username": USER, "password": PASSWORD})
    aws.client("secretsmanager").create_secret(Name=f"{name}-secret", SecretString=secret)
    variables = {
        **aws.environment,
        "RETAILSTREAM__LAKE__CLEAN": f"s3://{name}-clean",
        "RETAILSTREAM__DATABASE__URL": f"mysql+pymysql://127.0.0.1:{mariadb.port}/{database_name}",
        "DATABASE_SECRET": f"{name}-secret",
    }
    aws.client("lambda").create_function(
        FunctionName=name,
        Runtime=f"python{PYTHON}",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="retailstream.aws.lambda_handler.handler",
        Code={"ZipFile": package},
        Timeout=60,
        MemorySize=1024,
        Environment={"Variables": variables},
    )
    return Deployed(env, aws, mariadb, database_name, name, variables)


SMALL = {
    "sales/w.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE", "1,2,2010-03-05,2.20,TRUE"),
    "stores/s.csv": csv(STORES, "1,A,2"),
}


@pytest.mark.parametrize("way", ["queue", "topic to queue"])
def test_a_version_that_appears_is_loaded_however_the_bucket_tells(deployed: Deployed, way: str) -> None:
    aws = deployed.aws
    queue = _queue(deployed)
    topic = aws.client("sns").create_topic(Name=deployed.name)["TopicArn"] if "topic" in way else ""
    if topic:
        aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    kind = {"TopicConfigurations": "TopicArn"} if topic else {"QueueConfigurations": "QueueArn"}
    rule = {"Key": {"FilterRules": [{"Name": "suffix", "Value": "_manifest.json"}]}}
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=deployed.bucket,
        NotificationConfiguration={
            place: [{name: topic or queue, "Events": ["s3:ObjectCreated:*"], "Filter": rule}]
            for place, name in kind.items()
        },
    )
    shutil.copytree(CHAIN, deployed.env.source, dirs_exist_ok=True)

    deployed.land({})
    deployed.wait(lambda: deployed.rows() == deployed.published())

    assert len(deployed.rows()) > 100
    deployed.wait(lambda: deployed.env.stage("load-rds", "--dry-run")["files_new"] == 0)


def test_the_same_event_again_in_any_form_and_order_and_at_once_loads_once(deployed: Deployed) -> None:
    deployed.land(SMALL)
    sales, stores = "sales/_manifest.json", "stores/_manifest.json"
    bridge = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": deployed.bucket}, "object": {"key": sales}},
    }
    events = [
        s3_event(deployed.bucket, stores, sales),
        s3_event(deployed.bucket, sales, sales),
        queued(s3_event(deployed.bucket, sales), bridge),
        bridge,
        s3_event(deployed.bucket, quote_plus(sales)),
        noted(s3_event(deployed.bucket, sales)),
        queued(enveloped(s3_event(deployed.bucket, sales)), enveloped(bridge)),
    ]
    for event in (*events, *reversed(events)):
        assert "error" not in deployed.invoke(event)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(deployed.invoke, [events[2]] * 2))

    # One of two that come at once may find the other at work; the queue then sends its messages again.
    failed = [{"itemIdentifier": number} for number in "01"]
    assert all(answer["answer"]["batchItemFailures"] in ([], failed) for answer in answers)
    assert deployed.rows() == deployed.published()
    assert [status for status, _error in deployed.loads() if status == "ok"] == ["ok", "ok"]
    assert {status for status, _error in deployed.loads()} <= {"ok", "noop", "failed"}


def test_an_event_that_comes_late_loads_what_the_bucket_has_now(deployed: Deployed) -> None:
    deployed.land(SMALL)
    late = s3_event(deployed.bucket, "sales/_manifest.json")
    deployed.land({"sales/x.csv": csv(SALES, "1,1,2010-02-05,9.90,FALSE", "1,3,2010-04-02,3.30,TRUE")})
    deployed.invoke(late)
    deployed.invoke(late)
    assert deployed.rows() == deployed.published()
    assert len(deployed.rows()) == 3
    assert [status for status, _error in deployed.loads()] == ["ok", "noop"]


@pytest.mark.parametrize(
    "event",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"},
        s3_event(
            "BUCKET", "sales/month=2010-02/x.parquet", "quarantine/sales/_manifest.json", "features/_manifest.json"
        ),
        s3_event("another", "sales/_manifest.json"),
        s3_event("BUCKET", "sales/_manifest.json", name="ObjectRemoved:Delete"),
        {"source": "aws.s3", "detail-type": "Object Deleted", "detail": {"bucket": {"name": "BUCKET"}}},
        queued({"Event": "s3:TestEvent"}, enveloped({"Event": "s3:TestEvent"})),
        noted({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}),
    ],
)
def test_what_is_no_new_version_loads_nothing(deployed: Deployed, event: dict[str, Any]) -> None:
    deployed.land(SMALL)
    event = json.loads(json.dumps(event).replace("BUCKET", deployed.bucket))
    assert deployed.invoke(event) == {"answer": {"batchItemFailures": []}}
    assert (deployed.rows(), deployed.loads()) == ([], [])


def test_a_message_that_nobody_understands_fails_alone(deployed: Deployed) -> None:
    deployed.land(SMALL)
    event = queued({"what": "is this"}, s3_event(deployed.bucket, "sales/_manifest.json"), [], {"source": "aws.s3"})
    event["Records"][2]["body"] = "no JSON"
    failed = deployed.invoke(event)["answer"]["batchItemFailures"]
    assert [item["itemIdentifier"] for item in failed] == ["0", "2", "3"]
    assert deployed.rows() == deployed.published()
    assert "no event of a bucket" in str(deployed.invoke({"what": "is this"})["error"])


def test_a_poison_version_is_set_aside_and_the_rest_is_loaded(deployed: Deployed) -> None:
    deployed.land(SMALL)
    s3 = deployed.aws.client("s3")
    (february,) = [
        item["Key"] for item in s3.list_objects_v2(Bucket=deployed.bucket, Prefix="sales/month=2010-02")["Contents"]
    ]
    s3.put_object(Bucket=deployed.bucket, Key=february, Body=b"no Parquet")
    both = queued(*(s3_event(deployed.bucket, f"{table}/_manifest.json") for table in ("sales", "stores")))

    assert deployed.invoke(both) == {"answer": {"batchItemFailures": []}}

    assert s3.get_object(Bucket=deployed.bucket, Key=f"quarantine/{february}")["Body"].read() == b"no Parquet"
    reason = json.loads(s3.get_object(Bucket=deployed.bucket, Key=f"quarantine/{february}.reason.json")["Body"].read())
    assert "is not the one that was published" in reason["reason"]
    assert deployed.mariadb.sql("select * from stores", deployed.database) == [(1, "A", 2)]
    assert deployed.rows() == []
    assert [status for status, _error in deployed.loads()] == ["failed", "ok"]

    s3.put_object(Bucket=deployed.bucket, Key="stores/_manifest.json", Body=b"{")
    assert deployed.invoke(s3_event(deployed.bucket, "stores/_manifest.json")) == {"answer": {"batchItemFailures": []}}
    assert s3.get_object(Bucket=deployed.bucket, Key="quarantine/stores/_manifest.json")["Body"].read() == b"{"


def test_what_may_succeed_later_is_delivered_again(deployed: Deployed, mariadb: MariaDb) -> None:
    deployed.land(SMALL)
    event = s3_event(deployed.bucket, "sales/_manifest.json")
    url = f"{deployed.variables['RETAILSTREAM__DATABASE__URL']}?retry_seconds=1"
    deployed.aws.client("lambda").update_function_configuration(
        FunctionName=deployed.name,
        Environment={"Variables": {**deployed.variables, "RETAILSTREAM__DATABASE__URL": url}},
    )
    mariadb.kill()
    try:
        assert "is not available" in str(deployed.invoke(event)["error"])
        assert deployed.invoke(queued(event))["answer"]["batchItemFailures"] == [{"itemIdentifier": "0"}]
    finally:
        mariadb.start()
    assert deployed.invoke(event) == {"answer": {"batchItemFailures": []}}
    assert deployed.rows() == deployed.published()


def test_no_secret_is_in_what_the_function_says(deployed: Deployed) -> None:
    deployed.land(SMALL)
    deployed.invoke(s3_event(deployed.bucket, "sales/_manifest.json"))
    deployed.mariadb.sql(f"rename table {deployed.database}.sales to {deployed.database}.away")
    deployed.mariadb.sql(f"create view {deployed.database}.sales as select 1 as x")
    told = str(deployed.invoke(s3_event(deployed.bucket, "sales/_manifest.json")))
    assert PASSWORD not in deployed.aws.log + told
    assert quote_plus(PASSWORD) not in deployed.aws.log + told
