"""What a denial says in Chinese beside its sentence: what its rule denies."""

from homalos.model.events import Denial
from homalos.trading.risk.rules import RULES

_ZH = {rule.name: rule.zh.replace("`", "") for rule in RULES} | {
    "instrument": "合约未列出",
    "price": "无价格可依，市价单无法定价",
    "reduce_only": "超出可减手数",
    "cancel_budget": "剩余撤单次数须留给已有挂单",
    "auction": "集合竞价中，策略设为不报单",
    "good_till": "已过有效时间",
    "held": "尚未发出即已撤销或到时",
    "flatten": "正在清仓，不得开仓",
}
"""The last eight: denials of the gate itself and of the order manager."""


def in_both(denial: Denial) -> Denial:
    """The same, told in both languages; a user's own rule says what it says."""
    zh = _ZH.get(denial.rule)
    if zh is None or " / " in denial.message:
        return denial
    return Denial(denial.rule, denial.value, denial.limit, f"{denial.message} / {zh}")
