"""The watcher hands over only when nothing moves any more."""

from collections.abc import Iterator
from pathlib import Path

from homalos.config.watcher import Signature, Watcher


def _moving(*inodes: int) -> Iterator[Signature]:
    for inode in inodes:
        yield ((inode, 0, 0),)


class Scripted(Watcher):
    """Sees what the script says."""

    script: Iterator[Signature] = iter(())

    def _signature(self) -> Signature:
        return next(self.script)


def test_it_waits_until_two_looks_agree() -> None:
    handed: list[Signature] = []

    def settled() -> bool:
        handed.append(watcher._seen)
        return True

    watcher = Scripted([Path("any")], settled, settle_s=0.001)
    watcher.script = _moving(2, 3, 4, 4, 5)
    watcher._settle(((1, 0, 0),))
    assert handed == [((4, 0, 0),)]


def test_it_asks_again_while_it_is_told_that_the_file_is_not_whole() -> None:
    answers = iter([False, False, True])
    asked: list[bool] = []

    def settled() -> bool:
        asked.append(next(answers))
        return asked[-1]

    watcher = Scripted([Path("any")], settled, settle_s=0.001)
    watcher.script = _moving(1, 1, 2, 2, 9)
    watcher._settle(((1, 0, 0),))
    assert asked == [False, False, True]
