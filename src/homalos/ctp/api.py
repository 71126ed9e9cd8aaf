"""``MdApi`` and ``TdApi`` with the names and arguments of ``vnpy_ctp.api``, over our binding: code
that was written for it imports them from here instead, constants included.

What is better: no locale is needed, a text too long for its field is a ``FieldError``, a call after
``exit`` a ``ClosedError``; ``exit`` ends from any thread, a callback among them; an exception in a
callback is logged. Callbacks come, as there, on one thread per object, and no tick is dropped.
"""

# ruff: noqa: N802

import atexit
import os
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

from homalos.ctp.abi import FieldError, load
from homalos.ctp.errors import ClosedError, LibraryError
from homalos.ctp.libraries import dropin_libraries, load_binding, vendor_libraries

if TYPE_CHECKING:
    from homalos.ctp import _homalos_ctp as native

    def __getattr__(name: str) -> Any:
        """The constants: ``THOST_FTDC_…``, ``str`` or ``int``."""
else:
    native = load_binding()
    # A constant of several characters stands in the header within its quotes.
    for _name, _value in load().constants.items():
        globals()[_name] = _value.strip("'") if isinstance(_value, str) else _value

__all__ = ["LIBRARIES", "ClosedError", "FieldError", "LibraryError", "MdApi", "TdApi"]
__all__ += list(load().constants)

LIBRARIES = "HOMALOS_CTP_LIBRARIES"
"""Environment variable: the folder of the libraries, ``vendor`` (default) or ``dropin``."""

_RING_BYTES = 1 << 22
_LOOK_MS = 200
"""How often a dispatcher looks whether its object is still wanted."""
_PATIENCE_S = 2.0
"""How long ``exit`` waits for a callback that is under way elsewhere."""


class MdApi(native.MdApi):
    """Market data."""

    def createFtdcMdApi(
        self,
        path: str | bytes,
        production: bool = True,
        *,
        libraries: str | Path | None = None,
    ) -> None:
        """``path`` is a prefix of the flow files' names; its folder must be there.
        ``LibraryError``: it is not, or the library in ``libraries`` (default: see ``LIBRARIES``)
        cannot be used. ``NativeMissingError``: nothing is installed there."""
        self._create(_folder(libraries), _flow(path), production, _RING_BYTES)
        self._dispatcher = _Dispatcher(self)

    def init(self) -> None:
        super().init()
        self._dispatcher.start()

    def exit(self) -> int:
        """Ends the library's threads and the callbacks. Harmless twice."""
        return _exit(self)

    def release(self) -> None:
        _exit(self)

    def join(self) -> int:
        """Waits until somebody calls ``exit``."""
        return _join(self)


class TdApi(native.TdApi):
    """Trading; as ``MdApi``."""

    def createFtdcTraderApi(
        self,
        path: str | bytes,
        production: bool = True,
        *,
        libraries: str | Path | None = None,
    ) -> None:
        self._create(_folder(libraries), _flow(path), production, _RING_BYTES)
        self._dispatcher = _Dispatcher(self)

    def init(self) -> None:
        super().init()
        self._dispatcher.start()

    def exit(self) -> int:
        return _exit(self)

    def release(self) -> None:
        _exit(self)

    def join(self) -> int:
        return _join(self)


class _Dispatcher:
    """The thread that makes the callbacks of one object. It keeps the object alive only while it
    is at work for it."""

    def __init__(self, api: MdApi | TdApi) -> None:
        self._api = weakref.ref(api)
        self._name = type(api).__name__
        self._thread = threading.Thread(target=self._run, name=f"{self._name}-ctp", daemon=True)
        self.ended = threading.Event()

    def start(self) -> None:
        _running.add(self)
        self._thread.start()

    def stop(self) -> None:
        """Waits for a callback that is under way; not for ever, since that may be waiting for a
        lock of who called."""
        thread = self._thread
        if thread.is_alive() and thread is not threading.current_thread():
            thread.join(_PATIENCE_S)
        _running.discard(self)
        self.ended.set()

    def object(self) -> MdApi | TdApi | None:
        return self._api()

    def _run(self) -> None:
        while self._dispatch():
            pass

    def _dispatch(self) -> bool:
        api = self._api()
        if api is None:
            return False
        try:
            return api._dispatch(_LOOK_MS)
        except ClosedError:
            return not _is_closed(api)
        except Exception as error:  # noqa: BLE001  # of the user's callback; the next one comes
            logger.opt(exception=error).error("a callback of {} raised: {}", self._name, error)
            return True


_running: set[_Dispatcher] = set()


@atexit.register
def _exit_all() -> None:
    """A daemon thread must not be in Python when the interpreter goes."""
    for dispatcher in list(_running):
        api = dispatcher.object()
        if api is not None:
            _exit(api)


def _exit(api: MdApi | TdApi) -> int:
    api._close()
    dispatcher: _Dispatcher | None = getattr(api, "_dispatcher", None)
    if dispatcher is not None:
        dispatcher.stop()
    return 1


def _join(api: MdApi | TdApi) -> int:
    dispatcher: _Dispatcher | None = getattr(api, "_dispatcher", None)
    if dispatcher is not None:
        dispatcher.ended.wait()
    return 0


def _is_closed(api: MdApi | TdApi) -> bool:
    """Or the callback called something else that was closed."""
    try:
        api.getTradingDay()
    except ClosedError:
        return True
    return False


def _folder(libraries: str | Path | None) -> str:
    chosen = libraries or os.environ.get(LIBRARIES, "vendor")
    if chosen == "vendor":
        return str(vendor_libraries())
    if chosen == "dropin":
        return str(dropin_libraries())
    return str(chosen)


def _flow(path: str | bytes) -> str:
    """The library ends the process where this folder is missing."""
    prefix = path if isinstance(path, str) else _decoded(path)
    folder = Path(prefix) if prefix.endswith("/") else Path(prefix).parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise LibraryError(
            f"the flow folder {folder} is missing or cannot be written: make it first / "
            f"流文件目录 {folder} 不存在或不可写，请先创建"
        )
    return prefix


def _decoded(path: bytes) -> str:
    try:
        return path.decode("utf-8")
    except UnicodeDecodeError:
        return path.decode("gb18030")
