"""How much of one product, of one sector and of the whole account is held and on its way.

Sums that a risk rule reads for each order, kept as lots change, so that no order waits for a loop
over positions. Only ``Books`` and its reservations change them.
"""

UNITS = 10_000
"""Money is summed in hundredths of a cent, as integers: sums that are kept for a day must not
drift."""


class Group:
    """Lots of all contracts of a product, of a sector, or of the account."""

    __slots__ = ("buy", "gross", "name", "net", "opens", "sell")

    def __init__(self, name: str) -> None:
        self.name = name
        self.gross = 0
        """Lots held, both directions added."""
        self.net = 0
        """Long lots less short lots."""
        self.opens = 0
        """Lots of working orders that open, both sides."""
        self.buy = 0
        """Lots of all working buys."""
        self.sell = 0
        """Lots of all working sells."""


class Place:
    """The groups in which one contract counts, and what it counts there now."""

    __slots__ = (
        "_gross", "_gross_value", "_net", "_net_value", "_profit", "exposure", "groups", "product",
        "sector",
    )  # fmt: skip

    def __init__(self, exposure: "Exposure", product: Group, sector: Group | None) -> None:
        self.exposure = exposure
        self.product = product
        self.sector = sector
        """``None``: nobody knows the sector of this product."""
        account = exposure.account
        self.groups = (account, product) if sector is None else (account, product, sector)
        self._gross = self._net = 0
        self._gross_value = self._net_value = self._profit = 0

    def hold(self, long: int, short: int) -> None:
        """The contract now has so many lots in each direction."""
        gross, net = long + short, long - short
        more, further = gross - self._gross, net - self._net
        if more or further:
            for group in self.groups:
                group.gross += more
                group.net += further
            self._gross, self._net = gross, net

    def work(self, buys: bool, opens: bool, lots: int) -> None:
        """So many more lots work at the venue; negative: fewer."""
        for group in self.groups:
            if buys:
                group.buy += lots
            else:
                group.sell += lots
            if opens:
                group.opens += lots

    def mark(self, price: float | None, multiplier: float, basis: float) -> None:
        """The price of what is held, whose basis (price x lots, long less short) is ``basis``;
        ``None``: nobody knows it, and it counts nothing."""
        gross_value = net_value = profit = 0
        if price is not None:
            lot = round(price * multiplier * UNITS)
            gross_value, net_value = lot * self._gross, lot * self._net
            profit = net_value - round(basis * multiplier * UNITS)
        exposure = self.exposure
        exposure.gross_units += gross_value - self._gross_value
        exposure.net_units += net_value - self._net_value
        exposure.profit_units += profit - self._profit
        self._gross_value, self._net_value, self._profit = gross_value, net_value, profit


class Exposure:
    """All groups of one account, and what its lots are worth at the last prices."""

    __slots__ = ("_products", "_sectors", "account", "gross_units", "net_units", "profit_units")

    def __init__(self) -> None:
        self.account = Group("all contracts")
        self._products: dict[str, Group] = {}
        self._sectors: dict[str, Group] = {}
        self.gross_units = 0
        """Price x multiplier x lots of all that is held, both directions added, in 1/UNITS yuan."""
        self.net_units = 0
        """The same, long less short."""
        self.profit_units = 0
        """Position profit by date (盯市)."""

    def place(self, product: str, sector: str | None) -> Place:
        """Where a contract of ``product`` (with its exchange: ``SHFE.rb``) counts."""
        return Place(
            self,
            self._products.setdefault(product, Group(product)),
            None if sector is None else self._sectors.setdefault(sector, Group(sector)),
        )

    def profit(self) -> float:
        """Position profit by date (盯市), yuan."""
        return self.profit_units / UNITS
