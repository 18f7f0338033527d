"""A lake that is a bucket of S3, or of any server that speaks like it: an object appears whole or not at all.

Where the server is, its region and the credentials are what boto3 finds by itself: environment, profile or role. What
is stored is proved by a checksum on its way. What is fetched is kept as a local copy, which counts as long as the
object still has the ETag that it was copied with. See docs/adr/0015-objects-of-s3.md.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from retailstream.adapters.lake.copies import Copies
from retailstream.adapters.lake.s3_client import new_client, new_session
from retailstream.adapters.lake.s3_downloads import body, download
from retailstream.adapters.lake.s3_errors import ABSENT, NOT_MODIFIED, REFUSED_CONDITION, TAKEN, code_of, mapped
from retailstream.adapters.lake.s3_runtime import open_runtime
from retailstream.adapters.lake.s3_uploads import Uploads
from retailstream.errors import RetailStreamError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from retailstream.adapters.lake.s3_runtime import Runtime

AT_ONCE: Final = 16
"""How many objects are on their way at a time."""

AHEAD: Final = 32
"""How many files are begun before the first of them is waited for."""

DELETED_AT_ONCE: Final = 1_000

CONNECTED: Final = {"_session", "_client", "_runtime", "_uploads"}
"""What of a lake cannot be moved to another process."""


@dataclass(frozen=True)
class Storage:
    """How objects are kept, in the words of S3's API; what is empty is for the bucket to say."""

    encryption: str = ""
    kms_key: str = ""
    storage_class: str = ""

    @property
    def arguments(self) -> dict[str, str]:
        """What a request says that stores an object."""
        said = {
            "ServerSideEncryption": self.encryption,
            "SSEKMSKeyId": self.kms_key,
            "StorageClass": self.storage_class,
        }
        return {name: value for name, value in said.items() if value}


def open_s3(place: str, copies: Path, storage: Storage) -> S3Lake:
    """Return the lake of `bucket/prefix`, with a folder for copies; nothing is connected before the first request."""
    bucket, _, prefix = place.partition("/")
    prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    return S3Lake(bucket, prefix, Copies(copies, f"{bucket}/{prefix}"), storage)


