"""Files that are replaced whole."""

import os
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """In one step, and on the disk before the step is made."""
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
