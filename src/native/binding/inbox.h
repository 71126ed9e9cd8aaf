// The way from the library's thread to Python's: a ring of bytes with one writer and one reader,
// a list beside it for what finds no room there, and a wake-up once per burst.
//
// The reader arms the inbox before it sleeps, then looks once more; the writer publishes, then asks
// whether it is armed. Both sides do so by sequentially consistent stores and loads, of which at
// least one sees the other's: no wake-up is lost. Records leave in the order in which they came.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "ctp_api.h"
#include "wake.h"

namespace binding {

// A record: this, the struct (if any) and RspInfo (if any), each padded to eight bytes.
struct Record {
    uint32_t size;  // of the whole; 0: the rest of the ring is empty, go on at its beginning
    uint16_t method;
    bool last;
    bool has_error;
    int32_t request;  // or the number that the callback was given
    uint32_t body;    // bytes of the struct; 0: a null pointer
    int64_t monotonic;
    int64_t realtime;  // both ns, when the library called

    const char *Body() const { return reinterpret_cast<const char *>(this + 1); }
    const CThostFtdcRspInfoField *Error() const;
};

class Inbox {
public:
    // Rounded up to a power of two, at least 64 KiB. keeps_all: nothing is ever dropped.
    explicit Inbox(size_t ring_bytes, bool keeps_all = false);
    ~Inbox();
    Inbox(const Inbox &) = delete;
    Inbox &operator=(const Inbox &) = delete;

    // The writer's side. may_drop: counted and forgotten where there is no room.
    void Put(uint16_t method, const void *body, uint32_t size, const CThostFtdcRspInfoField *error,
             int32_t request, bool last, bool may_drop = false);

    // The reader's side.
    const Record *Front();  // nullptr: nothing has come
    void Pop();             // of what Front gave
    bool Pending() const;   // the same without touching it
    bool Arm();             // false: something has come meanwhile, do not sleep
    void Disarm() { armed_.store(false, std::memory_order_seq_cst); }
    void Signal() { wake_.Signal(); }
    void ClearWake() { wake_.Clear(); }
    int Descriptor() const { return wake_.Descriptor(); }

    uint64_t received() const { return received_.load(std::memory_order_relaxed); }
    uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
    uint64_t overflowed() const { return overflowed_.load(std::memory_order_relaxed); }
    uint64_t wakes() const { return wakes_.load(std::memory_order_relaxed); }

private:
    char *Room(uint32_t size);  // in the ring; nullptr: none
    void Publish();
    void Overflow(const Record &head, const void *body, const CThostFtdcRspInfoField *error);
    void TakeOverflow();

    const uint64_t capacity_;
    const bool keeps_all_;
    char *ring_;
    Wake wake_;

    // Ever growing; the place in the ring is the remainder.
    alignas(64) std::atomic<uint64_t> head_{0};  // read up to here
    uint64_t known_tail_ = 0;                    // the reader's
    std::deque<std::vector<char>> taken_;        // the reader's part of the list
    alignas(64) std::atomic<uint64_t> tail_{0};  // written up to here
    uint64_t known_head_ = 0;                    // the writer's
    uint64_t next_tail_ = 0;
    alignas(64) std::atomic<bool> armed_{true};
    std::atomic<bool> overflowing_{false};  // overflow_ is not empty
    std::mutex overflow_lock_;
    std::deque<std::vector<char>> overflow_;

    std::atomic<uint64_t> received_{0}, dropped_{0}, overflowed_{0}, wakes_{0};
};

}  // namespace binding
