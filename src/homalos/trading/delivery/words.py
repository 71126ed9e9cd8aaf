"""What a holder of lots is told, in both languages."""

from homalos.market.delivery import DeliveryDays
from homalos.model.ids import InstrumentId
from homalos.trading.delivery.near import LATE, Deadline


def warning(id_: InstrumentId, held: str, row: Deadline, count: int, days: DeliveryDays) -> str:
    """``held``: lots as ``3 long + 0 short``; ``count``: trading days that are left."""
    en, zh = _RULES[row.what](days)
    if count == LATE:
        when, wann = f"{row.day} is over", f"{row.day} 已过"
    elif count == 0:
        when, wann = f"today is {row.day}", f"今日即 {row.day}"
    else:
        when, wann = f"{count} trading days to {row.day}", f"距 {row.day} 还有 {count} 个交易日"
    return f"{id_}: {held} held, {when}: {en} / {id_} 持仓 {held}，{wann}：{zh}"


def _must_flat(days: DeliveryDays) -> tuple[str, str]:
    return (
        f"on its close a person may hold nothing (last trading day {days.last_trading_day})",
        f"自然人须在该日收盘前平仓（最后交易日 {days.last_trading_day}）",
    )


def _last_day(_: DeliveryDays) -> tuple[str, str]:
    return (
        "its last trading day; what is held then is delivered or settled in cash",
        "最后交易日，届时持仓将进入交割（或现金结算）",
    )


def _multiple(days: DeliveryDays) -> tuple[str, str]:
    return (
        f"on its close each direction has to be a multiple of {days.multiple} lots",
        f"该日收盘前各方向持仓须为 {days.multiple} 手的整数倍",
    )


_RULES = {"must_flat": _must_flat, "last_day": _last_day, "multiple": _multiple}


def unknown(id_: InstrumentId) -> str:
    """Of a contract whose last trading day nobody tells."""
    return (
        f"{id_} is held and its last trading day is unknown: the venue does not tell it and "
        "products.yaml has no row in delivery; nothing warns of its delivery / "
        f"{id_} 有持仓但最后交易日未知：柜台未给出，products.yaml 的 delivery 也无该品种，无法提醒"
    )
