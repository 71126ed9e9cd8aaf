"""Money of the account, and what of it may be used (FACTS A12)."""

from typing import Literal

from homalos.model.trading import Account

Counts = Literal["both", "loss_only", "profit_only", "neither"]


class Cash:
    """What trades and the venue have made of the money today. Only ``Books`` changes it."""

    __slots__ = ("closed_by_trade", "closed_profit", "deposit", "fees", "pre_balance", "withdraw")

    def __init__(
        self,
        pre_balance: float = 0.0,
        deposit: float = 0.0,
        withdraw: float = 0.0,
        closed_profit: float = 0.0,
        fees: float = 0.0,
        closed_by_trade: float | None = 0.0,
    ) -> None:
        self.pre_balance = pre_balance
        self.deposit = deposit
        self.withdraw = withdraw
        self.closed_profit = closed_profit
        self.fees = fees
        self.closed_by_trade = closed_by_trade
        """Realised today from the original opening prices (逐笔); ``None``: not all is known."""

    def book(self, fee: float, profit: float, by_trade: float) -> None:
        """A trade: its fee, and what it realised by date and by trade."""
        self.fees = round(self.fees + fee, 4)
        self.closed_profit = round(self.closed_profit + profit, 4)
        if self.closed_by_trade is not None:
            self.closed_by_trade = round(self.closed_by_trade + by_trade, 4)

    def settle(self, opening: float, realised: float) -> None:
        """The settlement of the day before is known: more at the opening, less realised since."""
        self.pre_balance = round(self.pre_balance + opening, 4)
        self.closed_profit = round(self.closed_profit + realised, 4)

    def restored(self, account: Account) -> "Cash":
        """As the venue has it. Where it says nothing of profit by trade, ours holds if we realised
        the same by date: then we have seen the same trades."""
        by_trade = account.closed_profit_by_trade
        if by_trade is None and abs(account.closed_profit - self.closed_profit) < 0.005:
            by_trade = self.closed_by_trade
        return Cash(
            account.pre_balance, account.deposit, account.withdraw, account.closed_profit,
            account.fees, by_trade,
        )  # fmt: skip

    def settled(self) -> float:
        """Equity without the position profit."""
        static = self.pre_balance + self.deposit - self.withdraw
        return static + self.closed_profit - self.fees

    def state(self) -> tuple[float, ...]:
        return self.pre_balance, self.deposit, self.withdraw, self.closed_profit, self.fees


def available(
    free: float, profit: float, counts: Counts, closed: float, with_closed: bool
) -> float:
    """Available money: ``free`` is equity less margin and all that is frozen; a position profit
    that does not count is taken out again (CTP: ``Algorithm``), and so is, unless ``with_closed``,
    what closes have earned today (``AvailIncludeCloseProfit``; that it is the day's sum which
    counts, and that a loss always does, is unverified)."""
    if not with_closed:
        free -= max(closed, 0.0)
    if counts == "both":
        return free
    gain, loss = max(profit, 0.0), min(profit, 0.0)
    if counts == "loss_only":
        return free - gain
    if counts == "profit_only":
        return free - loss
    return free - profit
