"""Writes a synthetic retail chain: the same arguments give the same bytes on every machine."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from retailstream.contracts import FEATURES, SALES
from retailstream.errors import RetailStreamError, UsageError
from retailstream.sample import features, sales
from retailstream.sample.chain import Shape, departments, shops
from retailstream.sample.manifest import Manifest
from retailstream.sample.spoiler import Spoiler
from retailstream.sample.weeks import friday
from retailstream.targets import check_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TextIO

    from retailstream.sample.chain import Shop

LARGEST = 100_000
STORES_HEADER = "Store,Type,Size"
FEATURE_RECORDS = 1000
"""How many records a feature file has, as in the public set; fewer where that would leave less than three files."""


@dataclass(frozen=True)
class SampleReport:
    """What was written: CSV files with their bytes, records by dataset, and the entries of the manifest."""

    files: int
    rows: Mapping[str, int]
    bytes: int
    spoilt: int


@dataclass(frozen=True)
class Written:
    """The files of one dataset."""

    files: int
    rows: int
    bytes: int


def write_sample(
    folder: Path, *, stores: int = 45, depts: int = 81, weeks: int = 143, seed: int = 1, dirty: float = 0.0
) -> SampleReport:
    """Write sales, features and stores as CSV files below a new or empty folder, and report what was written.

    A share `dirty` of the sales and features is spoilt, about six in ten of it against the contracts. Each spoilt
    record is listed in `folder/manifest.json` by file, number from 1 (0: the whole file), kind, column and how; of two
    records with one key it is the earlier one. Without `dirty` there is no manifest. Memory does not grow with the
    weeks. Raises UsageError where an argument is out of bounds or the folder is not empty, and RetailStreamError where
    a file cannot be written.
    """
    _check(folder, {"stores": stores, "depts": depts, "weeks": weeks}, dirty)
    shape = Shape(stores, depts, weeks, seed)
    chain = shops(shape)
    with _manifest(folder, wanted=dirty > 0) as manifest:
        sales_spoiler = Spoiler(SALES, sales.HEADER, manifest, share=dirty, seed=seed)
        features_spoiler = Spoiler(FEATURES, features.HEADER, manifest, share=dirty, seed=seed)
        written = {
            "sales": _write_sales(folder, shape, chain, sales_spoiler),
            "features": _write_features(folder, shape, chain, features_spoiler),
            "stores": _write_stores(folder, chain),
        }
    return SampleReport(
        files=sum(part.files for part in written.values()),
        rows={name: part.rows for name, part in written.items()},
        bytes=sum(part.bytes for part in written.values()),
        spoilt=manifest.entries,
    )


def _check(folder: Path, counts: Mapping[str, int], dirty: float) -> None:
    for name, count in counts.items():
        if not 1 <= count <= LARGEST:
            raise UsageError(f"{name} is {count}", hint=f"give a number from 1 to {LARGEST}")
    if not 0 <= dirty < 1:
        raise UsageError(f"dirty is {dirty}", hint="give a share of at least 0 and less than 1, such as 0.05")
    check_folder(folder, "the sample's folder")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"the folder {folder} is not empty", hint="name a new one, or remove what is in it")


def _write_sales(folder: Path, shape: Shape, chain: Sequence[Shop], spoiler: Spoiler) -> Written:
    model = sales.SalesModel(shape, chain, departments(shape))
    files = ((f"sales/sales_{friday(index)}.csv", model.week(index)) for index in range(shape.weeks))
    return _write_files(folder, files, shape.weeks, spoiler)


def _write_features(folder: Path, shape: Shape, chain: Sequence[Shop], spoiler: Spoiler) -> Written:
    model = features.FeatureModel(shape)
    lines = (line for shop in chain for line in model.shop(shop))
    records = model.span.weeks * shape.stores
    a_file = min(FEATURE_RECORDS, -(-records // 3))
    count = -(-records // a_file)
    files = (
        (f"features/features_{number:06d}.csv", iter([list(islice(lines, a_file))])) for number in range(1, count + 1)
    )
    return _write_files(folder, files, count, spoiler)


def _write_files(
    folder: Path, files: Iterable[tuple[str, Iterator[list[str]]]], count: int, spoiler: Spoiler
) -> Written:
    rows = size = 0
    for number, (file, blocks) in enumerate(files, start=1):
        path = folder / file
        with _put_aside(path) as stream:
            stream.write(spoiler.begin(file))
            for block in blocks:
                stream.write("".join(spoiler.block(block)))
            stream.write("".join(spoiler.end(last=number == count)))
        rows += spoiler.records
        size += path.stat().st_size
    return Written(count, rows, size)


def _write_stores(folder: Path, chain: Sequence[Shop]) -> Written:
    path = folder / "stores" / "stores.csv"
    with _put_aside(path) as stream:
        # Like the public set's, the file does not end with a line break.
        stream.write("\n".join([STORES_HEADER, *(f"{shop.number},{shop.type},{shop.size}" for shop in chain)]))
    return Written(1, len(chain), path.stat().st_size)


@contextmanager
def _manifest(folder: Path, *, wanted: bool) -> Iterator[Manifest]:
    with _put_aside(folder / "manifest.json") if wanted else nullcontext() as stream:
        manifest = Manifest(stream)
        yield manifest
        manifest.close()


@contextmanager
def _put_aside(path: Path) -> Iterator[TextIO]:
    """Open a file under a hidden name, and give it its own once it is whole; bytes that are no text pass through."""
    aside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            yield stream
        aside.replace(path)
    except OSError as error:
        raise RetailStreamError(f"{path} cannot be written: {error.strerror}", hint="name another folder") from error
    finally:
        with suppress(OSError):
            aside.unlink()
