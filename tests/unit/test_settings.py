from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.errors import RetailStreamError, UsageError
from retailstream.masking import masked, masked_text
from retailstream.settings import Loaded, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(
        'environment = "file"\n[engine]\nmemory = "1GB"\n[quality]\nmax_rejects = 7\nmax_orphan_stores = 3\n'
    )
    return path


def loaded(home: Path, config: Path | None = None, flags: Mapping[str, str | None] | None = None) -> Loaded:
    return load(home=home, config=config, flags=flags or {})


def test_a_flag_beats_the_environment_that_beats_the_file_that_beats_the_default(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAILSTREAM__ENVIRONMENT", "variable")
    monkeypatch.setenv("RETAILSTREAM__QUALITY__MAX_REJECTS", "8")

    found = loaded(tmp_path, config, {"quality.max_rejects": "9%", "source.path": None})

    settings = found.settings
    assert (settings.quality.max_rejects, found.origins["quality.max_rejects"]) == ("9%", "flag")
    assert (settings.environment, found.origins["environment"]) == ("variable", "environment")
    assert (settings.engine.memory, found.origins["engine.memory"]) == ("1GB", f"file {config}")
    assert (settings.quality.max_orphan_stores, settings.source.path) == (3, "source")
    assert {value.key: value.origin for value in found.values()}["source.path"] == "default"


def test_a_number_of_the_file_may_stand_for_text(tmp_path: Path, config: Path) -> None:
    assert loaded(tmp_path, config).settings.quality.max_rejects == "7"


def test_the_home_stands_in_every_place_that_follows_from_it(tmp_path: Path) -> None:
    settings = loaded(tmp_path / "here", flags={"source.path": "{home}/in"}).settings
    assert settings.source.path == f"{tmp_path}/here/in"
    assert settings.database.url == f"sqlite:///{tmp_path}/here/retail.db"


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("database.ulr", "database.url"),
        ("databse.url", "database.url"),
        ("DATABASE.URL", None),
        ("lake.cleam", "lake.clean"),
        ("quality.rejects", "quality.max_rejects"),
        ("zzz", None),
    ],
)
def test_an_unknown_key_names_the_nearest_right_one(tmp_path: Path, key: str, nearest: str | None) -> None:
    with pytest.raises(UsageError, match=f"unknown setting '{key}' in flag") as caught:
        loaded(tmp_path, flags={key: "x"})
    wanted = f"did you mean {nearest}?" if nearest else "retailstream config show lists every setting"
    assert caught.value.hint == wanted


def test_a_variable_is_read_in_any_case_of_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAILSTREAM__source__Path", "/in")
    assert loaded(tmp_path).settings.source.path == "/in"


def test_a_variable_of_another_program_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAILSTREAM_TEST", "x")
    monkeypatch.setenv("RETAILSTREAMING__LAKE", "x")
    assert loaded(tmp_path).origins == {}


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        ({"quality.max_orphan_stores": "many"}, r"setting 'quality.max_orphan_stores' \(flag\): Input should be"),
        ({"quality.max_rejects": "101%"}, r"setting 'quality.max_rejects' \(flag\): invalid limit of rejects '101%'"),
        ({"quality.max_rejects": ""}, r"setting 'quality.max_rejects' \(flag\): invalid limit of rejects ''"),
    ],
)
def test_a_value_of_a_wrong_form_names_its_key_and_its_layer(tmp_path: Path, flags: dict[str, str], error: str) -> None:
    with pytest.raises(UsageError, match=error):
        loaded(tmp_path, flags=flags)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://ann:secret@host/db", "mysql://ann:***@host/db"),
        ("mysql://ann:se:cr:et@host:3306/db?x=y", "mysql://ann:***@host:3306/db?x=y"),
        ("mysql://:secret@host", "mysql://:***@host"),
        ("mysql+pymysql://a:p%40ss@h/d", "mysql+pymysql://a:***@h/d"),
        ("mysql://ann:s@cret@host/db", "mysql://ann:***@host/db"),
        ("mysql://ann@host/db", "mysql://ann@host/db"),
        ("mysql://host:3306/db", "mysql://host:3306/db"),
        ("file:///a/b:c@d", "file:///a/b:c@d"),
        ("5%", "5%"),
        ("mysql://ann@corp:secret@host/db", "mysql://ann@corp:***@host/db"),
        ("ann:secret@host", "ann:***@host"),
        ("ann@corp:secret@host", "ann@corp:***@host"),
        ("http://host?passwd=a&x=b", "http://host?passwd=***&x=b"),
        ("jdbc:mysql://host/db;user=ann;password=s=1", "jdbc:mysql://host/db;user=ann;password=***"),
        ("http://host?PWD=a", "http://host?PWD=***"),
        (
            "s3://bucket?X-Amz-Signature=a&X-Amz-Security-Token=b",
            "s3://bucket?X-Amz-Signature=***&X-Amz-Security-Token=***",
        ),
        ("https://host?api_key=a", "https://host?api_key=***"),
        ("mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE", "mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE"),
    ],
)
def test_a_password_within_a_url_prints_as_stars(url: str, shown: str) -> None:
    assert masked(url) == shown


