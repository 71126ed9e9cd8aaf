"""Checks of the machine: Python, loop, SQLite, clock, disk, port, limits, memory."""

import contextlib
import ctypes
import http.client
import importlib.metadata
import os
import platform
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from homalos.kernel.clock import monotonic_ns
from homalos.setup.check import Check, Text

__all__ = [
    "check_clock",
    "check_data_folder",
    "check_disk_sync",
    "check_event_loop",
    "check_file_limit",
    "check_memory",
    "check_port",
    "check_python",
    "check_sqlite",
]

GIB = 1 << 30
FREE_BYTES_MIN = GIB
FREE_BYTES_GOOD = 10 * GIB
SYNC_MS_MAX = 20.0
SYNC_WRITES = 15
FILES_MIN = 1024
MEMORY_BYTES_GOOD = GIB
CLOCK_OFFSET_MS_MAX = 100.0
SQLITE_MIN = (3, 38, 0)  # json_each built in
STA_UNSYNC = 0x40  # <sys/timex.h>


def check_python() -> Check:
    """Version and build of the interpreter."""
    ok = sys.version_info >= (3, 11) and sys.maxsize > 2**32
    what = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    cure = Text("安装 64 位的 Python 3.11 或更新版本", "install a 64-bit Python 3.11 or newer")
    return Check(Text("Python", "Python"), ok, Text(what, what), None if ok else cure, needed=True)


def check_event_loop() -> Check:
    """The fast loop of this platform; without it the daemon runs on asyncio's own, slower."""
    package = "winloop" if sys.platform == "win32" else "uvloop"
    name = Text("事件循环", "event loop")
    try:
        what = f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        slow = Text("asyncio 自带循环，延迟较高", "asyncio's own, with more latency")
        cure = Text(
            "删除 .venv 后重新运行 python start.py", "remove .venv and run python start.py again"
        )
        return Check(name, False, slow, cure)
    return Check(name, True, Text(what, what))


def check_sqlite() -> Check:
    """The library under Python's sqlite3."""
    ok = sqlite3.sqlite_version_info >= SQLITE_MIN
    least = ".".join(map(str, SQLITE_MIN))
    cure = Text(
        f"换用带有 SQLite {least} 以上的 Python", f"use a Python with SQLite {least} or newer"
    )
    what = sqlite3.sqlite_version
    return Check(Text("SQLite", "SQLite"), ok, Text(what, what), None if ok else cure, needed=True)


def check_clock() -> Check:
    """Whether the system's time is kept in step by a time server."""
    name = Text("时钟同步", "clock")
    cure = Text(
        "启用时间同步，如 timedatectl set-ntp true 或安装 chrony",
        "turn time sync on: timedatectl set-ntp true, or install chrony",
    )
    offset_ms = _chrony_offset_ms()
    if offset_ms is not None:
        ok = abs(offset_ms) <= CLOCK_OFFSET_MS_MAX
        text = Text(f"chrony 偏差 {offset_ms:+.3f} ms", f"chrony, off by {offset_ms:+.3f} ms")
        return Check(name, ok, text, None if ok else cure)
    synced = _kernel_clock_synced()
    if synced is None:
        return Check(name, None, Text("无法得知", "cannot be found out here"), cure)
    if synced:
        return Check(name, True, Text("系统时间已同步", "kept in step by the system"))
    return Check(name, False, Text("系统时间未同步", "not kept in step"), cure)


def _chrony_offset_ms() -> float | None:
    if not shutil.which("chronyc"):
        return None
    words = ["chronyc", "-c", "-n", "tracking"]
    with contextlib.suppress(subprocess.TimeoutExpired, OSError, ValueError, IndexError):
        done = subprocess.run(words, capture_output=True, text=True, timeout=3, check=False)
        fields = done.stdout.strip().split(",")
        if done.returncode == 0 and fields[0] != "00000000":  # no reference: not in step
            return float(fields[4]) * 1e3
    return None


def _kernel_clock_synced() -> bool | None:
    """Asks the kernel (adjtimex, reading only), which every time service of Linux tells."""
    if not sys.platform.startswith("linux") or ctypes.sizeof(ctypes.c_long) != 8:
        return None
    timex = ctypes.create_string_buffer(256)  # struct timex is 208 bytes; modes = 0 reads
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    status = int.from_bytes(timex.raw[40:44], sys.byteorder)
    return not status & STA_UNSYNC


