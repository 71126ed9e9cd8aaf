"""Rows of positions and of the account into the core's values."""

from typing import Any

import pytest
from tests.generators.markets import market_tables
from tests.unit.gateway.ctp.front import ACCOUNT, DAY, RB, SR, account, instrument, row

from homalos.gateway.ctp.convert import Contracts
from homalos.gateway.ctp.positions import Effects, Holdings, holdings, money
from homalos.model.enums import Direction


@pytest.fixture
def contracts() -> Contracts:
    made = Contracts(market_tables()[0])
    made.set_day(DAY)
    for item in (
        instrument("SHFE", "rb2601", "rb"),
        instrument("CZCE", "SR601", "SR"),
        instrument("SHFE", "rb2601C3000", "rb_o", ProductClass="2"),
    ):
        made.add(item)
    return made


def position(**fields: Any) -> dict[str, Any]:
    return row("InvestorPosition", **({
        "ExchangeID": "SHFE", "InstrumentID": "rb2601", "PosiDirection": "2", "HedgeFlag": "1",
        "PositionDate": "1", "SettlementPrice": 3010.0,
    } | fields))  # fmt: skip


def take(contracts: Contracts, *rows: dict[str, Any]) -> Holdings:
    return holdings(rows, contracts, ACCOUNT)


def test_shfe_has_a_row_of_today_and_one_of_history(contracts: Contracts) -> None:
    found = take(
        contracts,
        position(Position=3, TodayPosition=3, ShortFrozen=1, LongFrozen=9, OpenCost=90_300.0,
                 PositionCost=90_300.0, UseMargin=100.0, PositionProfit=30.0),
        # YdPosition is yesterday's close and does not fall: 5 were held, 2 are left.
        position(PositionDate="2", Position=2, YdPosition=5, ShortFrozen=2, OpenCost=58_000.0,
                 PositionCost=60_000.0, UseMargin=70.0, PositionProfit=20.0),
    )  # fmt: skip
    (held,) = found.positions
    assert (held.instrument, held.direction) == (RB, Direction.LONG)
    assert (held.today_lots, held.yesterday_lots) == (3, 2)
    assert (held.frozen_today, held.frozen_yesterday) == (1, 2)
    assert held.average_price == pytest.approx(148_300 / 50)
    assert held.cost_price == pytest.approx(150_300 / 50)
    assert (held.margin, held.position_profit, held.last_price) == (170.0, 50.0, 3010.0)


def test_profit_by_trade_is_that_of_the_rows(contracts: Contracts) -> None:
    """Two lots of 2900, settled at 3000, and one of them sold at 3020 today; SR is flat again."""
    found = take(
        contracts,
        position(PositionDate="2", Position=1, OpenCost=29_000.0, PositionCost=30_000.0,
                 PositionProfit=100.0, CloseProfit=200.0, CloseProfitByDate=200.0,
                 CloseProfitByTrade=1_200.0),
        position(ExchangeID="CZCE", InstrumentID="SR601", PosiDirection="3", CloseProfit=-30.0,
                 CloseProfitByDate=-30.0, CloseProfitByTrade=-30.0),
    )  # fmt: skip
    (held,) = found.positions
    assert (held.closed_profit, held.closed_profit_by_trade) == (200.0, 1_200.0)
    assert (held.position_profit, held.position_profit_by_trade) == (100.0, 1_100.0)
    data = account(CloseProfit=170.0, PositionProfit=100.0, Balance=100_270.0)
    told = money(data, ACCOUNT, DAY, Effects(), 0, found)
    assert (told.closed_profit, told.closed_profit_by_trade) == (170.0, 1_170.0)
    assert told.position_profit_by_trade == 1_100.0


def test_a_short_position_by_trade(contracts: Contracts) -> None:
    (held,) = take(
        contracts,
        position(PosiDirection="3", PositionDate="2", Position=1, OpenCost=29_000.0,
                 PositionCost=30_000.0, PositionProfit=100.0),
    ).positions  # fmt: skip
    assert held.position_profit_by_trade == -900.0


def test_profit_by_trade_that_nobody_tells_is_unknown(contracts: Contracts) -> None:
    """The row of a contract that is flat again has gone, or the front fills one field alone."""
    data = account(CloseProfit=170.0, PositionProfit=40.0, Balance=100_210.0)
    told = money(data, ACCOUNT, DAY, Effects(), 0, take(contracts))
    assert (told.closed_profit_by_trade, told.position_profit_by_trade) == (None, None)
    found = take(contracts, position(Position=1, CloseProfit=170.0))
    assert found.positions[0].closed_profit is None
    assert money(data, ACCOUNT, DAY, Effects(), 0, found).closed_profit_by_trade is None


