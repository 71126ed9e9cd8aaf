"""Opens with a bracket whose stop fires at once; may end the process between trigger and order."""

import os
import signal

from homalos.model.conditional import Conditional, ConditionalStatus
from homalos.model.market import Tick
from homalos.strategy import Side, Strategy, param


class Guarded(Strategy):
    enter: bool = param(True, en="open a position", zh="开仓")
    die: bool = param(False, en="kill -9 when the stop has fired", zh="触发后强制结束进程")
    loose: bool = param(False, en="a stop that is far away", zh="止损较远")
    rogue: bool = param(False, en="raise once the stop is armed", zh="止损生效后抛出异常")
    placed: bool = False

    def on_tick(self, tick: Tick) -> None:
        if self.rogue and any(o.status == "armed" for o in self.conditionals()):
            raise RuntimeError("out of control")
        last = tick.last_price
        if self.placed or not self.enter or last is None or not self.is_open(tick.instrument):
            return
        self.placed = True
        steps = -200 if self.loose else 50
        stop = last + steps * self.contract(tick.instrument).tick_size
        self.bracket(tick.instrument, Side.BUY, 2, stop=stop)

    def on_conditional(self, order: Conditional) -> None:
        if self.die and order.status is ConditionalStatus.FIRED:
            os.kill(os.getpid(), signal.SIGKILL)
