"""Every setting of an environment, with its default and its meaning: one frozen tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from retailstream.errors import RetailStreamError
from retailstream.health.limits import parse_nulls, parse_share
from retailstream.runs import Limit
from retailstream.sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable


def _parsed(parse: Callable[[str], object], text: str) -> str:
    """Return a text that can be parsed; ValueError, as validators have it, where it cannot."""
    try:
        parse(text)
    except RetailStreamError as error:
        raise ValueError(f"{error.message}: {error.hint}") from error
    return text


TABLES: Final = ("spark.conf",)
"""Settings that are tables: below them stand names of others, which have dots of their own."""


def _limit(text: str) -> str:
    return _parsed(Limit.parse, text)


def _nulls(text: str) -> str:
    return _parsed(parse_nulls, text)


def _share(text: str) -> str:
    return _parsed(parse_share, text) if text else text


def _size(text: str) -> str:
    return _parsed(parse_size, text)


def _part(text: str) -> str:
    return _parsed(Limit.parse, text) if text else text


HOME: Final = ".retailstream"
"""The folder of an environment, in the current one, unless another is named."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Source(_Section):
    """Where new files come from."""

    path: str = "source"
    """A folder with `sales/`, `features/` and `stores/`, each holding CSV files."""
    follow_links: bool = False
    """Whether links in that folder may point to files and folders outside of it."""


class Lake(_Section):
    """Where sales and store files lie, and how objects are kept in `s3://` buckets."""

    raw: str = "file://{home}/lake/raw"
    """Files as they came: `file://FOLDER`, `s3://BUCKET/PREFIX` or `hdfs://HOST:PORT/FOLDER`."""
    clean: str = "file://{home}/lake/clean"
    """Cleaned and merged tables, at a URL of the same kinds."""
    copies: str = "{home}/copies"
    """A folder for local copies of objects; one that is not used for a week goes by itself."""
    encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = ""
    """How S3 encrypts objects: `AES256`, `aws:kms` or `aws:kms:dsse`; empty for the bucket's own way."""
    kms_key: str = ""
    """The key for `aws:kms`; empty for the account's own."""
    storage_class: str = ""
    """The storage class of objects, such as `INTELLIGENT_TIERING`; empty for the bucket's own."""


class Features(_Section):
    """The store of feature files."""

    url: str = "file://{home}/features"
    """Files as they came: `file://FOLDER`, `s3://BUCKET/PREFIX` or `hdfs://HOST:PORT/FOLDER`."""


class Database(_Section):
    """The relational database."""

    url: str = "sqlite:///{home}/retail.db"
    """`sqlite:///FILE` or `mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE?ssl_ca=FILE`."""


class Warehouse(_Section):
    """Where the tables lie that analyses read."""

    url: str = "file://{home}/warehouse"
    """A folder of Parquet tables (`file://FOLDER` or `s3://BUCKET/PREFIX`), or `hive://USER:PASSWORD@HOST:PORT/DATABASE`."""


class Hive(_Section):
    """What a `hive://` warehouse needs beside the address of its HiveServer2."""

    metastore: str = ""
    """The Metastore's address, `thrift://HOST:PORT`; several with commas between."""
    location: str = ""
    """The folder of the tables' files, such as `hdfs://HOST:PORT/FOLDER`; empty for the database's own."""
    auth: Literal["NONE", "NOSASL", "LDAP", "KERBEROS"] = "NONE"
    """How HiveServer2 knows who asks."""
    kerberos_service: str = "hive"
    """The first part of the servers' Kerberos principals."""


class Hdfs(_Section):
    """What `hdfs://` URLs need beside Hadoop's own settings."""

    conf: str = ""
    """The folder of `core-site.xml` and `hdfs-site.xml`; empty for the one that HADOOP_CONF_DIR names."""
    replication: Annotated[int, Field(ge=0)] = 0
    """How many DataNodes keep each file; 0 for the cluster's own number."""
    principal: str = ""
    """Who we are to Kerberos; empty for whoever has a ticket."""
    keytab: str = ""
    """A file with the principal's key, which only you should be able to read; empty for a ticket."""


class Engine(_Section):
    """What cleans and merges."""

    name: Literal["duckdb", "spark", "glue"] = "duckdb"
    """`duckdb`; `spark` for more than one machine holds; `glue` for a deployed job, which only `glue-merge` has."""
    glue_job: str = ""
    """The name of the deployed Glue job."""
    memory: Annotated[str, AfterValidator(_size)] = "1500MB"
    """How much memory an engine on this machine may use before it spills to disk."""


class Spark(_Section):
    """Where Spark works, for what names it as its engine."""

    master: str = "local[*]"
    """This machine with `local[*]`, or a cluster's master: `yarn`, `k8s://…`, `spark://…`."""
    conf: dict[str, str] = {}
    """A table of other properties of Spark, such as `"spark.executor.memory" = "4g"`; they beat ours."""


