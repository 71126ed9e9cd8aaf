"""Verdicts of earlier runs. Those that still hold are not passed again: a mutant that a test killed
dies of it as long as mutant and test file are the same. Who survived is always judged anew."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.mutation.judge import Verdict, digest
from tests.mutation.mutant import Mutant


def stamp(mutant: Mutant) -> str:
    return hashlib.sha256(f"{mutant.module}\n{mutant.source}".encode()).hexdigest()[:24]


def rows(results: Iterable[tuple[Mutant, Verdict]]) -> list[dict[str, Any]]:
    """What is written to a file with ``--json``."""
    return [
        {"module": m.module, "where": m.where, "line": m.line, "operator": m.operator,
         "before": m.before, "after": m.after, "mutant": stamp(m), "fate": v.fate,
         "by": v.by, "test": v.test, "seconds": round(v.seconds, 2)}
        for m, v in results
    ]  # fmt: skip


class Known:
    def __init__(self, root: Path, files: Sequence[Path]) -> None:
        self._root = root
        self._killed: dict[str, Verdict] = {}
        self.used = 0
        """Verdicts that were found to hold still."""
        for file in files:
            for row in json.loads(file.read_text(encoding="utf-8")):
                if row["fate"] == "killed":
                    verdict = Verdict("killed", row["seconds"], row["by"], row["test"])
                    self._killed[row["mutant"]] = verdict

    def verdict(self, mutant: Mutant) -> Verdict | None:
        found = self._killed.get(stamp(mutant))
        if found is None or not found.test:
            return None
        test = self._root / found.by.partition("::")[0]
        if not test.is_file() or digest(test) != found.test:
            return None
        self.used += 1
        return found
