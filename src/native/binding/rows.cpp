#include "rows.h"

#include <iterator>

#include "interpreter.h"
#include "text.h"
#include "ticks.h"

namespace binding {
namespace {

template <size_t N>
PyObject *Made(PyObject *type, PyObject *(&values)[N]) {
    bool whole = true;
    for (PyObject *value : values) whole &= value != nullptr;
    PyObject *row = whole ? PyObject_Vectorcall(type, values, N, nullptr) : nullptr;
    for (PyObject *value : values) Py_XDECREF(value);
    return row;
}

PyObject *Whole(int value) { return PyLong_FromLong(value); }

}  // namespace

// The order of the fields is that of the struct in records.py.
PyObject *OrderRow(const Record &record) {
    const auto &order = *reinterpret_cast<const CThostFtdcOrderField *>(record.Body());
    PyObject *values[] = {
        KnownText(order.BrokerID),
        KnownText(order.InvestorID),
        KnownText(order.ExchangeID),
        KnownText(order.InstrumentID),
        Text(order.OrderRef),
        Whole(order.FrontID),
        Whole(order.SessionID),
        Text(order.OrderSysID),
        Text(order.OrderLocalID),
        KnownText(order.TraderID),
        Character(order.Direction),
        KnownText(order.CombOffsetFlag),
        KnownText(order.CombHedgeFlag),
        Character(order.OrderPriceType),
        Price(order.LimitPrice),
        Whole(order.VolumeTotalOriginal),
        Whole(order.VolumeTraded),
        Character(order.OrderStatus),
        Character(order.OrderSubmitStatus),
        Character(order.TimeCondition),
        Character(order.VolumeCondition),
        Whole(order.MinVolume),
        KnownText(order.StatusMsg),
        KnownText(order.InsertDate),
        Text(order.InsertTime),
        Text(order.UpdateTime),
        Text(order.CancelTime),
        Whole(DayNumber(order.TradingDay)),
        KnownText(order.UserID),
        Text(order.OrderMemo),
        Whole(order.SequenceNo),
        Character(order.ForceCloseReason),
        Text(order.RelativeOrderSysID),
        Whole(order.RequestID),
        PyLong_FromLongLong(record.monotonic),
    };
    return Made(python.order_row, values);
}

PyObject *TradeRow(const Record &record) {
    const auto &trade = *reinterpret_cast<const CThostFtdcTradeField *>(record.Body());
    PyObject *values[] = {
        KnownText(trade.BrokerID),
        KnownText(trade.InvestorID),
        KnownText(trade.ExchangeID),
        KnownText(trade.InstrumentID),
        Text(trade.OrderRef),
        Text(trade.OrderSysID),
        Text(trade.OrderLocalID),
        KnownText(trade.TraderID),
        Text(trade.TradeID),
        Character(trade.Direction),
        Character(trade.OffsetFlag),
        Character(trade.HedgeFlag),
        Price(trade.Price),
        Whole(trade.Volume),
        KnownText(trade.TradeDate),
        Text(trade.TradeTime),
        Whole(DayNumber(trade.TradingDay)),
        Whole(trade.SequenceNo),
        PyLong_FromLongLong(record.monotonic),
        Whole(trade.BrokerOrderSeq),
    };
    return Made(python.trade_row, values);
}

}  // namespace binding
