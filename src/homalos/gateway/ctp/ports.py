"""Which libraries, driven by which binding: the two API objects as the config wants them."""

from pathlib import Path

from homalos.config.sections.ctp import CtpSection
from homalos.ctp.fast import FastMd, FastTd
from homalos.ctp.libraries import (
    NativeMissingError,
    dropin_libraries,
    load_binding,
    vendor_libraries,
)
from homalos.ctp.vnpy_port import VnpyMd, VnpyTd
from homalos.gateway.ctp.seams import MdPort, TdPort

MIB = 1 << 20


class Ports:
    """Makes a new port at each call. ``LibraryError``, ``NativeMissingError``: with the cure.
    ``folder``: the gateway's, for the flow files of each side."""

    def __init__(self, section: CtpSection, folder: Path) -> None:
        self._section = section
        self._folder = folder

    def md(self) -> MdPort:
        kind = FastMd if self.native() else VnpyMd
        return kind(
            self.libraries(), self._folder / "flow-md", production=self._section.production,
            ring_bytes=self._section.ring_mib * MIB,
        )  # fmt: skip

    def td(self) -> TdPort:
        kind = FastTd if self.native() else VnpyTd
        return kind(
            self.libraries(), self._folder / "flow-td", production=self._section.production,
            ring_bytes=self._section.ring_mib * MIB,
        )  # fmt: skip

    def libraries(self) -> Path:
        """The folder of the two libraries."""
        choice = self._section.libraries
        if choice == "vendor":
            return vendor_libraries()
        if choice == "dropin":
            return dropin_libraries()
        return Path(choice).expanduser()

    def native(self) -> bool:
        """Whether our own binding drives them."""
        choice = self._section.binding
        if choice == "vnpy":
            return False
        try:
            load_binding()
        except NativeMissingError:
            if choice == "native":
                raise
            return False
        return True
