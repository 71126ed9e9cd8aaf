"""Generates the C++ that follows from the facts of a CTP version.

    python -m generate FACTS.json OUTPUT_FOLDER [PART ...]   (from src/native; the build runs it)

``declarations`` writes the vendor's structs and classes, ``dropin`` and ``binding`` what their
folders need of every method; without a name all of them write. Standard library only: it runs
before anything is installed.
"""

import json
import sys
from pathlib import Path

from generate import binding, declarations, dropin

PARTS = {"declarations": declarations, "dropin": dropin, "binding": binding}


def main(facts_path: str, output: str, *names: str) -> None:
    facts = json.loads(Path(facts_path).read_text(encoding="utf-8"))
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    for part in names or PARTS:
        for name, text in PARTS[part].files(facts).items():
            _write(folder / name, text)


def _write(path: Path, text: str) -> None:
    """Only what changed, so that the build does not compile the rest again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
