"""The session behind a lake of S3 finds what boto3 finds."""

from __future__ import annotations

import sys

import pytest
from botocore.exceptions import DataNotFoundError

from retailstream.adapters.lake.s3_client import new_client, new_session


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")


def test_roles_and_single_sign_on_reach_their_own_services() -> None:
    session = new_session()
    for service in ("sts", "sso", "sso-oidc"):
        assert session.create_client(service).meta.service_model.service_name == service
    with pytest.raises(DataNotFoundError):
        session.create_client("nothing")


def test_a_client_is_one_of_s3_with_what_the_environment_says() -> None:
    client = new_client(new_session(), connections=3)
    assert client.meta.service_model.service_name == "s3"
    assert (client.meta.region_name, client.meta.config.max_pool_connections) == ("eu-central-1", 3)


def test_boto3_is_known_by_the_core_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)  # to import it fails
    assert new_client(new_session(), connections=1)
