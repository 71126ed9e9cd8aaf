"""Money of the account, and what of it may be used (FACTS A12)."""

from typing import Literal

Counts = Literal["both", "loss_only", "profit_only", "neither"]


class Cash:
    """What trades and the venue have made of the money today. Only ``Books`` changes it."""

    __slots__ = ("closed_profit", "deposit", "fees", "pre_balance", "withdraw")

    def __init__(
        self,
        pre_balance: float = 0.0,
        deposit: float = 0.0,
        withdraw: float = 0.0,
        closed_profit: float = 0.0,
        fees: float = 0.0,
    ) -> None:
        self.pre_balance = pre_balance
        self.deposit = deposit
        self.withdraw = withdraw
        self.closed_profit = closed_profit
        self.fees = fees

    def settled(self) -> float:
        """Equity without the position profit."""
        static = self.pre_balance + self.deposit - self.withdraw
        return static + self.closed_profit - self.fees

    def state(self) -> tuple[float, ...]:
        return self.pre_balance, self.deposit, self.withdraw, self.closed_profit, self.fees


def available(free: float, profit: float, counts: Counts) -> float:
    """Available money: ``free`` is equity less margin and all that is frozen; a position profit
    that does not count is taken out again (CTP: ``Algorithm``)."""
    if counts == "both":
        return free
    gain, loss = max(profit, 0.0), min(profit, 0.0)
    if counts == "loss_only":
        return free - gain
    if counts == "profit_only":
        return free - loss
    return free - profit
