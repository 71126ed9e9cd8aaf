"""Checks of what CTP needs: compiler, locale, the package itself. No simulated run needs them."""

import locale
import sys

from homalos.setup.check import Check, Text
from homalos.setup.compiler import find_compiler, missing_for_build
from homalos.setup.ctp import AGAIN, CtpRecord, is_being_made, probe_ctp, read_record

__all__ = ["check_compiler", "check_ctp", "check_locale"]

CTP_LOCALE = "zh_CN.GB18030"


def check_compiler() -> Check:
    """What builds native parts and, on Linux, vnpy-ctp."""
    name = Text("C++ 编译", "C++ build")
    if sys.platform == "win32":
        return Check(name, True, Text("不需要，有现成的包", "not needed: ready-made packages"))
    missing = missing_for_build()
    if missing is None:
        found = find_compiler() or ""
        return Check(name, True, Text(found, found))
    return Check(name, False, missing.text, missing.cure)


def check_locale() -> Check:
    """The locale by which vnpy-ctp decodes text: without it the process aborts at the first one."""
    name = Text("区域设置", "locale")
    before = locale.setlocale(locale.LC_CTYPE)
    if not sys.platform.startswith("linux"):
        return Check(name, True, Text("此系统不需要", "not needed on this system"))
    try:
        locale.setlocale(locale.LC_CTYPE, CTP_LOCALE)
    except locale.Error:
        command = f"apt-get install locales && localedef -i zh_CN -f GB18030 {CTP_LOCALE}"
        text = Text(f"缺少 {CTP_LOCALE}，CTP 需要", f"{CTP_LOCALE} is missing: CTP needs it")
        return Check(name, False, text, Text(command, command))
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return Check(name, True, Text(CTP_LOCALE, CTP_LOCALE))


def check_ctp() -> Check:
    """What became of the second step of the set-up, and whether the binding loads now."""
    name = Text("CTP 接口", "CTP")
    record = read_record()
    if record is not None and record.state != "installed":
        return _unfinished(name, record)
    version, reason = probe_ctp()
    if version is not None:
        return Check(name, True, Text(f"vnpy-ctp，{version}", f"vnpy-ctp, {version}"))
    if record is None:
        return Check(name, False, Text("未安装", "not installed"), AGAIN)
    return Check(name, False, Text(f"无法加载：{reason}", f"does not load: {reason}"), AGAIN)


def _unfinished(name: Text, record: CtpRecord) -> Check:
    if record.state == "failed":
        return Check(name, False, record.reason, record.cure)
    if is_being_made(record):
        text = Text(
            "正在后台安装，见 logs/setup-ctp.log", "being installed now: see logs/setup-ctp.log"
        )
        return Check(name, None, text)
    return Check(name, False, Text("安装被中断", "its installation was interrupted"), AGAIN)
