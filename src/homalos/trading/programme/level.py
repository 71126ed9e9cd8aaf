"""One counter with its limit: what this account did, and what the others of its group did."""

from homalos.trading.programme.terms import soft_of

NEVER = 1 << 62
_WORDS = {
    1: ("nears the exchange's limit", "接近交易所限制"),
    2: ("at the soft limit: what would add to it is denied", "达到软限，停止会增加该计数的委托"),
    3: ("AT THE EXCHANGE'S LIMIT", "已达交易所限制"),
}


class Level:
    """``total`` and ``soft`` are what a rule compares."""

    __slots__ = ("_marks", "limit", "next", "others", "own", "soft", "stage", "total")

    def __init__(self) -> None:
        self.own = 0
        self.others = 0
        self.total = 0
        self.limit = 0
        """The exchange's; 0: none."""
        self.soft = NEVER
        self.next = NEVER
        """The total at which somebody is told next."""
        self.stage = 0
        """What was told: 0 nothing, 1 the warning, 2 the soft limit, 3 the limit."""
        self._marks: tuple[int, ...] = ()

    def bound(self, limit: int, soft_percent: int, warn_percent: int) -> None:
        """Take a limit. What was told under another one may be told again."""
        self.limit = limit
        self.soft = soft_of(limit, soft_percent) or NEVER
        warn = max(1, limit * warn_percent // 100)
        marks = (min(warn, self.soft), self.soft, limit) if limit else ()
        if marks != self._marks:
            self._marks, self.stage = marks, 0
            self.next = marks[0] if marks else NEVER

    def add(self, count: int) -> None:
        self.own += count
        self.total += count

    def share(self, others: int) -> None:
        """What the others of the group have, all of them."""
        self.others = others
        self.total = self.own + others

    def clear(self) -> None:
        """A new trading day."""
        self.own = self.others = self.total = self.stage = 0
        self.next = self._marks[0] if self._marks else NEVER

    def rise(self) -> bool:
        """Come to the stage of the total; whether it is a higher one than before."""
        stage = sum(self.total >= mark for mark in self._marks)
        higher, self.stage = stage > self.stage, max(stage, self.stage)
        self.next = self._marks[self.stage] if self.stage < len(self._marks) else NEVER
        return higher

    def words(self) -> tuple[str, str]:
        """What its stage means, in English and Chinese."""
        return _WORDS[self.stage]

    def row(self) -> dict[str, int | None]:
        """For the page; ``None``: no limit."""
        soft = None if self.soft == NEVER else self.soft
        return {
            "count": self.total, "own": self.own, "group": self.others, "soft": soft,
            "limit": self.limit or None,
        }  # fmt: skip
