// One API object of the vendor's, its SPI and its inbox. Everything here runs with the GIL held;
// it is let go only while the vendor creates, starts or ends threads, and by who sleeps or spins.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <atomic>
#include <memory>
#include <string>

#include "binding_spi.h"
#include "deliver.h"
#include "library.h"
#include "orders.h"
#include "structs.h"

namespace binding {

bool WatchForks();  // false: a Python error is set

struct MdSide {
    using Api = CThostFtdcMdApi;
    using Shell = MdShell;
    static constexpr auto &callbacks = kMdCallbacks;
    static constexpr auto &requests = kMdRequests;
    static constexpr auto Create = CreateMd;
    static constexpr auto Version = MdVersion;
};

struct TdSide {
    using Api = CThostFtdcTraderApi;
    using Shell = TdShell;
    static constexpr auto &callbacks = kTdCallbacks;
    static constexpr auto &requests = kTdRequests;
    static constexpr auto Create = CreateTd;
    static constexpr auto Version = TdVersion;
};

class PortBase {
public:
    PortBase(size_t ring_bytes, bool keeps_all);

    bool Usable() const;  // false: closed, or a fork's child; ClosedError is set
    bool closed() const { return closed_; }
    bool OpenOnce();  // false: it was opened before; an error is set

    // Tells everything that has come, at most `limit` (0: kBurst); how many it took, -1: an error
    // is set. What is left over keeps the descriptor readable.
    template <class Tell>
    Py_ssize_t Drain(Py_ssize_t limit, Tell tell);

    // Without the GIL, until something comes or the time is over. False: closed meanwhile.
    bool Sleep(int milliseconds);

    // For who uses the inbox while the GIL may be elsewhere; it goes with the last of them.
    void Enter() { ++users_; }
    void Leave();

    Inbox &inbox() { return *inbox_; }
    uint64_t counts[4]{};  // received, wakes, overflowed, dropped: kept when the inbox is gone
    void Count();
    uint64_t delivered = 0;

protected:
    bool InThisProcess() const;
    void FreeIfIdle();

    static constexpr Py_ssize_t kBurst = 1024;
    std::unique_ptr<Inbox> inbox_;
    std::atomic<bool> closed_{false};

private:
    unsigned generation_;
    int users_ = 0;
    bool draining_ = false;
    bool opened_ = false;
};

template <class Side>
class Port : public PortBase {
public:
    using Api = typename Side::Api;

    // Throws LibraryProblem.
    Port(const std::string &folder, const std::string &flow, bool production, size_t ring_bytes,
         bool keeps_all)
        : PortBase(ring_bytes, keeps_all), folder_(folder) {
        Api *api = nullptr;
        std::string problem;
        Py_BEGIN_ALLOW_THREADS;
        try {
            api = Side::Create(folder, flow, production);
        } catch (const LibraryProblem &error) {
            problem = error.what();
        }
        Py_END_ALLOW_THREADS;
        if (!api) throw LibraryProblem(problem);
        api_ = api;
        shell_ = new typename Side::Shell(inbox_.get());  // never deleted: see door.h
        api_->RegisterSpi(shell_);
    }
    ~Port() { Close(); }

    Api *api() { return api_; }
    std::string Version() const { return Side::Version(folder_); }

    void RegisterFront(std::string front) { api_->RegisterFront(front.data()); }

    void Init() {
        Enter();
        Py_BEGIN_ALLOW_THREADS;
        api_->Init();
        Py_END_ALLOW_THREADS;
        Leave();
    }

    // -4: a Python error is set.
    int Call(size_t number, PyObject *fields, bool strict, int id) {
        const auto &request = Side::requests[number];
        alignas(8) char raw[kLargestStruct];
        if (!FromMapping(*request.info, fields, strict, raw)) return kFailed;
        if (!Usable()) return kFailed;  // a mapping of the user's own may have closed it
        return request.call(api_, raw, id);
    }
    static constexpr int kFailed = -4;

    void Close() {
        if (closed_.exchange(true)) return;
        if (!InThisProcess()) return FreeIfIdle();
        Count();
        shell_->door.Shut();
        inbox_->Signal();
        Enter();
        Py_BEGIN_ALLOW_THREADS;
        // The SPI stays registered: the vendor's thread may be about to call it.
        api_->Release();
        Py_END_ALLOW_THREADS;
        Leave();
    }

    Ticks ticks;    // of market data
    Orders orders;  // of trading

private:
    std::string folder_;
    Api *api_ = nullptr;
    typename Side::Shell *shell_ = nullptr;
};

template <class Tell>
Py_ssize_t PortBase::Drain(Py_ssize_t limit, Tell tell) {
    if (!Usable()) return -1;
    if (draining_) {
        PyErr_SetString(PyExc_RuntimeError, "drain was called from within drain");
        return -1;
    }
    draining_ = true;
    Enter();
    Inbox &inbox = *inbox_;
    inbox.ClearWake();
    const Py_ssize_t most = limit > 0 ? limit : kBurst;
    Py_ssize_t count = 0;
    for (;;) {
        const Record *record = inbox.Front();
        if (!record) {
            if (inbox.Arm()) break;
            continue;
        }
        if (count == most) {
            inbox.Signal();
            break;
        }
        const Told told = tell(*record);
        inbox.Pop();
        ++count;
        if (told == Told::kYes) ++delivered;
        if (told == Told::kFailed) {
            count = -1;
            if (!closed_) inbox.Signal();
            break;
        }
        if (closed_) break;
    }
    draining_ = false;
    Leave();
    return count;
}

}  // namespace binding
