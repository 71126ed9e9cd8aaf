#include "port.h"

#include <pthread.h>

#include <utility>

#include "interpreter.h"

namespace binding {
namespace {

// Threads do not live on in a fork's child: what was made before it is not for the child.
std::atomic<unsigned> generation{0};

}  // namespace

bool WatchForks() {
    static const int failed = pthread_atfork(nullptr, nullptr, [] { ++generation; });
    if (failed) PyErr_SetString(PyExc_OSError, "pthread_atfork failed");
    return !failed;
}

PortBase::PortBase(size_t ring_bytes, bool keeps_all)
    : inbox_(std::make_unique<Inbox>(ring_bytes, keeps_all)), generation_(generation) {}

bool PortBase::InThisProcess() const { return generation_ == generation; }

bool PortBase::Usable() const {
    if (closed_) {
        PyErr_SetString(python.closed_error, "this port is closed / 该接口已关闭");
        return false;
    }
    if (!InThisProcess()) {
        PyErr_SetString(python.closed_error,
                        "this port belongs to the process before the fork / 该接口属于 fork "
                        "之前的进程");
        return false;
    }
    return true;
}

bool PortBase::OpenOnce() {
    if (opened_) PyErr_SetString(PyExc_RuntimeError, "this port was opened before / 接口已启动");
    return !std::exchange(opened_, true);
}

void PortBase::Leave() {
    --users_;
    FreeIfIdle();
}

void PortBase::FreeIfIdle() {
    if (users_ || !closed_) return;
    Count();
    inbox_.reset();
}

void PortBase::Count() {
    if (!inbox_) return;
    counts[0] = inbox_->received();
    counts[1] = inbox_->wakes();
    counts[2] = inbox_->overflowed();
    counts[3] = inbox_->dropped();
}

bool PortBase::Sleep(int milliseconds) {
    Enter();
    if (!inbox_->Pending()) {
        const int descriptor = inbox_->Descriptor();
        Py_BEGIN_ALLOW_THREADS;
        Wake::Sleep(descriptor, milliseconds);
        Py_END_ALLOW_THREADS;
    }
    const bool open = !closed_;
    Leave();
    return open;
}

}  // namespace binding
