"""CTP's error numbers and texts as the simulated exchange gives them (FACTS A4, appendix 1).

CTP's own checks answer with a number; what the exchange behind it refuses comes as a status text,
which later front ends pair with 91. Texts are the Chinese ones that traders know from CTP.
"""

BAD_FIELD = 15
INSTRUMENT_NOT_FOUND = 16
DUPLICATE_ORDER_REF = 22
ORDER_NOT_FOUND = 25
INSUITABLE_ORDER_STATUS = 26
OVER_CLOSE_POSITION = 30
INSUFFICIENT_MONEY = 31
OVER_CLOSE_TODAY = 50
OVER_CLOSE_YESTERDAY = 51
PRICE_TYPE_NOT_SUPPORTED = 80
EXCHANGE_RETURNED_ERROR = 91

TEXTS = {
    BAD_FIELD: "CTP:报单字段有误",
    INSTRUMENT_NOT_FOUND: "CTP:找不到合约",
    DUPLICATE_ORDER_REF: "CTP:报单错误：不允许重复报单",
    ORDER_NOT_FOUND: "CTP:撤单找不到相应报单",
    INSUITABLE_ORDER_STATUS: "CTP:报单已全成交或已撤销，不能再撤",
    OVER_CLOSE_POSITION: "CTP:平仓量超过持仓量",
    INSUFFICIENT_MONEY: "CTP:资金不足",
    OVER_CLOSE_TODAY: "CTP:平今仓位不足",
    OVER_CLOSE_YESTERDAY: "CTP:平昨仓位不足",
    PRICE_TYPE_NOT_SUPPORTED: "CTP:交易所不支持的价格类型",
}

ABOVE_UPPER_LIMIT = "价格超出涨停板"
BELOW_LOWER_LIMIT = "价格跌破跌停板"
STATE_FORBIDS = "当前状态禁止此项操作"
NOT_ON_TICK = "价格非最小变动单位的倍数"
BELOW_MIN_LOTS = "委托数量不符合最小数量限制"
ABOVE_MAX_LOTS = "委托数量超过最大数量限制"
TYPE_NOT_SUPPORTED = "不被支持的报单类型"
SELF_TRADE = "不允许自成交"

SUBMITTED = "报单已提交"
QUEUED = "未成交"
PARTLY = "部分成交"
FILLED = "全部成交"
CANCELLED = "已撤单"
KILLED = "已撤单报单已提交"
EXPIRED = "已撤单（收市）"


class Refusal(Exception):  # noqa: N818  a verdict of the rules, not a fault
    """CTP itself refuses: a number, no order at the exchange."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = TEXTS[code] + detail


class ExchangeRefusal(Exception):  # noqa: N818
    """The exchange refuses: the order exists, rejected, with the exchange's text."""

    def __init__(self, exchange: str, text: str) -> None:
        super().__init__(text)
        self.code = EXCHANGE_RETURNED_ERROR
        self.message = f"已撤单报单被拒绝{exchange}:{text}"