def test_elsewhere_one_row_holds_both_and_the_oldest_go_first(contracts: Contracts) -> None:
    (held,) = take(
        contracts,
        position(ExchangeID="CZCE", InstrumentID="SR601", PosiDirection="3", Position=5,
                 TodayPosition=2, LongFrozen=4, ShortFrozen=9, SettlementPrice=1.7e308),
    ).positions  # fmt: skip
    assert (held.instrument, held.direction) == (SR, Direction.SHORT)
    assert (held.today_lots, held.yesterday_lots) == (2, 3)
    assert (held.frozen_today, held.frozen_yesterday) == (1, 3)
    assert held.last_price is None


def test_a_row_without_lots_is_no_position(contracts: Contracts) -> None:
    assert take(contracts, position(Position=0, YdPosition=4)).positions == ()


@pytest.mark.parametrize(
    ("fields", "kind", "direction"),
    [
        ({"InstrumentID": "rb2601C3000"}, "option", "long"),
        ({"ExchangeID": "DCE", "InstrumentID": "m2605-C-3000"}, "option", "long"),
        ({"ExchangeID": "CZCE", "InstrumentID": "SR605C5600"}, "option", "long"),
        ({"ExchangeID": "DCE", "InstrumentID": "SP a2609&a2701"}, "combination", "long"),
        ({"HedgeFlag": "3", "PosiDirection": "3"}, "hedge", "short"),
        ({"HedgeFlag": "2"}, "hedge", "long"),
        ({"InstrumentID": "qq2601"}, "unknown", "long"),
        ({"PosiDirection": "1"}, "unknown", "net"),
        ({"PosiDirection": "9"}, "unknown", "9"),
    ],
)
def test_opaque_rows_are_kept_apart(
    contracts: Contracts, fields: dict[str, Any], kind: str, direction: str
) -> None:
    found = take(
        contracts, position(Position=4), position(Position=2, UseMargin=9.0, **fields)
    )  # fmt: skip
    assert [p.lots for p in found.positions] == [4]
    (opaque,) = found.opaque
    assert (opaque.kind, opaque.direction, opaque.lots, opaque.margin) == (kind, direction, 2, 9.0)
    assert opaque.symbol == fields.get("InstrumentID", "rb2601")


def test_the_account_is_the_venues_own(contracts: Contracts) -> None:
    data = account(
        PreBalance=100_000.0, PreCredit=1_000.0, Mortgage=500.0, Deposit=200.0, Withdraw=50.0,
        CloseProfit=30.0, PositionProfit=-10.0, Commission=4.5, Balance=99_665.5,
        CurrMargin=2_000.0, FrozenMargin=300.0, FrozenCommission=1.0, FrozenCash=2.0,
        Available=97_000.0,
    )  # fmt: skip
    found = money(data, ACCOUNT, DAY, Effects(), 5)
    assert (found.pre_balance, found.deposit, found.withdraw) == (99_500.0, 200.0, 50.0)
    assert (found.closed_profit, found.position_profit, found.fees) == (30.0, -10.0, 4.5)
    assert (found.balance, found.available, found.margin) == (99_665.5, 97_000.0, 2_000.0)
    assert (found.frozen_margin, found.frozen_fees, found.ts_event) == (300.0, 3.0, 5)


def test_what_opaque_rows_did_to_the_money_came_or_went(contracts: Contracts) -> None:
    """An option was sold for 800 and a hedge lot closed: the books know of neither."""
    found = take(
        contracts,
        position(InstrumentID="rb2601C3000", CashIn=800.0, Commission=3.0),
        position(HedgeFlag="3", CloseProfit=-250.0, PositionProfit=40.0, Commission=2.0),
    )
    balance = 100_000.0 + 800 - 3 - 250 + 40 - 2 + 70 - 1
    data = account(
        Balance=balance, CashIn=800.0, CloseProfit=-250.0 + 70.0, PositionProfit=40.0,
        Commission=3.0 + 2.0 + 1.0,
    )  # fmt: skip
    held = money(data, ACCOUNT, DAY, found.effects, 0)
    assert (held.closed_profit, held.position_profit, held.fees) == (70.0, 0.0, 1.0)
    assert held.pre_balance == 100_000.0
    assert held.deposit - held.withdraw == pytest.approx(800 - 3 - 250 + 40 - 2)
    assert held.balance == pytest.approx(
        held.pre_balance + held.deposit - held.withdraw + held.closed_profit
        + held.position_profit - held.fees
    )  # fmt: skip


def test_a_combination_is_not_counted_beside_its_legs(contracts: Contracts) -> None:
    found = take(
        contracts,
        position(Position=2, TodayPosition=2, CloseProfit=5.0, Commission=1.0),
        position(InstrumentID="SP rb2601&rb2605", Position=2, CloseProfit=5.0, Commission=1.0),
    )
    assert [p.lots for p in found.positions] == [2]
    assert [p.kind for p in found.opaque] == ["combination"]
    assert found.effects == Effects()


def test_money_that_ctp_does_not_have_is_none() -> None:
    found = money(account(Commission=1.7976931348623157e308), ACCOUNT, DAY, Effects(), 0)
    assert found.fees == 0.0
