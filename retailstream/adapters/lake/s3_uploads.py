"""Files on their way to S3: small ones in one request, large ones in parts, all of them proved by checksums."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from retailstream.durable import naming

if TYPE_CHECKING:
    from pathlib import Path

PART_BYTES: Final = 16 << 20
"""The size of a part, and of the largest file that is sent in one request; S3 takes 10,000 parts."""

PARTS_AT_ONCE: Final = 8
"""How many parts are on their way at a time, of all files together, which bounds the memory they take."""

ABANDONED_AFTER: Final = timedelta(days=1)


class Uploads:
    """Uploads into one bucket; `arguments` are what each of them says of storage."""

    def __init__(self, client: Any, bucket: str, arguments: dict[str, str]) -> None:  # noqa: ANN401 -- of botocore
        self._client = client
        self._bucket = bucket
        # The checksum of choice for S3 needs the C runtime of AWS, which not every place has.
        checksum = "CRC64NVME" if find_spec("awscrt") else "CRC32"
        self._arguments = {**arguments, "ChecksumAlgorithm": checksum}

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """What sends the parts of all files."""
        return ThreadPoolExecutor(PARTS_AT_ONCE)

    def send(self, key: str, path: Path, **condition: str) -> None:
        """Store a file's bytes; a condition that does not hold ends as an error of the server."""
        size = path.stat().st_size
        if size <= PART_BYTES:
            with naming(path):
                data = path.read_bytes()
            self.send_bytes(key, data, **condition)
        else:
            self._send_in_parts(key, path, size, condition)

    def send_bytes(self, key: str, data: bytes, **condition: str) -> str:
        """Store bytes, and return the ETag that they got."""
        done = self._client.put_object(Bucket=self._bucket, Key=key, Body=data, **self._arguments, **condition)
        return str(done["ETag"])

    def _send_in_parts(self, key: str, path: Path, size: int, condition: dict[str, str]) -> None:
        self._abandon_unfinished(key)
        place = {"Bucket": self._bucket, "Key": key}
        place["UploadId"] = self._client.create_multipart_upload(**place, **self._arguments)["UploadId"]
        length = max(PART_BYTES, -(-size // 10_000))

        def send(start: int) -> dict[str, Any]:
            with naming(path), path.open("rb") as stream:
                stream.seek(start)
                data = stream.read(length)
            number = start // length + 1
            checksum = self._arguments["ChecksumAlgorithm"]
            sent = self._client.upload_part(**place, PartNumber=number, Body=data, ChecksumAlgorithm=checksum)
            proof = {
                name: value for name, value in sent.items() if name.startswith("Checksum") and name[8:] == checksum
            }
            return {"PartNumber": number, "ETag": sent["ETag"], **proof}

        sending = [self._pool.submit(send, start) for start in range(0, size, length)]
        try:
            parts = [part.result() for part in sending]
            self._client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, **condition)
        except BaseException:
            for part in sending:
                part.cancel()
            wait(sending)  # a part that arrives later would stay
            with suppress(Exception):  # what is left is abandoned by the next upload, or by the bucket's own rule
                self._client.abort_multipart_upload(**place)
            raise

    def _abandon_unfinished(self, key: str) -> None:
        """Take away what uploads that were killed have left: earlier ones of this key, and those of yesterday."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 -- it is there already

        folder = key.rpartition("/")[0]
        with suppress(ClientError):  # not every role may list uploads
            found = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=folder)
            for upload in found.get("Uploads", ()):
                if upload["Key"] == key or datetime.now(UTC) - upload["Initiated"] > ABANDONED_AFTER:
                    place = {"Bucket": self._bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                    self._client.abort_multipart_upload(**place)
