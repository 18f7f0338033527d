"""`python -m dashboards`: write the dashboards as JSON, or with `--check` say which one is stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import business, pipeline, quality

FOLDER: Final = Path(__file__).parents[1] / "configs" / "monitoring" / "grafana" / "dashboards"

DASHBOARDS: Final = {
    "pipeline-health.json": pipeline.build,
    "data-quality.json": quality.build,
    "business.json": business.build,
}


def rendered() -> dict[str, str]:
    """Return the text of each dashboard by its file."""
    encoder = JSONEncoder(sort_keys=True, indent=1)
    return {name: encoder.encode(build().build()) + "\n" for name, build in DASHBOARDS.items()}


def main(words: list[str]) -> int:
    """Do what the words ask for, and return the exit code."""
    texts = {FOLDER / name: text for name, text in rendered().items()}
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in words:
            print(f"{path} is stale: `make dashboards` writes it anew", file=sys.stderr)
        else:
            path.write_text(texts[path], encoding="utf-8")
            print(f"written: {path}")
    return 1 if stale and "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
