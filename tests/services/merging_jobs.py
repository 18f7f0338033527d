"""Merges as jobs of JSON, so that engines in other environments of Python can be given the same ones."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retailstream.adapters.lake.folder import FolderLake
from retailstream.contracts import CONTRACTS
from retailstream.ports import LakeFile, LandedFile
from retailstream.records import survey

if TYPE_CHECKING:
    from retailstream.ports import FileFigures, Merger

Job = dict[str, Any]
"""`dataset`, `files` (paths below `raw`), `settled`, `refused`, `current` (paths by partition), `out`, `ansi`."""


def merge(merger: Merger, job: Job) -> Job:
    """Do a job, and return all that the merge tells, with the paths of what it wrote."""
    contract = CONTRACTS[job["dataset"]]
    lake, out = FolderLake(Path(job["raw"])), Path(job["out"])
    files = []
    for number, key in enumerate(job["files"], start=1):
        path = lake.fetch(key)
        found = survey(path, contract)
        if not found.defect:
            files.append(LandedFile(number, 1 + number // 5, key, LakeFile(lake, key, path), found))
    current = {name: _file(Path(path)) for name, path in job["current"].items()}
    settled = [tuple(pair) for pair in job["settled"]]
    checked = merger.check(contract, files, settled=settled)
    figures, stores = checked.files(), checked.stores(refused=job["refused"])
    dates = checked.dates() if contract.by_month else ()
    done = checked.merge(current=current, refused=job["refused"])
    out.mkdir(parents=True)
    partitions = dict(done.partitions())
    paths = {name: out / f"{name}.parquet" for name in partitions}
    return {
        "counts": asdict(done.counts),
        "files": [asdict(file) | _dates(file) for file in figures],
        "dates": [asdict(found) | {"date": str(found.date)} for found in dates],
        "stores": [asdict(store) for store in stores],
        "rejects": [asdict(reject) for reject in done.rejects()],
        "disagreements": [asdict(found) for found in done.disagreements()],
        "partitions": partitions,
        "written": sorted(done.write(paths)),
        "row_digests": done.row_digests(list(paths.values())),
        "origins": sorted([*origin, rows] for origin, rows in merger.origins(list(paths.values())).items()),
        "paths": {name: str(path) for name, path in paths.items()},
    }


def _dates(file: FileFigures) -> Job:
    """Return what JSON would not give back as it is."""
    ends = {"first_date": str(file.first_date), "last_date": str(file.last_date)}
    return ends | {"weekdays": list(file.weekdays), "swapped_weekdays": list(file.swapped_weekdays)}


def _file(path: Path) -> LakeFile:
    return LakeFile(FolderLake(path.parent), path.name, path)


def work(folder: str) -> None:
    """Do each job of a line of stdin in one session of Spark, and answer with a line."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- not every environment has it

    from retailstream.adapters.engine.spark import open_spark  # noqa: PLC0415 -- same

    answers = sys.stdout
    with open_spark(Path(folder), memory="1GB") as merger:
        for line in sys.stdin:
            job = json.loads(line)
            if session := SparkSession.getActiveSession():
                session.conf.set("spark.sql.ansi.enabled", str(job["ansi"]).lower())
            answers.write(json.dumps(merge(merger, job)) + "\n")
            answers.flush()


if __name__ == "__main__":
    work(sys.argv[1])