@given(st.text(st.characters(exclude_characters="/@", exclude_categories=["Cs"]), min_size=1))
def test_no_password_gets_through(password: str) -> None:
    assert masked(f"mysql://ann:{password}@host/db") == "mysql://ann:***@host/db"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot reach 'hive://ann:secret@h/db': ask a@b", "cannot reach 'hive://ann:***@h/db': ask a@b"),
        ("from mysql://a:x@h/d to http://h?token=y, twice", "from mysql://a:***@h/d to http://h?token=***, twice"),
        ("s3://bucket refuses us: user ann@corp", "s3://bucket refuses us: user ann@corp"),
        ("3 of 5 records, limit=5%", "3 of 5 records, limit=5%"),
    ],
)
def test_the_urls_of_a_sentence_are_masked_and_the_rest_stays(text: str, shown: str) -> None:
    assert masked_text(text) == shown
    assert RetailStreamError(text, hint=text).message == shown
    assert (str(RetailStreamError(text)), RetailStreamError("", hint=text).hint) == (shown, shown)


def test_the_hash_is_that_of_the_settings_and_knows_no_secret(tmp_path: Path) -> None:
    def hashed(url: str) -> str:
        return loaded(tmp_path, flags={"database.url": url}).hash

    assert hashed("mysql://ann:one@host/db") == hashed("mysql://ann:two@host/db")
    assert hashed("mysql://ann:one@host/db") != hashed("mysql://bob:one@host/db")


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        loaded(tmp_path).settings.environment = "other"


@pytest.fixture
def env_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of variables, which the config file names."""
    for name in ("RETAILSTREAM__DATABASE__URL", "AWS_SOMETHING"):
        monkeypatch.setenv(name, "")  # so that it is put back after the test
        monkeypatch.delenv(name)
    config.write_text('env_file = "sub/env"\ndatabase.url = "sqlite:///from-config"\n')
    path = config.parent / "sub" / "env"
    path.parent.mkdir()
    path.write_text("# secrets\nRETAILSTREAM__DATABASE__URL='sqlite:///$HOME#x'\nexport AWS_SOMETHING=\"some thing\"\n")
    path.chmod(0o600)
    return path


def test_a_file_of_variables_stands_in_for_those_that_are_not_set(
    tmp_path: Path, config: Path, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert env_file
    found = loaded(tmp_path, config)
    assert found.settings.database.url == "sqlite:///$HOME#x"
    assert found.origins["database.url"] == "file sub/env"
    assert os.environ["AWS_SOMETHING"] == "some thing"

    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", "sqlite:///mine")
    found = loaded(tmp_path, config)
    assert (found.settings.database.url, found.origins["database.url"]) == ("sqlite:///mine", "environment")


def test_a_file_of_variables_must_be_there_and_its_owners_alone(tmp_path: Path, config: Path, env_file: Path) -> None:
    env_file.chmod(0o640)
    with pytest.raises(UsageError, match=r"others can read .*env, which may hold secrets") as caught:
        loaded(tmp_path, config)
    assert caught.value.hint == f"chmod 600 {env_file}"
    env_file.unlink()
    with pytest.raises(UsageError, match=r"env that .* names as env_file cannot be read: No such file") as caught:
        loaded(tmp_path, config)
    assert "make stack-up" in caught.value.hint


def test_a_file_of_variables_has_no_unknown_setting(tmp_path: Path, config: Path, env_file: Path) -> None:
    env_file.write_text("RETAILSTREAM__DATABASE__ULR=x\n")
    try:
        with pytest.raises(UsageError, match="unknown setting 'RETAILSTREAM__DATABASE__ULR'"):
            loaded(tmp_path, config)
    finally:
        os.environ.pop("RETAILSTREAM__DATABASE__ULR", None)


def test_properties_of_spark_are_a_table_of_any_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "cluster.toml"
    config.write_text(
        '[spark]\nmaster = "yarn"\n[spark.conf]\n"spark.executor.memoryOverhead" = "1g"\n'
        '"spark.executor.cores" = 2\n"spark.hadoop.fs.s3a.secret.key" = "hidden"\n'
    )
    monkeypatch.setenv("RETAILSTREAM__SPARK__CONF__SPARK__EXECUTOR__CORES", "3")
    found = loaded(tmp_path, config)
    assert found.settings.spark.master == "yarn"
    assert found.settings.spark.conf == {
        "spark.executor.memoryOverhead": "1g",
        "spark.executor.cores": "3",
        "spark.hadoop.fs.s3a.secret.key": "hidden",
    }
    shown = {value.key: (value.value, value.origin) for value in found.values()}
    assert shown["spark.conf.spark.executor.memoryOverhead"] == ("1g", f"file {config}")
    assert shown["spark.conf.spark.executor.cores"] == ("3", "environment")
    assert shown["spark.conf.spark.hadoop.fs.s3a.secret.key"][0] == "***"


def test_without_properties_spark_has_none(tmp_path: Path) -> None:
    assert loaded(tmp_path).settings.spark.conf == {}
    with pytest.raises(UsageError, match=r"unknown setting 'spark\.config\.x'"):
        loaded(tmp_path, flags={"spark.config.x": "1"})
