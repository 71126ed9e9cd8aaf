#include "ticks.h"

#include <cmath>
#include <cstring>

#include "interpreter.h"

namespace binding {
namespace {

using Snapshot = CThostFtdcDepthMarketDataField;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kChina = 8 * kHour;  // no daylight saving since 1991
constexpr int64_t kStale = 30 * kMinute;
constexpr int64_t kHalfSecond = 500'000'000;
constexpr int64_t kEvening = 18 * kHour, kMorning = 8 * kHour;
constexpr double kNoneAbove = 1e300;  // CTP writes DBL_MAX for a number that there is not

// The decimal value itself is rounded, as Python does it.
double RoundedSlowly(double value) {
    char *text = PyOS_double_to_string(value, 'f', 6, 0, nullptr);
    if (!text) {
        PyErr_Clear();
        return value;
    }
    const double rounded = PyOS_string_to_double(text, nullptr, nullptr);
    PyMem_Free(text);
    return rounded;
}

// Turnover, open interest: 0 is a value here.
PyObject *Amount(double value) {
    if (!(value >= 0.0 && value < kNoneAbove)) return Py_NewRef(Py_None);
    return PyFloat_FromDouble(value);
}

int Two(const char *digits) {
    const unsigned tens = static_cast<unsigned char>(digits[0]) - '0';
    const unsigned ones = static_cast<unsigned char>(digits[1]) - '0';
    return tens > 9 || ones > 9 ? -1 : static_cast<int>(tens * 10 + ones);
}

// Nanoseconds after midnight; -1: no time (empty, 99:99:99).
int64_t TimeOfDay(const Snapshot &data) {
    const char *text = data.UpdateTime;
    if (strnlen(text, sizeof data.UpdateTime) != 8 || text[2] != ':' || text[5] != ':') return -1;
    const int hours = Two(text), minutes = Two(text + 3), seconds = Two(text + 6);
    const int milliseconds = data.UpdateMillisec;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59 ||
        milliseconds < 0 || milliseconds > 999) {
        return -1;
    }
    return hours * kHour + minutes * kMinute + seconds * kSecond + milliseconds * int64_t{1'000'000};
}

struct Level {
    double price;
    int lots;
};

bool IsPrice(double value) { return value > 0.0 && value < kNoneAbove; }

PyObject *Side(const Level (&levels)[4]) {
    PyObject *side = PyTuple_New(4);
    Py_ssize_t count = 0;
    for (const Level &level : levels) {
        if (!side || !IsPrice(level.price)) continue;
        PyObject *pair = Py_BuildValue("(di)", RoundedPrice(level.price), level.lots);
        if (!pair) {
            Py_CLEAR(side);
            break;
        }
        PyTuple_SET_ITEM(side, count++, pair);
    }
    if (side && count < 4) _PyTuple_Resize(&side, count);
    return side;
}

// Levels two to five; None where there are none, as on an ordinary front.
PyObject *DepthOf(const Snapshot &data) {
    const Level bids[] = {{data.BidPrice2, data.BidVolume2}, {data.BidPrice3, data.BidVolume3},
                          {data.BidPrice4, data.BidVolume4}, {data.BidPrice5, data.BidVolume5}};
    const Level asks[] = {{data.AskPrice2, data.AskVolume2}, {data.AskPrice3, data.AskVolume3},
                          {data.AskPrice4, data.AskVolume4}, {data.AskPrice5, data.AskVolume5}};
    bool any = false;
    for (int i = 0; i < 4; ++i) any |= IsPrice(bids[i].price) || IsPrice(asks[i].price);
    if (!any) return Py_NewRef(Py_None);
    PyObject *sides[] = {Side(bids), Side(asks)};
    PyObject *depth = sides[0] && sides[1]
                          ? PyObject_Vectorcall(python.depth, sides, 2, nullptr)
                          : nullptr;
    Py_XDECREF(sides[0]);
    Py_XDECREF(sides[1]);
    return depth;
}

}  // namespace

double RoundedPrice(double value) {
    const double scaled = value * 1e6;
    const double whole = std::nearbyint(scaled);
    // Near the middle, or beyond the whole numbers of a double, the product may deceive.
    if (std::fabs(scaled) > 4e15 || std::fabs(std::fabs(scaled - whole) - 0.5) < 1e-2) {
        return RoundedSlowly(value);
    }
    return whole / 1e6;
}

PyObject *Price(double value) {
    return IsPrice(value) ? PyFloat_FromDouble(RoundedPrice(value)) : Py_NewRef(Py_None);
}

int DayNumber(const char *text) {
    int day = 0;
    for (int i = 0; i < 8; ++i) {
        if (text[i] < '0' || text[i] > '9') return 0;
        day = day * 10 + (text[i] - '0');
    }
    return text[8] ? 0 : day;
}

