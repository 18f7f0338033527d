"""S3: versitygw over a folder."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from stack.installing import go, program
from stack.place import HOST
from stack.server import Server

if TYPE_CHECKING:
    from stack.place import Place

NAME: Final = "s3"
REGION: Final = "us-east-1"
BUCKETS: Final = ("retail-raw", "retail-clean")
USER: Final = "retailstream"


def _command(place: Place) -> list[str]:
    listener = ["--port", f"{HOST}:{place.port(NAME)}", "--region", REGION, "--quiet", "--health", "/health"]
    folders = ["--versioning-dir", str(place.data("s3-versions")), str(place.data("s3"))]
    return [program("versitygw"), *listener, "--iam-dir", str(place.data("s3-iam")), "posix", *folders]


def _prepare(place: Place) -> None:
    for name in ("s3", "s3-iam", "s3-versions"):
        place.data(name)


def _endpoint(place: Place) -> str:
    return f"http://{HOST}:{place.port(NAME)}"


def client(place: Place) -> Any:  # noqa: ANN401 -- botocore makes its classes at run time
    """Return a client that tries nothing twice."""
    import boto3  # noqa: PLC0415 -- what this server needs
    from botocore.config import Config  # noqa: PLC0415 -- same

    return boto3.session.Session().client(
        "s3",
        endpoint_url=_endpoint(place),
        region_name=REGION,
        aws_access_key_id=USER,
        aws_secret_access_key=place.secret(NAME),
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5),
    )


def _arrange(place: Place) -> None:
    s3 = client(place)
    there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    for name in BUCKETS:
        if name not in there:
            s3.create_bucket(Bucket=name)


VERSITYGW: Final = Server(
    NAME,
    install=partial(go, "github.com/versity/versitygw/cmd/versitygw", "v1.8.0", "versitygw"),
    prepare=_prepare,
    command=_command,
    environment=lambda place: {"ROOT_ACCESS_KEY": USER, "ROOT_SECRET_KEY": place.secret(NAME)},
    ready=lambda place: client(place).list_buckets(),
    arrange=_arrange,
    address=_endpoint,
    gives=lambda place: {
        "AWS_ENDPOINT_URL_S3": _endpoint(place),
        "AWS_ACCESS_KEY_ID": USER,
        "AWS_SECRET_ACCESS_KEY": place.secret(NAME),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    },
)
