"""`python -m deploy.lambda_zip`: the package of the Lambda function, the same bytes for the same sources."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
REQUIREMENTS: Final = Path(__file__).with_name("lambda-requirements.txt")

ZIPPED_MB: Final = 50
UNPACKED_MB: Final = 250
"""What Lambda takes, at most."""

LEFT_OUT: Final = ("analytics", "cli", "sample", "api.py", "reporting.py", "gluing.py", "aws/glue_job.py")
"""What of retailstream no load needs."""

SERVICES: Final = ("s3", "sts", "secretsmanager", "rds", "sso", "sso-oidc")
"""The services of AWS that the function may speak to; botocore describes four hundred."""

EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Build the package, check it against the limits of Lambda, and print its size."""
    parser = argparse.ArgumentParser(prog="python -m deploy.lambda_zip", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", default="3.13", help="the version of the runtime (3.13)")
    parser.add_argument("--platform", default="x86_64", help="the processor of the runtime (x86_64, or aarch64)")
    parser.add_argument("--ca", type=Path, help="the authorities of the database's certificate; becomes rds.pem")
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "lambda.zip")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder)
        install(REQUIREMENTS, content, options.python, options.platform)
        copy_package(content)
        prune(content)
        if options.ca:
            shutil.copyfile(options.ca, content / "rds.pem")
        options.out.parent.mkdir(parents=True, exist_ok=True)
        pack(content, options.out)
        unpacked = sum(path.stat().st_size for path in files(content)) / 1e6
    zipped = options.out.stat().st_size / 1e6
    print(f"{options.out}: {zipped:.1f} MB, {unpacked:.1f} MB unpacked, Python {options.python} on {options.platform}")
    if zipped > ZIPPED_MB or unpacked > UNPACKED_MB:
        sys.exit(f"error: Lambda takes {ZIPPED_MB} MB, {UNPACKED_MB} MB unpacked")


def install(requirements: Path, target: Path, python: str, processor: str) -> None:
    """Install wheels for another Python and another machine than this one."""
    platforms = [f"--platform=manylinux_{glibc}_{processor}" for glibc in ("2_28", "2_27", "2_17")]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary=:all:"]
    command += [*platforms, f"--platform=manylinux2014_{processor}", f"--python-version={python}"]
    command += ["--implementation=cp", f"--constraint={ROOT / 'constraints.txt'}", f"--target={target}"]
    subprocess.run([*command, f"--requirement={requirements}"], check=True)


def copy_package(target: Path) -> None:
    """Copy what a load needs of retailstream."""
    package = ROOT / "retailstream"
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if not any(name == left or name.startswith(f"{left}/") for left in LEFT_OUT):
            copy = target / "retailstream" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def prune(content: Path) -> None:
    """Take away what is not read at run time."""
    for path in (*content.rglob("__pycache__"), content / "bin"):
        shutil.rmtree(path, ignore_errors=True)
    for path in content.glob("*.dist-info/*"):
        if path.is_file() and path.name != "METADATA":  # which packages ask for their own version
            path.unlink()
    for path in (content / "botocore" / "data").iterdir():
        if path.is_dir() and path.name not in SERVICES:
            shutil.rmtree(path)
    for path in content.rglob("*.pyi"):
        path.unlink()


def pack(content: Path, target: Path) -> None:
    """Pack a folder so that the same files always give the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in files(content):
            entry = zipfile.ZipInfo(path.relative_to(content).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes())


def files(content: Path) -> Iterator[Path]:
    """Yield the files below a folder, in the order of their names."""
    return (path for path in sorted(content.rglob("*")) if path.is_file())


if __name__ == "__main__":
    main()
