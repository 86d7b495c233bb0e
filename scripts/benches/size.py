"""The size of a Lambda function's zip file with each choice of dependencies."""

import subprocess
import tempfile
import zipfile
from pathlib import Path

CHOICES = {
    "pushwire: HttpTransport": ["."],
    "pushwire[boto3]": [".[boto3]"],
    "pushwire[client]": [".[client]"],
    "pushwire[powertools]": [".[powertools]"],
    "boto3, bare": ["boto3"],
    "awscrt, bare": ["awscrt"],
}


def size(rounds: int) -> dict[str, float]:
    """Measure the installed packages in MiB, zipped and unpacked. Downloads from the package index."""
    print("size: MiB of a Lambda function's zip, and unpacked (Lambda's Python runtime includes boto3)")
    figures: dict[str, float] = {}
    for name, requirements in CHOICES.items():
        with tempfile.TemporaryDirectory() as folder:
            zipped, unpacked = packed(requirements, Path(folder))
        figures |= {f"{name} zip MiB": zipped, f"{name} MiB": unpacked}
        print(f"  {name:28} {zipped:6.1f} MiB  ({unpacked:.1f} unpacked)")
    return figures


def packed(requirements: list[str], folder: Path) -> tuple[float, float]:
    """Install requirements into a folder, and return the MiB of its zip and of its files, without bytecode."""
    target, archive = folder / "python", folder / "lambda.zip"
    command: list[str | Path] = [
        "uv",
        "pip",
        "install",
        "--quiet",
        "--target",
        target,
        "--constraint",
        "constraints.txt",
        *requirements,
    ]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    files = [path for path in sorted(target.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in files:
            zipped.write(path, path.relative_to(target))
    return archive.stat().st_size / 2**20, sum(path.stat().st_size for path in files) / 2**20
