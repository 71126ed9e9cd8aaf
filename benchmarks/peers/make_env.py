"""Makes the environment in which the peers run: ``python benchmarks/peers/make_env.py [FOLDER]``.

vnpy asks for a Qt desktop and a dozen libraries that nothing here uses, so it is installed without
what it depends on, and what its engine does import beside it. vnpy-ctp comes as source on Linux: it
needs a C++ compiler and takes a minute or two. pip fetches from wherever this machine's pip does.
"""

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ("vnpy==4.5.0", "vnpy-ctp==6.7.11.4")
NEEDED = (
    "loguru==0.7.3", "numpy==2.4.6", "pandas==3.1.1", "requests==2.34.2", "ta-lib==0.8.2",
    "tzdata==2026.6", "tzlocal==5.4.5",
)  # fmt: skip
CHECK = "import requests, talib, vnpy.trader.engine, vnpy_ctp.api"


def main(folder: Path) -> int:
    """Make it anew where it is not whole; 0: the peers can run."""
    python = folder / "bin" / "python"
    if not python.is_file():
        venv.create(folder, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for words in ([*pip, *NEEDED], [*pip, "--no-deps", *PEERS]):
        if code := subprocess.call(words):
            return code
    if code := subprocess.call([str(python), "-c", CHECK], cwd=folder):
        return code
    print(f"ready: {folder}")
    if folder != HERE / "env":
        print(f"tell the benchmark: HOMALOS_PEERS={folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if sys.argv[1:] else HERE / "env"))
