// homalos.model.market.Tick out of CTP's snapshot, in one go.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string>
#include <string_view>
#include <unordered_map>

#include "inbox.h"

namespace binding {

// Python's round(value, 6), in a few nanoseconds where the result is sure.
double RoundedPrice(double value);
// New reference: None for DBL_MAX, NaN and what is not positive; else RoundedPrice.
PyObject *Price(double value);
// yyyymmdd as a number; 0 where it is none.
int DayNumber(const char *text);

class Ticks {
public:
    Ticks() = default;
    ~Ticks();
    Ticks(const Ticks &) = delete;
    Ticks &operator=(const Ticks &) = delete;

    void List(std::string wire_id, PyObject *instrument, double turnover_factor, bool half_second);
    void DatesByClock(int64_t offset);
    void DatesByDay(int64_t evening, int64_t day);
    bool SetTradingDay(long day);

    enum class Verdict { kTick, kJunk, kStale, kUnknown, kFailed };
    // kTick: a new reference in tick. kFailed: a Python error is set.
    Verdict Make(const Record &record, PyObject *&tick);

    uint64_t junk = 0, stale = 0, unknown = 0;

private:
    // A price that stays for hours: its object is made once.
    struct Kept {
        double raw;
        PyObject *object = nullptr;
        PyObject *Of(double value, PyObject *(*make)(double));
    };
    enum { kOpen, kHigh, kLow, kSettled, kClosed, kInterest, kUpper, kLower, kSettlement, kCount };
    struct Contract {
        PyObject *instrument;
        double turnover_factor;
        bool half_second;
        int64_t last_second = -1;
        Kept kept[kCount];
    };
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    bool Instant(int64_t time_of_day, int64_t realtime, int64_t &event, int64_t &init) const;
    PyObject *Built(Contract &contract, const CThostFtdcDepthMarketDataField &data, int64_t event,
                    int64_t init, int64_t native) const;

    std::unordered_map<std::string, Contract, Hash, std::equal_to<>> contracts_;
    PyObject *trading_day_ = nullptr;
    bool by_clock_ = true;
    int64_t offset_ = 0, evening_ = 0, day_ = 0;
};

}  // namespace binding
