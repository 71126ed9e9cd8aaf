"""Generates the C++ that follows from the facts of a CTP version.

    python -m generate FACTS.json OUTPUT_FOLDER     (from src/native; the build runs it)

``declarations`` writes the vendor's structs and classes, ``dropin`` and ``binding`` what their
folders need of every method. Standard library only: it runs before anything is installed.
"""

import json
import sys
from pathlib import Path

from generate import binding, declarations, dropin


def main(facts_path: str, output: str) -> None:
    facts = json.loads(Path(facts_path).read_text(encoding="utf-8"))
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    for part in (declarations, dropin, binding):
        for name, text in part.files(facts).items():
            (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
