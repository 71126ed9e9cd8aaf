"""One order of each kind in turn, by the count of its ticks: what a fault may strike."""

from homalos.model.enums import OnTimeout, Side, TimeInForce
from homalos.model.market import Tick
from homalos.strategy import Strategy
from homalos.strategy.terms import Terms

CHASE = Terms(timeout_ms=1_500, on_timeout=OnTimeout.CHASE, max_tries=3)


class Script(Strategy):
    state_fields = ("count",)
    count: int = 0

    def on_tick(self, tick: Tick) -> None:
        bid, ask, here = tick.bid_price, tick.ask_price, tick.instrument
        if not self.is_open(here) or bid is None or ask is None:
            return
        beat, self.count = self.count % 24, self.count + 1
        if beat == 0:  # two trade, the third rests
            self.buy(here, 3, ask)
        elif beat == 2:  # a part of today's lots
            self.sell(here, 1, bid, tif=TimeInForce.FAK)
        elif beat == 3:  # rests, is cancelled
            self.buy(here, 1, bid - 3)
        elif beat in (5, 16):
            self.cancel_all()
        elif beat == 6:  # a market order through zero: two orders where the lots are split
            self.target(here, -2)
        elif beat == 8:  # fills when the market comes to it
            self.sell(here, 2, ask + 1)
        elif beat == 9:  # held here, sent when the price is reached
            self.stop(here, Side.BUY, 2, bid + 2)
        elif beat == 13:  # best bid, alone
            self.buy(here, 2, bid + 1)
        elif beat == 14:  # would trade with it: the exchange refuses
            self.sell(here, 1, bid + 1)
        elif beat == 18:
            self.target(here, 0)
        elif beat == 20:  # more than there is: killed
            self.buy(here, 5, ask, tif=TimeInForce.FOK)
        elif beat == 22:  # cancelled and sent again
            self.buy(here, 1, bid, terms=CHASE)