def check_data_folder(folder: Path) -> Check:
    """Room on the disk of the data folder, and whether it can be written."""
    name = Text("数据目录", "data folder")
    place = _nearest(folder)
    if not os.access(place, os.W_OK):
        text = Text(f"{folder} 不可写", f"{folder} cannot be written")
        cure = Text(
            "修改权限或用 --data-dir 换目录", "mend its rights, or choose another: --data-dir"
        )
        return Check(name, False, text, cure, needed=True)
    free = shutil.disk_usage(place).free
    text = Text(f"{folder}，剩余 {free / GIB:.1f} GiB", f"{folder}, {free / GIB:.1f} GiB free")
    if free >= FREE_BYTES_GOOD:
        return Check(name, True, text, needed=True)
    cure = Text(
        "清理磁盘或用 --data-dir 换到更大的磁盘",
        "free some space, or use a larger disk: --data-dir",
    )
    return Check(name, False, text, cure, needed=free < FREE_BYTES_MIN)


def check_disk_sync(folder: Path) -> Check:
    """Median time in which a small write reaches the disk: the journal waits for it."""
    name = Text("磁盘落盘", "disk sync")
    sync = getattr(os, "fdatasync", os.fsync)
    try:
        with tempfile.TemporaryFile(dir=_nearest(folder), buffering=0) as file:
            times = []
            for _ in range(SYNC_WRITES):
                file.write(bytes(4096))
                begun = monotonic_ns()
                sync(file.fileno())
                times.append((monotonic_ns() - begun) / 1e6)
    except OSError as error:
        return Check(name, None, Text(str(error), str(error)))
    median = statistics.median(times)
    text = Text(
        f"中位 {median:.2f} ms，最长 {max(times):.2f} ms",
        f"median {median:.2f} ms, longest {max(times):.2f} ms",
    )
    cure = Text("把数据目录放到本地固态硬盘", "put the data folder on a local solid-state disk")
    ok = median <= SYNC_MS_MAX
    return Check(name, ok, text, None if ok else cure)


def check_port(port: int) -> Check:
    """Whether the console can listen; a Homalos that answers there already is no fault."""
    name = Text("控制台端口", "console port")
    where = f"127.0.0.1:{port}"
    with socket.socket() as probe:
        if os.name == "posix":  # as asyncio does: the last run's closed connections do not count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            if _answers_healthz(port):
                return Check(
                    name, True, Text(f"{where} 上已有程序在运行", f"{where} is in service")
                )
            cure = Text("换一个端口：--port 8001", "choose another: --port 8001")
            text = Text(f"{where} 不可用：{error}", f"{where}: {error}")
            return Check(name, False, text, cure, needed=True)
    return Check(name, True, Text(f"{where} 空闲", f"{where} is free"), needed=True)


def _answers_healthz(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status in (200, 503)
    except (OSError, http.client.HTTPException, OverflowError):
        return False
    finally:
        connection.close()


def check_file_limit() -> Check:
    """How many files and connections one process may hold open."""
    name = Text("文件数上限", "file limit")
    if sys.platform == "win32":
        return Check(name, True, Text("系统不限", "not limited by the system"))
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return Check(name, True, Text("不限", "none"))
    ok = soft >= FILES_MIN
    text = Text(f"{soft}（最高 {hard}）", f"{soft} (at most {hard})")
    command = f"ulimit -n {FILES_MIN}"
    return Check(name, ok, text, None if ok else Text(command, command))


def check_memory() -> Check:
    """Memory that a new process can have, and the cores."""
    memory = psutil.virtual_memory()
    cores = os.cpu_count() or 1
    ok = memory.available >= MEMORY_BYTES_GOOD
    free, total = memory.available / GIB, memory.total / GIB
    text = Text(
        f"可用 {free:.1f} / {total:.1f} GiB，{cores} 核",
        f"{free:.1f} of {total:.1f} GiB available, {cores} cores",
    )
    cure = Text("关闭其他程序", "close other programs")
    return Check(Text("内存", "memory"), ok, text, None if ok else cure)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists: nothing is made by looking."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.is_dir())
