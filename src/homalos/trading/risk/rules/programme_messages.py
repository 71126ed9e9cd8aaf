"""So many orders and cancels left today, in this contract or at its exchange, that the message fee
or the rules for high frequency are near (FACTS A21): nothing opens there any more."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class ProgrammeMessages(Rule):
    name = "programme_messages"
    for_reducing = False
    keys = ("programme", "programme_soft_percent")
    en = (
        "an open when the messages of the day, in the contract or at its exchange, near a threshold"
    )
    zh = "该合约或该交易所今日信息量（报单加撤单）接近标准时开仓"

    def __init__(self, section: RiskSection) -> None:
        self.active = any(row.messages or row.account_messages for row in section.programme)

    def check(self, order: Order, view: RiskView) -> Denial | None:
        counts, exchange = view.programme, view.instrument.exchange
        count = counts.contracts.get(order.instrument)
        if count is not None and count.messages.total >= count.messages.soft and view.opens:
            level, where = count.messages, str(order.instrument)
        else:
            every = counts.exchanges.get(exchange)
            if every is None or every.messages.total < every.messages.soft or not view.opens:
                return None
            level, where = every.messages, exchange
        text = f"{level.total} messages to {where} today, the threshold is {level.limit}"
        return Denial(self.name, level.total, level.soft, text)
