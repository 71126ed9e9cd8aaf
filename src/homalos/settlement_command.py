"""``homalos settlement``: what came of the brokers' statements, from the store alone."""

import argparse
import sqlite3
import sys
from pathlib import Path
from typing import Any

import msgspec

from homalos.storage.reader import Reader
from homalos.storage.schema import FILE_NAME

DONE, FAILED, WRONG = 0, 1, 2
LISTED = 20
_RESULTS = {
    "agreed": "agrees with the books / 与账本一致",
    "differs": "DIFFERS FROM THE BOOKS / 与账本不一致",
    "partly": "no difference, not all could be compared / 无差异，部分未能比较",
    "unread": "could not be read / 无法读取",
    "no_books": "no books of that day / 账本无当日记录",
    "none": "no statement came / 未收到结算单",
}
_FIGURES = {
    "opening": "opening balance / 期初结存", "deposit": "deposits less withdrawals / 出入金",
    "closed_profit": "realised profit / 平仓盈亏", "position_profit": "position profit / 持仓盈亏",
    "fees": "fees / 手续费", "equity": "equity / 期末权益", "margin": "margin / 保证金占用",
}  # fmt: skip


def settlement(options: argparse.Namespace) -> int:
    """Without ``--day`` the last statements, a line each; with it that day's, whole."""
    path: Path = options.data_dir / FILE_NAME
    if not path.is_file():
        sys.stderr.write(f"{path}: no database there / 没有数据库\n")
        return FAILED
    reader = Reader(path)
    try:
        raw = reader.statements(trading_day=options.day, limit=LISTED)
    except sqlite3.Error as error:
        sys.stderr.write(f"{path}: {error}\n")
        return FAILED
    finally:
        reader.close()
    rows = msgspec.json.decode(raw)["items"]
    if not rows:
        sys.stderr.write("no settlement statement / 没有结算单\n")
        return FAILED
    if options.day is None:
        for row in rows:
            print(_line(row))
    else:
        for row in rows:
            _show(row)
    return DONE


def _line(row: dict[str, Any]) -> str:
    text = f"{row['trading_day']}  {row['account']}  {_RESULTS.get(row['result'], row['result'])}"
    if row["differences"]:
        text += f": {len(row['differences'])}"
    return text + _call(row)


def _call(row: dict[str, Any]) -> str:
    amount = row["margin_call"] or 0.0
    return f"  MARGIN CALL / 追加保证金 {amount:.2f}" if amount > 0 else ""


def _show(row: dict[str, Any]) -> None:
    print(_line(row))
    if row["path"]:
        print(f"  {row['path']}")
    print(f"  {'books / 账本':>24}{'statement / 结算单':>22}")
    for figure in row["figures"]:
        name = _FIGURES.get(figure["name"], figure["name"])
        print(f"  {_money(figure['ours']):>22}{_money(figure['theirs']):>22}  {name}")
    for difference in row["differences"]:
        print(f"  DIFFERENCE / 差异  {difference['text']}")
    for found in row["corrections"]:
        place = " ".join(str(found[key]).strip() for key in ("strategy", "instrument", "trade"))
        print(f"  CORRECTION / 调整  {found['what']} {found['amount']:+.2f}  {place.strip()}")
    for note in row["notes"]:
        print(f"  NOTE / 说明  {note}")


def _money(amount: float | None) -> str:
    return "-" if amount is None else f"{amount:,.2f}"
