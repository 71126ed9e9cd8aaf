"""CTP's error numbers that the front itself gives, with their official texts (FACTS appendix 1)."""

from homalos.exchange import codes

NONE = 0
INVALID_LOGIN = 3
DUPLICATE_LOGIN = 5
NOT_LOGIN_YET = 6
USER_NOT_FOUND = 11
BROKER_NOT_FOUND = 12
INVESTOR_NOT_FOUND = 13
OLD_PASSWORD_MISMATCH = 14
BAD_FIELD = codes.BAD_FIELD
INSTRUMENT_NOT_FOUND = codes.INSTRUMENT_NOT_FOUND
INSTRUMENT_NOT_TRADING = 17
NOT_EXCHANGE_CLIENT = 20
DUPLICATE_ORDER_REF = codes.DUPLICATE_ORDER_REF
BAD_ACTION_FIELD = 23
ORDER_NOT_FOUND = codes.ORDER_NOT_FOUND
INSUITABLE_STATUS = codes.INSUITABLE_ORDER_STATUS
UNSUPPORTED_FUNCTION = 27
SETTLEMENT_NOT_CONFIRMED = 42
NO_CONDITIONAL_ORDERS = 54
TOO_MANY_SESSIONS = 60
NO_ARBITRAGE = 61
AUTH_FAILED = 63
NOT_AUTHENTICATED = 64
NO_SWAP = 65
LOGIN_FORBIDDEN = 75
PRICE_TYPE = codes.PRICE_TYPE_NOT_SUPPORTED
NEED_RETRY = 90
EXCHANGE = codes.EXCHANGE_RETURNED_ERROR
BAD_PRICE = 95
ORDER_FREQUENCY = 116
PASSWORD_MUST_DIFFER = 142
NO_INVESTOR = 146
NO_EXCHANGE = 147
BAD_EXCHANGE = 148
WRONG_EXCHANGE = 150
CANCEL_UNKNOWN = 157
TOO_MANY_SUBSCRIPTIONS = 6000

RETRY = frozenset({NEED_RETRY, 154, 5002})
"""Refusals of a query that come in ``OnRspError``."""

TOO_FAST = "交易所每秒发送请求数超过许可数"
"""An exchange's own words for 41."""

TEXTS = codes.TEXTS | {
    NONE: "CTP:No Error",
    1: "CTP:不在已同步状态",
    INVALID_LOGIN: "CTP:不合法的登录",
    DUPLICATE_LOGIN: "CTP:重复的登录",
    NOT_LOGIN_YET: "CTP:还没有登录",
    7: "CTP:还没有初始化",
    8: "CTP:前置不活跃",
    9: "CTP:无此权限",
    USER_NOT_FOUND: "CTP:找不到该用户",
    BROKER_NOT_FOUND: "CTP:找不到该经纪公司",
    INVESTOR_NOT_FOUND: "CTP:找不到投资者",
    OLD_PASSWORD_MISMATCH: "CTP:原口令不匹配",
    INSTRUMENT_NOT_TRADING: "CTP:合约不能交易",
    NOT_EXCHANGE_CLIENT: "CTP:投资者未在交易所开户",
    21: "CTP:该交易席位未连接到交易所",
    BAD_ACTION_FIELD: "CTP:错误的报单操作字段",
    24: "CTP:撤单已报送，不允许重复撤单",
    UNSUPPORTED_FUNCTION: "CTP:不支持的功能",
    28: "CTP:没有报单交易权限",
    29: "CTP:只能平仓",
    35: "CTP:经纪公司正在同步",
    39: "CTP:交易所网络连接失败",
    40: "CTP:交易所未处理请求超过许可数",
    41: "CTP:交易所每秒发送请求数超过许可数",
    SETTLEMENT_NOT_CONFIRMED: "CTP:结算结果未确认",
    48: "CTP:无效的投资者或者密码",
    NO_CONDITIONAL_ORDERS: "CTP:经纪公司不支持条件单",
    TOO_MANY_SESSIONS: "CTP:用户在线会话超出上限",
    NO_ARBITRAGE: "CTP:该交易所不支持套利/做市商类型报单",
    AUTH_FAILED: "CTP:客户端认证失败",
    NOT_AUTHENTICATED: "CTP:客户端未认证",
    NO_SWAP: "CTP:该合约不支持互换类型报单",
    LOGIN_FORBIDDEN: "CTP:连续登录失败次数超限，登录被禁止",
    77: "CTP:无此功能",
    78: "CTP:发送报单失败",
    79: "CTP:发送报单操作失败",
    NEED_RETRY: "CTP：查询未就绪，请稍后重试",
    EXCHANGE: "CTP：交易所返回的错误",
    BAD_PRICE: "CTP：不支持的价格",
    106: "CTP:投资者限仓",
    ORDER_FREQUENCY: "CTP:下单频率限制",
    131: "CTP：您当前密码为弱密码，请修改成强密码后重新登录",
    140: "CTP:首次登录必须修改密码，请修改密码后重新登录",
    141: "CTP:您当前密码已过期，请修改后登录",
    PASSWORD_MUST_DIFFER: "CTP:修改密码失败。新密码不允许与旧密码相同",
    143: "CTP:您登录失败次数过多，IP被禁止登入CTP",
    144: "CTP:您当前IP在黑名单中，被禁止登录和认证",
    NO_INVESTOR: "CTP:缺少InvestorID字段，请填入InvestorID",
    NO_EXCHANGE: "CTP:缺少ExchangeID字段，请填入ExchangeID",
    BAD_EXCHANGE: "CTP:无效的ExchangeID字段，请填入正确的ExchangeID",
    WRONG_EXCHANGE: "CTP:交易所代码错误",
    154: "CTP:查询核心忙 请稍后重试",
    CANCEL_UNKNOWN: "CTP:该交易所不支持撤销未知单",
    158: "CTP:超过信息量限制",
    3039: "CTP: 不支持该API版本",
    4060: "CTP:您认证失败次数过多，IP进入认证禁止列表",
    5002: "CTP:系统忙",
    TOO_MANY_SUBSCRIPTIONS: "CTP:sub too many insts",
}


def text(code: int) -> str:
    """The official text; a number that is not listed here is told bare."""
    return TEXTS.get(code, f"CTP:ErrorID {code}")


class Refused(Exception):  # noqa: N818  a verdict of the rules, not a fault
    """A request that CTP itself refuses."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message or text(code)
