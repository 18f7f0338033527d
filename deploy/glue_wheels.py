"""`python -m deploy.glue_wheels`: the wheels that the Glue job needs, to be uploaded beside its script."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
REQUIREMENTS: Final = Path(__file__).with_name("glue-requirements.txt")
PYTHON: Final = "3.11"
"""The Python of Glue 5."""


def main() -> None:
    """Build our own wheel, fetch the others, and print the value of `--additional-python-modules`."""
    parser = argparse.ArgumentParser(prog="python -m deploy.glue_wheels", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "glue")
    parser.add_argument("--ca", type=Path, help="the authorities of the database's certificate; becomes rds.pem")
    parser.add_argument("--at", default="s3://BUCKET/glue", help="where they are to be uploaded")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", f"--wheel-dir={options.out}", str(ROOT)], check=True)
    places = [f"--platform={name}_x86_64" for name in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")]
    words = ["--only-binary=:all:", *places, f"--python-version={PYTHON}", "--implementation=cp"]
    words += [f"--constraint={ROOT / 'constraints.txt'}", f"--requirement={REQUIREMENTS}", f"--dest={options.out}"]
    subprocess.run([*pip, "download", *words], check=True)
    shutil.copyfile(ROOT / "retailstream" / "aws" / "glue_job.py", options.out / "glue_job.py")
    if options.ca:
        shutil.copyfile(options.ca, options.out / "rds.pem")
    wheels = sorted(path.name for path in options.out.glob("*.whl"))
    print(f"{options.out}: glue_job.py and {len(wheels)} wheels; the job's --additional-python-modules:")
    print(",".join(f"{options.at}/{name}" for name in wheels))


if __name__ == "__main__":
    main()
