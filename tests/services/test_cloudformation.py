"""The template becomes a stack, as far as ministack makes its resources, and goes again."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from cfnlint.decode import cfn_yaml

if TYPE_CHECKING:
    from tests.services.aws_server import AwsServer

TEMPLATE = Path(__file__).parents[2] / "configs" / "aws" / "template.yaml"
ACCOUNT = "000000000000"
UNKNOWN = {"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"}
"""What ministack does not make; all else it does."""

MASTER_SECRET = '{"Fn::GetAtt": ["Database", "MasterUserSecret.SecretArn"]}'
"""What ministack does not know of a database."""


def _empty_zip() -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("nothing", "")
    return packed.getvalue()


def test_a_stack_is_made_with_all_its_resources_and_removed(aws: AwsServer) -> None:
    template: Any = cfn_yaml.load(str(TEMPLATE))
    unknown = [name for name, found in template["Resources"].items() if found["Type"] in UNKNOWN]
    for name in unknown:
        del template["Resources"][name]
    ec2, s3, stacks = aws.client("ec2"), aws.client("s3"), aws.client("cloudformation")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")
        for number, zone in enumerate("ab")
    ]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    names = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="lambda.zip", Body=_empty_zip())
    parameters = {
        "Environment": "trial",
        "ArtifactsBucket": "artifacts",
        "GlueModules": "s3://artifacts/glue/x.whl",
        "VpcId": vpc,
        "PrivateSubnetIds": ",".join(names),
        "GlueSubnetId": names[0],
        "GlueSubnetZone": "us-east-1a",
        "PrivateRouteTableIds": table,
        "AlarmEmail": "ops@example.com",
    }
    stacks.create_stack(
        StackName="trial",
        TemplateBody=json.dumps(template).replace(
            MASTER_SECRET, f'"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:rds"'
        ),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    with suppress(WaiterError):  # what failed is told below
        stacks.get_waiter("stack_create_complete").wait(StackName="trial", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    events = stacks.describe_stack_events(StackName="trial")["StackEvents"]
    assert [event["ResourceStatusReason"] for event in events if event["ResourceStatus"].endswith("FAILED")] == []

    (stack,) = stacks.describe_stacks(StackName="trial")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    made = {
        found["LogicalResourceId"] for found in stacks.describe_stack_resources(StackName="trial")["StackResources"]
    }
    assert made == set(template["Resources"])
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs["LakeRaw"] == f"s3://trial-retailstream-raw-{ACCOUNT}"
    assert outputs["EngineGlueJob"] == "trial-retailstream-merge"

    clean = f"trial-retailstream-clean-{ACCOUNT}"
    (notice,) = s3.get_bucket_notification_configuration(Bucket=clean)["QueueConfigurations"]
    assert notice["QueueArn"].endswith(":trial-retailstream-versions")
    function = aws.client("lambda").get_function_configuration(FunctionName="trial-retailstream-loader")
    assert function["Environment"]["Variables"]["RETAILSTREAM__LAKE__CLEAN"] == f"s3://{clean}"
    arguments = aws.client("glue").get_job(JobName="trial-retailstream-merge")["Job"]["DefaultArguments"]
    assert arguments["--clean"] == f"s3://{clean}"
    (mapping,) = aws.client("lambda").list_event_source_mappings(FunctionName="trial-retailstream-loader")[
        "EventSourceMappings"
    ]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]

    stacks.delete_stack(StackName="trial")
    stacks.get_waiter("stack_delete_complete").wait(StackName="trial", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.client("lambda").get_function(FunctionName="trial-retailstream-loader")
    assert clean in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}  # data outlives its stack
