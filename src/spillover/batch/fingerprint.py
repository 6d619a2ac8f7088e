"""Which model made a result: a hash over everything that can change a simulated number.

Counted are the source files of the kernel side of the package (lines ending in any way), the
data files that the model reads, and the meaning of the parameter tree (its digest, so that a
comment in a YAML file changes nothing). Left out is what only draws, explains, stores or
summarises, and the documents among the data: facts, literature, targets, outlines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
PRESENTATION = frozenset(
    {
        *("analysis", "batch", "commands", "configs", "figures", "notebook", "report"),
        *("twin", "validation"),
    }
)
PRESENTATION_FILES = frozenset({"__init__.py", "__main__.py", "cli.py", "model.py"})
DOCUMENTS = frozenset({"facts.csv", "papers.csv", "sources.csv", "targets.csv"})
DATA_SUFFIXES = frozenset({".csv", ".yaml", ".npz", ".json"})


@dataclass(frozen=True)
class Fingerprint:
    """Short hashes (12 hex digits) of the parts of the model that decide its results."""

    source: str
    data: str
    parameters: str

    @property
    def id(self) -> str:
        """One hash over the three parts."""
        return short_hash("\n".join((self.source, self.data, self.parameters)).encode())

    def as_dict(self) -> dict[str, str]:
        """Parts and the joint id, as the manifest stores them."""
        return {
            "id": self.id,
            "source": self.source,
            "data": self.data,
            "parameters": self.parameters,
        }


def fingerprint(parameter_digest: str, package: Path = PACKAGE) -> Fingerprint:
    """Fingerprint of the installed package together with a digest of its parameter tree."""
    return Fingerprint(
        source=hash_files(source_files(package), package),
        data=hash_files(data_files(package), package),
        parameters=short_hash(parameter_digest.encode()),
    )


def source_files(package: Path = PACKAGE) -> list[Path]:
    """Python files whose content can change a simulated number."""
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).parts
        is_presentation = parts[0] in PRESENTATION or (
            len(parts) == 1 and parts[0] in PRESENTATION_FILES
        )
        if not is_presentation:
            found.append(path)
    return found


def data_files(package: Path = PACKAGE) -> list[Path]:
    """Data files that the model reads while it runs."""
    folder = package / "data"
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in DATA_SUFFIXES and path.name not in DOCUMENTS
    ]


def hash_files(paths: Iterable[Path], root: Path) -> str:
    """Hash over names and contents; line endings do not count."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def short_hash(content: bytes) -> str:
    """First 12 hex digits of the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()[:12]
