"""The conservation law over random dirty files: every record ends where a model in plain Python says.

A file is drawn as the fields of its records, and only then written down in a random layout.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.environment import (
    FEATURES,
    SALES,
    STORES,
    Environment,
    any_number_sharing_keys,
    gzipped,
    law_holds,
    new_environment,
)
from tests.stages.model import COLUMNS, SCOPES, Entry, File, Model, Record

HEADERS = {"sales": f"{SALES},Customers", "features": f"{FEATURES},Customers", "stores": STORES}
SHARE = settings.default.max_examples // 20 if settings.default else 5
"""A run takes a fifth of a second, so these properties get a share of the profile's examples."""

# Few keys over two months, so that records meet, and each value in several forms, so that they are often equal.
TAKEN = {
    "integer": ("1", "2", " 1", "02\t"),
    "date": ("05/02/2010", "2010-02-05", " 2010-02-12", "05/03/2010", "2010-03-06"),
    "money": ("1", "1.0", "01.00", "-2.5"),
    "number": ("1", "1.0", "2.5", "99.9999999999"),
    "boolean": ("0", "FALSE", "true"),
    "letter": ("A", "B ", "c"),
}
ODD = {
    "integer": ("0", "-1", "1.0", "+1", "1234567890", "999999999", "\uff11", "1 1"),
    "date": (
        "30/02/2010",
        "2010-13-01",
        "5/2/2010",
        "0000-01-01",
        "12/02/10",
        "1012-02-05",
        "05/02/2210",
        "2010-02-05T00:00",
    ),
    "money": ("1.234", "1e3", "1,5", '"1"', "9999999999.99", "10000000000", "1.", ".5"),
    "number": ("0", "-1", "100.0000000001", "123456789", "1.12345678901", "1,5"),
    "boolean": ("yes", "2", "01", "T", "fal\u017fe"),
    "letter": ("AA", "1", "\u00c9", "?"),
}
NULLS = ("", " ", "NA", "n/a", "Null", "NaN\t")
NO_TEXT = st.sampled_from([b"\xff", b"1\xc3", b"\xe9 2010", b"\xed\xa0\x80"])
# Commas and line ends in one field may look like records that a quote has swallowed.
ANY_TEXT = st.sampled_from([",", "\r\n"]).flatmap(
    lambda never: st.text(st.characters(codec="utf-8", exclude_characters=f"\0{never}"), max_size=5)
)
FILLER = ("", "x", "a b", 'say "hi"', "1,2", "two\nlines", "caf\u00e9")
UNREADABLE = (
    ("", b""),
    ("empty_file", b""),
    ("not_text", b"Store,Dept\n1,\0\n"),
    ("not_text", b"Stor\xe9,Dept\n1,1\n"),
    ("missing_column", b"Store,Date\n1,05/02/2010\n"),
    ("missing_column", b"\n \n"),
)


def odd_field(kind: str) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(ODD.get(kind, FILLER)), st.sampled_from(NULLS), ANY_TEXT)


