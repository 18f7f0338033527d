"""Files of HDFS under their paths: each appears in one step, by rename, and is read with its checksums verified."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from retailstream.adapters.lake.copies import Download
from retailstream.adapters.lake.hdfs_calls import OPTIONS, SilentError, answer, tries
from retailstream.adapters.lake.hdfs_errors import AbsentError, TakenError, UntakenError
from retailstream.errors import RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ASIDE: Final = ".%part"
"""The folder of files being written; no key is called so, and Hive and Spark pass by what begins with a dot."""

ABANDONED_SECONDS: Final = 24 * 3600
"""The age at which a file that is being written was left by a process that was killed."""

CHUNK_BYTES: Final = 1 << 20
PACKETS: Final = 16
"""How many packets are asked for at a time, of 64 kB each."""

LISTED_AT_ONCE: Final = 1_000


@dataclass(frozen=True)
class Cluster:
    """How a cluster is spoken to; what is empty is for Hadoop's own settings to say."""

    conf: str = ""
    principal: str = ""
    keytab: str = ""
    replication: int = 0


class HdfsFiles:
    """Files below the folder `root` of the cluster at `host:port`, or of a nameservice."""

    def __init__(self, authority: str, root: str, cluster: Cluster) -> None:
        self._authority = authority
        self._cluster = cluster
        self._tidy = False
        self.root = root
        self.url = f"hdfs://{authority}{root}"

    def __getstate__(self) -> dict[str, object]:
        """Leave the connection behind: whoever unpickles a lake, on whatever machine, connects anew."""
        return {name: value for name, value in self.__dict__.items() if name != "_client"}

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 -- the driver is an extra
        try:
            from hdfs_native import Client  # noqa: PLC0415 -- what a scheme needs
        except ImportError as error:
            hint = "pip install 'retailstream[hdfs]'"
            raise UsageError("hdfs:// URLs need the package hdfs-native", hint=hint) from error
        cluster = self._cluster
        kerberos = {"kerberos_principal": cluster.principal or None, "kerberos_keytab": cluster.keytab or None}
        address = f"hdfs://{self._authority}" if self._authority else None
        return answer(self.url, lambda: Client(address, OPTIONS, cluster.conf or None, **kerberos))

    def status(self, path: str) -> Any | None:  # noqa: ANN401 -- of the driver
        """Return what the NameNode tells of a file; None where there is none, or a folder."""
        for attempt in tries():
            with attempt:
                try:
                    found = answer(self.url, self._client.get_file_info, path)
                except AbsentError:
                    return None
                return None if found.isdir else found
        raise AssertionError

    def listing(self, folder: str) -> list[Any]:
        """Return all files below a folder."""
        for attempt in tries():
            with attempt:
                return [found for found in self._listed(folder) if not found.isdir]
        raise AssertionError

    def store(self, path: str, stream: BinaryIO, *, replace: bool) -> None:
        """Store a stream's bytes on the DataNodes' disks, written aside and put in place by rename.

        Raises TakenError where a file is there and must not be replaced.
        """
        self._sweep()
        aside = f"{self.root}/{ASIDE}/{uuid.uuid4().hex}"
        try:
            for attempt in tries():
                with attempt:
                    stream.seek(0)
                    self._write(aside, stream)
                    self._rename(aside, path, replace=replace)
        except RetailStreamError as error:
            if not isinstance(error, SilentError):
                self._forget(aside)
            if isinstance(error, UntakenError) and self._gives():
                said = error.message.removeprefix(f"{self.url} is not available: ")
                hint = "make room, and run the same command again"
                raise RetailStreamError(f"{self.url} is full: {said}", hint=hint) from error
            raise

    def download(self, path: str, keep: Callable[[Download], Any]) -> Any:  # noqa: ANN401 -- what `keep` makes of it
        """Return what `keep` makes of a file as it is now, which is given once more where it breaks off on its way.

        Raises AbsentError where there is none.
        """
        for attempt in tries():
            with attempt:
                found = answer(self.url, self._client.get_file_info, path)
                kept = keep(Download(version(found), self._whole(path, found.length)))
                if version(answer(self.url, self._client.get_file_info, path)) != version(found):
                    raise self._changing()
                return kept
        raise AssertionError

    def remove(self, path: str) -> None:
        """Remove a file, and the folders that it leaves empty; one that is gone is no error."""
        for attempt in tries():
            with attempt:
                self._removed(path)
                with suppress(UsageError):  # an empty folder may be another user's
                    folder = path.rpartition("/")[0]
                    while len(folder) > len(self.root) and self._removed(folder):
                        folder = folder.rpartition("/")[0]

    def _listed(self, folder: str) -> list[Any]:
        found: list[Any] = []
        try:
            listing = answer(self.url, self._client.list_status, folder, True)  # noqa: FBT003 -- the driver's way
            while some := answer(self.url, lambda: list(islice(listing, LISTED_AT_ONCE))):
                found += some
        except AbsentError:
            if found or self._is_there(folder):  # a folder within was taken away meanwhile
                raise self._changing() from None
        return found

    def _changing(self) -> TransientError:
        return TransientError(f"{self.url} is being changed by another run", hint="run the same command again")

    def _is_there(self, folder: str) -> bool:
        try:
            answer(self.url, self._client.get_file_info, folder)
        except AbsentError:
            return False
        return True

    def _write(self, path: str, stream: BinaryIO) -> None:
        from hdfs_native import WriteOptions  # noqa: PLC0415 -- it is there by now

        options = WriteOptions(replication=self._cluster.replication or None, overwrite=True, create_parent=True)
        writer = answer(self.url, self._client.create, path, options)
        # A writer that failed is not closed: that would take its time, and hide what was wrong.
        while chunk := stream.read(CHUNK_BYTES):
            answer(self.url, writer.write, chunk)
        if stream.tell():  # to close alone leaves a block in the memory of its DataNodes
            answer(self.url, writer.hsync)
        answer(self.url, writer.close)

    def _rename(self, path: str, target: str, *, replace: bool) -> None:
        try:
            answer(self.url, self._client.rename, path, target, replace)
        except AbsentError:
            parent = target.rpartition("/")[0]
            answer(self.url, self._client.mkdirs, parent, 0o755, True)  # noqa: FBT003 -- the driver's way
            try:
                answer(self.url, self._client.rename, path, target, replace)
            except AbsentError:  # another run has just taken the folder away again, for it was empty
                raise self._changing() from None

    def _whole(self, path: str, length: int) -> Iterator[bytes]:
        """Yield a file; TransientError where fewer bytes come than it has: its last block is still being written."""
        got = 0
        for chunk in self._chunks(path):
            got += len(chunk)
            yield chunk
        if got != length:
            raise TransientError(
                f"{self.url} gave {got:,} of the {length:,} bytes of '{path}': another program has it open for writing",
                hint="wait until it is closed, then run the same command again",
            )

    def _chunks(self, path: str) -> Iterator[bytes]:
        reader = answer(self.url, self._client.read, path)
        packets = reader.read_range_stream(0, len(reader))
        while chunk := answer(self.url, lambda: b"".join(islice(packets, PACKETS))):
            yield chunk

    def _removed(self, path: str) -> bool:
        """Say whether there is nothing under a path any more: a folder that is not empty stays."""
        try:
            answer(self.url, self._client.delete, path, False)  # noqa: FBT003 -- the driver's way
        except TakenError:
            return False
        except AbsentError:
            pass
        return True

    def _gives(self) -> bool:
        """Say whether DataNodes give a file, so that they are there; not, where there is no file to ask for."""
        try:
            listing = answer(self.url, self._client.list_status, self.root, True)  # noqa: FBT003 -- the driver's way
            some = answer(self.url, lambda: list(islice(listing, LISTED_AT_ONCE)))
            return any(next(self._chunks(found.path), b"") for found in some if found.length and not found.isdir)
        except RetailStreamError:
            return False

    def _forget(self, aside: str) -> None:
        """Take away what could not be put in place; what cannot be taken away now is swept another day."""
        try:
            answer(self.url, self._client.delete, aside, False)  # noqa: FBT003 -- the driver's way
        except RetailStreamError:
            return

    def _sweep(self) -> None:
        """Take away, once a process, what killed processes have left."""
        if self._tidy:
            return
        self._tidy = True
        for found in self.listing(f"{self.root}/{ASIDE}"):
            if time.time() - found.modification_time / 1000 > ABANDONED_SECONDS:
                self._forget(found.path)


def version(found: Any) -> str:  # noqa: ANN401 -- of the driver
    """Return what tells a file from the one that was there before, and from the next."""
    return f"{found.modification_time}-{found.length}"