class Sqoop(_Section):
    """How tables of the database reach the warehouse."""

    engine: Literal["native", "sqoop", "spark"] = "native"
    """`native`, in this process; `sqoop` for Apache Sqoop 1.4.7; `spark` for reads by JDBC."""
    mappers: Annotated[int, Field(ge=1, le=64)] = 4
    """Over how many connections Apache Sqoop or Spark read a table at once."""
    split_by: str = ""
    """The column that shares rows out among connections; empty for the first of the primary key."""
    home: str = ""
    """The folder of Apache Sqoop, with `bin/sqoop`; empty for that of SQOOP_HOME."""
    staging: str = ""
    """The folder that Apache Sqoop writes to, such as `hdfs://HOST:PORT/FOLDER`; each run leaves it empty."""
    hive: str = ""
    """The HiveServer2 that makes Parquet of what Apache Sqoop wrote; empty for that of a `hive://` warehouse."""
    on_cluster: bool = False
    """Apache Sqoop's tasks run where its own settings say, such as YARN, and not in its process."""
    driver: str = ""
    """The jar of MariaDB's JDBC driver for Spark; empty for that of Apache Sqoop, or of `spark.jars`."""


class Analyze(_Section):
    """What answers questions."""

    engine: Literal["duckdb", "spark", "hive"] = "duckdb"
    """`duckdb`; `spark`; `hive` for the HiveServer2 of a `hive://` warehouse."""


class Quality(_Section):
    """When data is good enough."""

    max_rejects: Annotated[str, AfterValidator(_limit)] = "5%"
    """How many records of a dataset may be rejected in a run: a number, or a share."""
    max_superseded_in_file: Annotated[str, AfterValidator(_limit)] = "1%"
    """How many records of one file may have their key in common with another of its records: a number, or a share."""
    max_rejects_in_part: Annotated[str, AfterValidator(_part)] = "20%"
    """How many of one file's or one store's records may be rejected, unless more may of all; empty for any."""
    week_end: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "friday"
    """The day that the chain's weeks are named by."""
    max_orphan_stores: int = 0
    """How many stores may have sales without being known to the store file."""
    max_missing_stores: Annotated[int, Field(ge=0)] = 0
    """How many stores may be missing in the newest week of sales that were there in one of the eight before it."""
    max_date_gap_days: Annotated[int, Field(ge=0)] = 60
    """Fewer than four dates that lie further than this from all others are taken for mistyped; 0 for no such limit."""
    max_future_days: Annotated[int, Field(ge=0)] = 7
    """How many days after today a date may lie: a week is named by its last day, and may be sent before."""
    max_nulls: Annotated[str, AfterValidator(_nulls)] = "temperature 5%, fuel_price 5%, cpi 25%, unemployment 25%"
    """For columns that may be null, the share of rows that may have nothing there; others have no limit."""
    max_volume_change: Annotated[str, AfterValidator(_share)] = "50%"
    """How far the rows of the newest week may lie from the median of the eight before it; empty for any."""
    max_landing_age_days: Annotated[int, Field(ge=0)] = 14
    """How long ago a file of sales and one of features may have landed last; 0 for any time."""
    max_week_age_days: Annotated[int, Field(ge=0)] = 0
    """How old the newest week of sales may be; 0 for any age."""


class Limits(_Section):
    """How much of this machine one file may ask for; a file beyond is quarantined, and the others go on."""

    expansion: Annotated[int, Field(ge=1)] = 200
    """How many times its size a `.csv.gz` may expand to, beyond its first megabyte; sales files do by 5 to 30."""
    expanded_size: Annotated[str, AfterValidator(_size)] = "4GB"
    """What a `.csv.gz` may expand to at all."""
    record_size: Annotated[str, AfterValidator(_size)] = "8MB"
    """How long a record may be, and so a line."""
    kept_text: Annotated[str, AfterValidator(_size)] = "4kB"
    """How much of a rejected record's text the quarantine keeps."""
    kept_text_of_run: Annotated[str, AfterValidator(_size)] = "64MB"
    """How much text of a table's rejected records the quarantine keeps of one run; it names the others."""
    kept_records: Annotated[int, Field(ge=1)] = 10_000
    """How many records of a file that break the same rule have own entries; one more has the numbers of the rest."""
    kept_records_of_run: Annotated[int, Field(ge=1)] = 100_000
    """How many rejected records of a table have own entries in one run."""


class Monitoring(_Section):
    """Where figures of runs go."""

    pushgateway: str = ""
    """Every command that works pushes its metrics to this Prometheus Pushgateway: `http://USER:PASSWORD@HOST:PORT`."""
    metrics_file: str = ""
    """The same metrics go into this file, for the textfile collector of node_exporter: `FOLDER/retailstream.prom`."""
    max_slowdown: Annotated[float, Field(ge=0)] = 2
    """How many times as long as usual a stage may take, which is more than a minute more; 0 for any."""


class Settings(_Section):
    """All settings of one environment."""

    environment: str = "local"
    """The name of the environment, for people and metrics."""
    env_file: str = ""
    """A file of variables, named from the folder of the config file; it stands in for variables that are not set."""
    access: Literal["owner", "group", "umask"] = "owner"
    """Who may read and write what runs write: `owner` alone, the `group`, too, or whom the process's `umask` lets."""
    source: Source = Source()
    lake: Lake = Lake()
    features: Features = Features()
    database: Database = Database()
    warehouse: Warehouse = Warehouse()
    hive: Hive = Hive()
    hdfs: Hdfs = Hdfs()
    engine: Engine = Engine()
    spark: Spark = Spark()
    sqoop: Sqoop = Sqoop()
    analyze: Analyze = Analyze()
    quality: Quality = Quality()
    limits: Limits = Limits()
    monitoring: Monitoring = Monitoring()
