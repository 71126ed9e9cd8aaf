#include "inbox.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>

namespace binding {
namespace {

constexpr size_t kSmallest = 1 << 16;

constexpr uint32_t Padded(size_t size) { return static_cast<uint32_t>((size + 7) & ~size_t{7}); }

int64_t Now(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void Write(char *to, const Record &head, const void *body, const CThostFtdcRspInfoField *error) {
    std::memcpy(to, &head, sizeof head);
    to += sizeof head;
    if (head.body) std::memcpy(to, body, head.body);
    if (error) std::memcpy(to + Padded(head.body), error, sizeof *error);
}

}  // namespace

const CThostFtdcRspInfoField *Record::Error() const {
    if (!has_error) return nullptr;
    return reinterpret_cast<const CThostFtdcRspInfoField *>(Body() + Padded(body));
}

Inbox::Inbox(size_t ring_bytes, bool keeps_all)
    : capacity_(std::bit_ceil(ring_bytes < kSmallest ? kSmallest : ring_bytes)),
      keeps_all_(keeps_all),
      ring_(static_cast<char *>(std::malloc(capacity_))) {
    if (!ring_) throw std::bad_alloc();
    std::memset(ring_, 0, capacity_);  // no page fault while ticks come
}

Inbox::~Inbox() { std::free(ring_); }

void Inbox::Put(uint16_t method, const void *body, uint32_t size,
                const CThostFtdcRspInfoField *error, int32_t request, bool last, bool may_drop) {
    Record head{};
    head.monotonic = Now(CLOCK_MONOTONIC);
    head.realtime = Now(CLOCK_REALTIME);
    head.method = method;
    head.last = last;
    head.has_error = error != nullptr;
    head.request = request;
    head.body = body ? size : 0;
    head.size = sizeof head + Padded(head.body) + (error ? Padded(sizeof *error) : 0);

    received_.fetch_add(1, std::memory_order_relaxed);
    // While older records wait in the list, newer ones may not pass them by the ring.
    const bool waiting = overflowing_.load(std::memory_order_acquire);
    char *room = waiting ? nullptr : Room(head.size);
    if (room) {
        Write(room, head, body, error);
        tail_.store(next_tail_, std::memory_order_seq_cst);
    } else if (may_drop && !keeps_all_) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
    } else {
        Overflow(head, body, error);
    }
    if (armed_.load(std::memory_order_seq_cst) && armed_.exchange(false)) {
        wakes_.fetch_add(1, std::memory_order_relaxed);
        wake_.Signal();
    }
}

char *Inbox::Room(uint32_t size) {
    uint64_t tail = tail_.load(std::memory_order_relaxed);
    const uint64_t at = tail & (capacity_ - 1);
    const uint64_t rest = capacity_ - at;
    const uint64_t skip = rest < size ? rest : 0;
    if (tail + skip + size - known_head_ > capacity_) {
        known_head_ = head_.load(std::memory_order_acquire);
        if (tail + skip + size - known_head_ > capacity_) return nullptr;
    }
    if (skip) {
        const uint32_t nothing = 0;
        std::memcpy(ring_ + at, &nothing, sizeof nothing);
        tail += skip;
    }
    next_tail_ = tail + size;
    return ring_ + (tail & (capacity_ - 1));
}

void Inbox::Overflow(const Record &head, const void *body, const CThostFtdcRspInfoField *error) {
    std::vector<char> copy(head.size);
    Write(copy.data(), head, body, error);
    const std::lock_guard lock(overflow_lock_);
    overflow_.push_back(std::move(copy));
    overflowed_.fetch_add(1, std::memory_order_relaxed);
    overflowing_.store(true, std::memory_order_seq_cst);
}

const Record *Inbox::Front() {
    if (!taken_.empty()) return reinterpret_cast<const Record *>(taken_.front().data());
    for (;;) {
        uint64_t head = head_.load(std::memory_order_relaxed);
        if (head == known_tail_) {
            // Asked before the tail: what is in the list is younger than all that the ring holds.
            const bool waiting = overflowing_.load(std::memory_order_acquire);
            known_tail_ = tail_.load(std::memory_order_acquire);
            if (head == known_tail_) {
                if (!waiting) return nullptr;
                TakeOverflow();
                return reinterpret_cast<const Record *>(taken_.front().data());
            }
        }
        auto record = reinterpret_cast<const Record *>(ring_ + (head & (capacity_ - 1)));
        if (record->size) return record;
        head += capacity_ - (head & (capacity_ - 1));
        head_.store(head, std::memory_order_release);
    }
}

void Inbox::TakeOverflow() {
    const std::lock_guard lock(overflow_lock_);
    taken_.swap(overflow_);
    overflowing_.store(false, std::memory_order_seq_cst);
}

void Inbox::Pop() {
    if (!taken_.empty()) {
        taken_.pop_front();
        return;
    }
    const uint64_t head = head_.load(std::memory_order_relaxed);
    const auto record = reinterpret_cast<const Record *>(ring_ + (head & (capacity_ - 1)));
    head_.store(head + record->size, std::memory_order_release);
}

bool Inbox::Pending() const {
    return tail_.load(std::memory_order_seq_cst) != head_.load(std::memory_order_relaxed) ||
           overflowing_.load(std::memory_order_seq_cst) || !taken_.empty();
}

bool Inbox::Arm() {
    armed_.store(true, std::memory_order_seq_cst);
    if (!Pending()) return true;
    armed_.store(false, std::memory_order_seq_cst);
    return false;
}

}  // namespace binding