Ticks::~Ticks() {
    for (auto &[name, contract] : contracts_) {
        Py_DECREF(contract.instrument);
        for (Kept &kept : contract.kept) Py_XDECREF(kept.object);
    }
    Py_XDECREF(trading_day_);
}

void Ticks::List(std::string wire_id, PyObject *instrument, double factor, bool half_second) {
    Contract &contract = contracts_[std::move(wire_id)];
    PyObject *old = contract.instrument;
    contract.instrument = Py_NewRef(instrument);
    contract.turnover_factor = factor;
    contract.half_second = half_second;
    Py_XDECREF(old);
}

void Ticks::DatesByClock(int64_t offset) {
    by_clock_ = true;
    offset_ = offset;
}

void Ticks::DatesByDay(int64_t evening, int64_t day) {
    by_clock_ = false;
    evening_ = evening;
    day_ = day;
}

bool Ticks::SetTradingDay(long day) {
    PyObject *object = PyLong_FromLong(day);
    if (!object) return false;
    Py_XSETREF(trading_day_, object);
    return true;
}

bool Ticks::Instant(int64_t time_of_day, int64_t realtime, int64_t &event, int64_t &init) const {
    if (!by_clock_) {
        event = time_of_day + (time_of_day >= kEvening  ? evening_
                               : time_of_day < kMorning ? evening_ + kDay
                                                        : day_);
        init = event;  // the market's clock follows its ticks
        return true;
    }
    init = realtime + offset_;
    int64_t away = (time_of_day - (init + kChina) % kDay + kDay) % kDay;
    if (away >= kDay / 2) away -= kDay;
    event = init + away;
    return -kStale <= away && away <= kStale;
}

Ticks::Verdict Ticks::Make(const Record &record, PyObject *&tick) {
    const auto &data = *reinterpret_cast<const Snapshot *>(record.Body());
    const auto found = contracts_.find(std::string_view(
        data.InstrumentID, strnlen(data.InstrumentID, sizeof data.InstrumentID)));
    if (found == contracts_.end()) return ++unknown, Verdict::kUnknown;
    const int64_t time_of_day = TimeOfDay(data);
    if (time_of_day < 0) return ++junk, Verdict::kJunk;
    int64_t event, init;
    if (!Instant(time_of_day, record.realtime, event, init)) return ++stale, Verdict::kStale;
    Contract &contract = found->second;
    if (contract.half_second && data.UpdateMillisec == 0) {
        const int64_t second = event;
        if (second == contract.last_second) event += kHalfSecond;
        contract.last_second = second;
    }
    tick = Built(contract, data, event, init, record.monotonic);
    return tick ? Verdict::kTick : Verdict::kFailed;
}

PyObject *Ticks::Kept::Of(double value, PyObject *(*make)(double)) {
    if (!object || std::memcmp(&raw, &value, sizeof raw) != 0) {
        PyObject *made = make(value);
        if (!made) return nullptr;
        raw = value;
        Py_XSETREF(object, made);
    }
    return Py_NewRef(object);
}

PyObject *Ticks::Built(Contract &contract, const Snapshot &data, int64_t event, int64_t init,
                       int64_t native) const {
    Kept *kept = contract.kept;
    const double turnover = data.Turnover;
    // The fields of Tick, in their order.
    PyObject *values[] = {
        Py_NewRef(contract.instrument),
        PyLong_FromLongLong(event),
        PyLong_FromLongLong(init),
        Py_NewRef(trading_day_ ? trading_day_ : python.zero),
        Price(data.LastPrice),
        PyLong_FromLong(data.Volume),
        Amount(turnover < kNoneAbove ? turnover * contract.turnover_factor : turnover),
        Amount(data.OpenInterest),
        Price(data.BidPrice1),
        PyLong_FromLong(data.BidVolume1),
        Price(data.AskPrice1),
        PyLong_FromLong(data.AskVolume1),
        kept[kOpen].Of(data.OpenPrice, Price),
        kept[kHigh].Of(data.HighestPrice, Price),
        kept[kLow].Of(data.LowestPrice, Price),
        kept[kSettled].Of(data.PreSettlementPrice, Price),
        kept[kClosed].Of(data.PreClosePrice, Price),
        kept[kInterest].Of(data.PreOpenInterest, Amount),
        kept[kUpper].Of(data.UpperLimitPrice, Price),
        kept[kLower].Of(data.LowerLimitPrice, Price),
        kept[kSettlement].Of(data.SettlementPrice, Price),
        DepthOf(data),
        PyLong_FromLongLong(native),
    };
    PyObject *tick = nullptr;
    bool whole = true;
    for (PyObject *value : values) whole &= value != nullptr;
    if (whole) tick = PyObject_Vectorcall(python.tick, values, std::size(values), nullptr);
    for (PyObject *value : values) Py_XDECREF(value);
    return tick;
}

}  // namespace binding
