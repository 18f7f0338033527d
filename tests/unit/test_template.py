"""The CloudFormation template: what cfn-lint says of it, and what it lets whom do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from retailstream.aws.lambda_handler import handler
from retailstream.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGS = Path(__file__).parents[2] / "configs"
TEMPLATE = CONFIGS / "aws" / "template.yaml"

ANYWHERE = {
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeRouteTables",
    "ec2:DescribeVpcAttribute",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "cloudwatch:PutMetricData",
}
"""What AWS lets nobody restrict to a name: network interfaces that are not made yet, descriptions, and metrics."""


class Loader(yaml.SafeLoader):
    """Reads functions of CloudFormation; cfn-lint's own reader takes seconds to be imported."""


def function(loader: Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_scalar(node)}  # type: ignore[arg-type]


Loader.add_multi_constructor("!", function)


def template() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)
    return found


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = template()["Resources"]
    return found


def of_type(resources: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    return (found["Properties"] for found in resources.values() if found["Type"] == kind)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.slow
def test_cfn_lint_has_nothing_to_say() -> None:
    from cfnlint.api import lint_file  # noqa: PLC0415 -- same

    assert lint_file(TEMPLATE) == []


def test_no_role_may_do_anything_or_touch_everything(resources: dict[str, Any]) -> None:
    roles = list(of_type(resources, "AWS::IAM::Role"))
    assert len(roles) == 2
    for role in roles:
        assert "ManagedPolicyArns" not in role
        for statement in (found for policy in role["Policies"] for found in policy["PolicyDocument"]["Statement"]):
            actions = set(listed(statement["Action"]))
            assert not [action for action in actions if "*" in action]
            if "*" in listed(statement["Resource"]):
                assert actions <= ANYWHERE


def test_every_bucket_is_private_encrypted_versioned_and_for_tls_only(resources: dict[str, Any]) -> None:
    buckets = {name: found["Properties"] for name, found in resources.items() if found["Type"] == "AWS::S3::Bucket"}
    assert set(buckets) == {"RawBucket", "CleanBucket"}
    for name, bucket in buckets.items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["BucketEncryption"]
        assert resources[name]["DeletionPolicy"] == resources[name]["UpdateReplacePolicy"] == "Retain"
        (statement,) = resources[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_database_is_private_and_its_password_nobodys(resources: dict[str, Any]) -> None:
    (database,) = of_type(resources, "AWS::RDS::DBInstance")
    assert database["PubliclyAccessible"] is False
    assert database["StorageEncrypted"] is True
    assert database["ManageMasterUserPassword"] is True
    assert database["EnableIAMDatabaseAuthentication"] is True
    assert "MasterUserPassword" not in database
    (group,) = of_type(resources, "AWS::RDS::DBParameterGroup")
    assert group["Parameters"]["require_secure_transport"] == "1"


def test_the_function_is_the_one_of_the_package_and_its_variables_are_settings(resources: dict[str, Any]) -> None:
    (function,) = of_type(resources, "AWS::Lambda::Function")
    assert function["Handler"] == f"{handler.__module__}.{handler.__name__}"
    known = Settings().model_dump()
    for name in function["Environment"]["Variables"]:
        if name != "DATABASE_SECRET":
            section, _, key = name.removeprefix("RETAILSTREAM__").lower().rpartition("__")
            assert key in (known[section] if section else known)


def test_the_job_is_given_arguments_that_it_knows(resources: dict[str, Any]) -> None:
    from retailstream.aws.glue_job import OPTIONAL, REQUIRED  # noqa: PLC0415 -- beside its test

    (job,) = of_type(resources, "AWS::Glue::Job")
    ours = {name.removeprefix("--") for name in job["DefaultArguments"] if "-" not in name.removeprefix("--")}
    assert set(REQUIRED) <= ours <= {*REQUIRED, *OPTIONAL}
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}


def test_the_outputs_feed_the_config_file() -> None:
    text = (CONFIGS / "aws.toml").read_text()
    tree = tomllib.loads(text)
    keys = {("environment",), *((section, key) for section in ("lake", "engine") for key in tree[section])}
    outputs = {"".join(word.title() for part in key for word in part.split("_")) for key in keys}
    assert outputs <= set(template()["Outputs"])
    assert outputs == set(re.findall(r"# ([A-Z][A-Za-z]+)(?:;|$)", text, re.MULTILINE))