def taken_field(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from(TAKEN.get(kind, FILLER))


@st.composite
def records(draw: st.DrawFn, kinds: list[str]) -> Record:
    """A record, most of them valid; the others have one odd field, or too many, too few, or no text."""
    spoilt = draw(st.sampled_from([*[""] * 8, "field", "field", "field", "columns", "encoding"]))
    fields = [draw(taken_field(kind)).encode() for kind in kinds]
    place = draw(st.integers(0, len(kinds) - 1)) if spoilt else 0
    if spoilt == "field":
        fields[place] = draw(odd_field(kinds[place])).encode()
    elif spoilt == "encoding":
        fields[place] = draw(NO_TEXT)
    elif spoilt == "columns":
        fields = fields[: place + 1] if place < len(kinds) - 1 else [*fields, b"1"]
    always = draw(st.sampled_from([False, False, True]))
    return Record(tuple(fields), b",".join(quoted(content, always=always) for content in fields))


def quoted(content: bytes, *, always: bool) -> bytes:
    """Return a field as it stands in a file."""
    if always or content.startswith(b'"') or set(content) & set(b",\r\n"):
        return b'"' + content.replace(b'"', b'""') + b'"'
    return content


@st.composite
def headers(draw: st.DrawFn, dataset: str) -> tuple[tuple[str | None, ...], bytes]:
    """The columns of a file and its first line: any order, perhaps with a column that nobody knows."""
    names = HEADERS[dataset].split(",")
    if dataset == "sales" and draw(st.booleans()):
        names.remove("Customers")
    if draw(st.booleans()):
        names = [*draw(st.permutations(names)), *draw(st.sampled_from([(), ("Manager",)]))]
    known = {name.replace("_", ""): name for name in COLUMNS[dataset]}
    columns = tuple(
        next((name for folded, name in known.items() if folded == given.lower().replace("_", "")), None)
        for given in names
    )
    spelling = draw(st.sampled_from(["{}", "{}", '"{} "', " {}_"]))
    return columns, ",".join(spelling.format(name) for name in names).encode()


@st.composite
def files(draw: st.DrawFn, dataset: str) -> File:
    rule, content = draw(st.sampled_from(UNREADABLE)) if draw(st.integers(0, 9)) == 0 else UNREADABLE[0]
    if rule:
        return File(content, rule=rule)
    columns, header = draw(headers(dataset))
    kinds = [COLUMNS[dataset].get(str(name), "unknown") for name in columns]
    drawn: list[Record] = []
    for _ in range(draw(st.sampled_from([0, 1, 3, 9, 15, 30]))):
        again = drawn and draw(st.integers(0, 5)) == 0
        drawn.append(draw(st.sampled_from(drawn) if again else records(kinds)))
    layout = draw(st.sampled_from(["plain", "plain", "blanks", "quoted"]))
    if layout == "plain":  # what DuckDB reads by itself
        drawn = [record for record in drawn if len(record.fields) == len(columns) and b'"' not in record.raw]
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    between = end + b" \t" + end if layout == "blanks" else end
    body = between.join([header, *(record.raw for record in drawn)])
    last = draw(st.sampled_from([b"", end]))
    bom = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"]))
    there = tuple(record for record in drawn if record.raw.strip(b" \t"))
    return File(bom + body + last, columns, there)


@st.composite
def landings(draw: st.DrawFn) -> dict[str, File]:
    """The files that a source gains at a time; a name may come again, with the same bytes or others."""
    found = {}
    for dataset, most in (("sales", (1, 2, 4)), ("stores", (0, 1)), ("features", (0, 1))):
        for _ in range(draw(st.sampled_from(most))):
            file = draw(files(dataset))
            name = draw(st.sampled_from(["a", "b/a", "B", "a-b", "a9", "a (10)", "\uffee", "\U0001f600"]))
            if draw(st.integers(0, 3)) == 0:
                found[f"{dataset}/{name}.csv.gz"] = File(gzipped(file.content), file.columns, file.records, file.rule)
            else:
                found[f"{dataset}/{name}.csv"] = file
    return found


def entries(env: Environment) -> set[Entry]:
    """Return what the quarantine has; an empty value and none look the same there."""
    listed = set()
    for item in env.quarantine():
        whole = item["record"] is None
        about = (None, None) if whole else (item["value"] or None, item["raw"])
        listed.add(
            Entry(item["dataset"], item["landing"], item["file"], item["record"], item["rule"], item["column"], *about)
        )
    return listed


def merged(env: Environment, model: Model, stage: str, *words: str) -> None:
    """Run a stage that cleans, and compare every figure and every row with the model's."""
    before = {dataset: len(env.clean(dataset)) for dataset in COLUMNS}
    finer = {dataset: model.finer(dataset) for dataset in SCOPES["features" if stage == "features" else "sales"]}
    if any(finer.values()):
        assert env.stage(stage, *words, "--max-rejects", "100%", code=3)["error"]
        refused = {entry["file"] for entry in env.quarantine("--rule", "shared_keys")}
        assert {name for names in finer.values() for name in names} <= refused
    with any_number_sharing_keys():
        summary = env.stage(stage, *words, "--max-rejects", "100%")
    assert law_holds(summary)
    for dataset, counts in summary["datasets"].items():
        figures = asdict(model.merge(dataset))
        assert {name: counts[name] for name in figures} == figures
        assert law_holds(counts)
        rows = env.clean(dataset)
        assert rows == model.rows(dataset)
        assert len(rows) == before[dataset] + counts["rows_out"] - counts["rows_replaced"]


@settings(max_examples=SHARE)
@given(st.lists(st.tuples(landings(), st.booleans()), min_size=1, max_size=3))
def test_every_record_is_accounted_for_as_the_model_says(steps: list[tuple[dict[str, File], bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        env, model, source = new_environment(Path(folder)), Model(), dict[str, File]()
        for number, (drawn, at_once) in enumerate(steps, start=1):
            readable = {
                f"{name}/~{number}.csv": File(f"{HEADERS[name]}\n".encode() + b"\n" * number) for name in COLUMNS
            }
            landing = drawn | readable  # else the gate closes where no new file of a dataset can be read
            env.write({name: file.content for name, file in landing.items()})
            source |= landing
            env.stage("ingest", "--source", str(env.source))
            model.land("sales", source)
            if at_once or number == len(steps):
                merged(env, model, "glue-merge")
                model.land("features", source)
                merged(env, model, "features", "--source", str(env.source))
        assert entries(env) == model.quarantine
        env.run("--from", "load-rds")
        assert [name for name in env.failing() if name.startswith("reconcile")] == []


@st.composite
def spoilt(draw: st.DrawFn, dataset: str) -> bytes:
    """Bytes that may have been a file once."""
    content = draw(st.one_of(st.binary(max_size=60), files(dataset).map(lambda file: file.content)))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(st.integers(0, 4)))
        content = (
            content[:start]
            + draw(st.one_of(st.binary(max_size=4), st.text('",\r\n \0', max_size=4).map(str.encode)))
            + content[stop:]
        )
    return content


@st.composite
def garbage(draw: st.DrawFn) -> dict[str, bytes]:
    found = {}
    for dataset in COLUMNS:
        for number, content in enumerate(draw(st.lists(spoilt(dataset), max_size=3))):
            found[f"{dataset}/{number}.csv"] = content
        if draw(st.booleans()):
            found[f"{dataset}/x.csv.gz"] = draw(st.one_of(spoilt(dataset), spoilt(dataset).map(gzipped)))
        found[f"{dataset}/good.csv"] = f"{HEADERS[dataset]}\n".encode()  # else the gate closes
    return found


@settings(max_examples=SHARE)
@given(garbage())
def test_no_bytes_give_a_traceback_or_lose_a_record(contents: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        env = new_environment(Path(folder))
        env.write({"stores/s.csv": "", **contents})
        with any_number_sharing_keys():
            summary = env.run("--max-rejects", "100%")
        for dataset, counts in summary["datasets"].items():
            assert law_holds(counts)
            assert len(env.clean(dataset)) == counts["rows_out"]
            assert counts["files_quarantined"] == len(
                {item["file"] for item in env.quarantine("--dataset", dataset) if item["record"] is None}
            )
            rejected = [item for item in env.quarantine("--dataset", dataset) if item["record"]]
            superseded = sum(item["rule"] == "superseded" for item in rejected)
            assert (len(rejected) - superseded, superseded) == (counts["rows_quarantined"], counts["rows_superseded"])