class S3Lake:
    """Objects of one bucket, below a prefix that is empty or ends with a slash."""

    def __init__(self, bucket: str, prefix: str, copies: Copies, storage: Storage) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._copies = copies
        self._storage = storage
        self._seen: dict[str, str | None] = {}

    def __getstate__(self) -> dict[str, object]:
        """Leave the connection behind: whoever unpickles a lake, on whatever machine, connects anew."""
        return {name: value for name, value in self.__dict__.items() if name not in CONNECTED}

    @property
    def url(self) -> str:
        """The bucket and the prefix as a URL."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401 -- boto3 has no types
        with mapped(self.url):
            return new_session()

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 -- botocore makes its classes at run time
        with mapped(self.url):
            return new_client(self._session, connections=2 * AT_ONCE)

    @cached_property
    def _uploads(self) -> Uploads:
        return Uploads(self._client, self._bucket, self._storage.arguments)

    @cached_property
    def _runtime(self) -> Runtime | None:
        return open_runtime(self._session, self._client, self._bucket)

    def sizes(self, prefix: str) -> dict[str, int]:
        """Return the bytes of each object below the prefix, by key."""
        pages = self._client.get_paginator("list_objects_v2")
        with mapped(self.url):
            found = [
                (str(item["Key"]).removeprefix(self._prefix), int(item["Size"]))
                for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix)
                for item in page.get("Contents", ())
            ]
        # Consoles keep "folders" as empty objects whose names end like those of folders.
        return {key: size for key, size in found if not key.endswith("/") and key}

    def put(self, key: str, path: Path) -> None:
        """Store a copy of the file's bytes, taking the place of what was there."""
        with mapped(self.url):
            self._uploads.send(self._prefix + key, path)
        self._seen.pop(key, None)

    def put_all(self, files: Sequence[tuple[str, Path]]) -> None:
        """Store copies of files' bytes, many at a time, each taking the place of what was there."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda file: self.put(*file), files))

    def add_all(self, files: Sequence[tuple[str, Path]]) -> Iterator[bool]:
        """Store copies of files under keys that are free, many at a time; yield whether each file was there.

        Raises RetailStreamError where a key holds other bytes already.
        """
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            yield from _in_turn(self._begin_to_add(pool, *file) for file in files)
        finally:
            pool.shutdown(cancel_futures=True)

    def fetch(self, key: str) -> Path:
        """Return a local copy of the object as it is now."""
        kept = self._copies.newest(key)
        condition = {"IfNoneMatch": kept.version} if kept else {}
        try:
            with mapped(self.url):
                return download(lambda: self._get(key, **condition), lambda found: self._copies.keep(key, found))
        except RetailStreamError as error:
            code = code_of(error.__cause__)
            if kept and code in NOT_MODIFIED:
                return kept.path
            if code in ABSENT:
                raise RetailStreamError(
                    f"object '{key}' is missing in {self.url}", hint="retailstream doctor"
                ) from None
            raise

    def fetch_all(self, keys: Sequence[str]) -> list[Path]:
        """Return local copies of objects as they are now."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.fetch, keys))

    def drop_copies(self, keys: Iterable[str]) -> None:
        """Take away the local copies of objects, so that they are fetched anew."""
        for key in keys:
            self._copies.drop(key)

    def read(self, key: str) -> bytes | None:
        """Return a small object's bytes, or None where there is none."""
        try:
            with mapped(self.url):
                etag, data = body(lambda: self._get(key))
        except RetailStreamError as error:
            if code_of(error.__cause__) not in ABSENT:
                raise
            self._seen[key] = None
            return None
        self._seen[key] = etag
        return data

    def write(self, key: str, data: bytes) -> None:
        """Store a small object durably, in one step.

        Raises TransientError where the object is no longer the one that was read here last: another run was there.
        """
        condition = {}
        if key in self._seen:
            seen = self._seen[key]
            condition = {"IfMatch": seen} if seen else {"IfNoneMatch": "*"}
        try:
            with mapped(self.url):
                self._seen[key] = self._uploads.send_bytes(self._prefix + key, data, **condition)
        except RetailStreamError as error:
            # A request whose answer was lost is sent again, and then finds its own object.
            if code_of(error.__cause__) not in REFUSED_CONDITION:
                raise
            if self.read(key) != data:
                raise TransientError(
                    f"object '{key}' in {self.url} was changed by another run meanwhile",
                    hint="run the same command again",
                ) from error

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is gone already is no error."""
        names = list(keys)
        for start in range(0, len(names), DELETED_AT_ONCE):
            some = names[start : start + DELETED_AT_ONCE]
            objects = [{"Key": self._prefix + key} for key in some]
            with mapped(self.url):
                done = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})
            if failed := done.get("Errors"):
                told = f"{failed[0].get('Code')}: {failed[0].get('Message')}"
                raise RetailStreamError(f"{len(failed)} objects in {self.url} were not deleted, the first for {told}")
            for key in some:
                self._seen.pop(key, None)

    def _begin_to_add(self, pool: ThreadPoolExecutor, key: str, path: Path) -> Callable[[], bool]:
        arguments = {**self._storage.arguments, "IfNoneMatch": "*"}
        with suppress(FileNotFoundError), mapped(self.url):
            if self._runtime and (stored := self._runtime.begin(self._prefix + key, path, arguments)):
                return lambda: stored() or self._add(key, path)
        return pool.submit(self._add, key, path).result

    def _add(self, key: str, path: Path) -> bool:
        try:
            with mapped(self.url):
                self._uploads.send(self._prefix + key, path, IfNoneMatch="*")
        except FileNotFoundError:
            return False
        except RetailStreamError as error:
            code = code_of(error.__cause__)
            if code not in REFUSED_CONDITION:
                raise
            there = self.read(key)
            if there is None and code in TAKEN:  # some servers take what marks a deleted object for one
                self.put(key, path)
            elif there != path.read_bytes():
                raise RetailStreamError(
                    f"object '{key}' in {self.url} is there already, with other bytes than {path}",
                    hint="each environment needs a raw bucket of its own",
                ) from None
        return True

    def _get(self, key: str, **condition: str) -> Any:  # noqa: ANN401 -- a response is a dictionary of anything
        return self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, ChecksumMode="ENABLED", **condition)


def _in_turn(begun: Iterable[Callable[[], bool]]) -> Iterator[bool]:
    """Wait for each thing that was begun, when some more are."""
    waiting: deque[Callable[[], bool]] = deque()
    for one in begun:
        waiting.append(one)
        if len(waiting) > AHEAD:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()
