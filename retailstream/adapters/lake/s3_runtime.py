"""Small files on their way to S3 through the C runtime of AWS, which makes a request for a tenth of boto3's work.

It has a few seconds for each. Whatever it meets but success is for boto3 to meet again, which waits, tries again and
tells what was wrong: so no errors need to be known here, and after one the runtime is not used any more.
"""

from __future__ import annotations

import os
from functools import lru_cache, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from retailstream.adapters.lake.s3_errors import REFUSED_CONDITION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SMALL_BYTES: Final = 128 << 10
"""The largest file that it is asked to send: for larger ones the line decides, not the work."""

PATIENCE: Final = 5
"""Seconds for one file, the runtime's own tries included."""

HEADERS: Final = {
    "IfNoneMatch": "if-none-match",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "StorageClass": "x-amz-storage-class",
}


def open_runtime(session: Any, client: Any, bucket: str) -> Runtime | None:  # noqa: ANN401 -- of boto3
    """Return the runtime for a bucket, or None where it is not installed or does not know the way."""
    from botocore.utils import get_environ_proxies  # noqa: PLC0415 -- it is there already

    credentials = session.get_credentials()
    if find_spec("awscrt") is None or credentials is None:
        return None
    # Whatever decides about it, the address of one object tells those of all others.
    address = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": Runtime.KEY})
    if get_environ_proxies(address):
        return None
    # What botocore asks, in its order.
    authorities = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    return Runtime(credentials, client.meta.region_name, address, authorities)


class Runtime:
    """A client of the runtime for the bucket whose object `KEY` has the address.

    The authorities are a file of those whose certificates are trusted; None is the system's own choice.
    """

    KEY: Final = "k"

    def __init__(self, credentials: Any, region: str, address: str, authorities: str | None) -> None:  # noqa: ANN401 -- of botocore
        from awscrt import s3  # noqa: PLC0415 -- only buckets need it

        parts = urlsplit(address)
        encrypted = parts.scheme == "https"
        self._host = parts.netloc
        self._folder = parts.path.removesuffix(self.KEY)
        self._credentials = credentials
        self._region = region
        self._client = s3.S3Client(
            region=region,
            tls_mode=s3.S3RequestTlsMode.ENABLED if encrypted else s3.S3RequestTlsMode.DISABLED,
            tls_connection_options=_trusted(authorities) if encrypted and authorities else None,
        )
        self._works = True

    def begin(self, key: str, path: Path, arguments: Mapping[str, str]) -> Callable[[], bool] | None:
        """Begin to store a file's bytes, or return None where that is not for the runtime.

        What is returned waits for the end, and says whether they are stored. The arguments are those of boto3's
        `put_object`. Raises FileNotFoundError.
        """
        from awscrt import http, s3  # noqa: PLC0415 -- it is there already

        if not self._works or (size := path.stat().st_size) > SMALL_BYTES:
            return None
        said = [(HEADERS[name], value) for name, value in arguments.items()]
        headers = http.HttpHeaders([("host", self._host), ("content-length", str(size)), *said])
        try:
            request = self._client.make_request(
                type=s3.S3RequestType.PUT_OBJECT,
                request=http.HttpRequest("PUT", self._folder + quote(key, safe="/~"), headers),
                send_filepath=str(path),
                signing_config=_signing(self._region, self._credentials.get_frozen_credentials()),
                checksum_config=s3.S3ChecksumConfig(s3.S3ChecksumAlgorithm.CRC64NVME, s3.S3ChecksumLocation.HEADER),
            )
        except RuntimeError:  # a file that cannot be opened
            return None
        return partial(self._stored, request)

    def _stored(self, request: Any) -> bool:  # noqa: ANN401 -- of the runtime
        from awscrt.exceptions import AwsCrtError  # noqa: PLC0415 -- it is there already

        try:  # of many that a silent server has, one is waited for
            request.finished_future.result(PATIENCE if self._works else 0)
        except (AwsCrtError, TimeoutError) as error:
            request.cancel()
            # Where it is the object that is not as the request wants it, the runtime itself is in order.
            self._works = str(getattr(error, "status_code", None)) in REFUSED_CONDITION
            return False
        return True


def _trusted(authorities: str) -> Any:  # noqa: ANN401 -- of the runtime
    from awscrt import io  # noqa: PLC0415 -- it is there already

    options = io.TlsContextOptions()
    options.override_default_trust_store_from_path(ca_filepath=authorities)
    return io.ClientTlsContext(options).new_connection_options()


@lru_cache(maxsize=1)
def _signing(region: str, credentials: Any) -> Any:  # noqa: ANN401 -- of botocore and of the runtime
    """Return how to sign with credentials, which may be new ones at any time."""
    from awscrt.auth import AwsCredentialsProvider  # noqa: PLC0415 -- it is there already
    from awscrt.s3 import create_default_s3_signing_config  # noqa: PLC0415 -- same

    provider = AwsCredentialsProvider.new_static(credentials.access_key, credentials.secret_key, credentials.token)
    return create_default_s3_signing_config(region=region, credential_provider=provider)
