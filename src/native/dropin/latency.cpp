#include "dropin/latency.h"

#include "dropin/platform.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace latency {

namespace {

File *map() {
    const char *path = std::getenv("HOMALOS_CTP_LATENCY");
    if (path == nullptr || *path == '\0') return nullptr;
    auto *found = static_cast<File *>(platform::map_file(path, sizeof(File)));
    if (found != nullptr && found->magic == kMagic) return found;
    std::fprintf(stderr, "homalos: HOMALOS_CTP_LATENCY 不是时延文件 / no latency file: %s\n", path);
    return nullptr;
}

// FNV-1a of the text, never 0.
uint64_t hash_of(const char (&text)[81]) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < sizeof text && text[i] != '\0'; ++i) {
        hash = (hash ^ static_cast<unsigned char>(text[i])) * 1099511628211u;
    }
    return hash | 1;
}

// The contract's slot, taken if it has none and `add`; null: none, or the table is full.
Slot *slot_of(File &file, const char (&instrument)[81], bool add) {
    const uint64_t hash = hash_of(instrument);
    for (uint32_t step = 0; step < kSlots; ++step) {
        Slot &slot = file.slot[(hash + step) % kSlots];
        std::atomic_ref<uint64_t> owner(slot.hash);
        uint64_t found = owner.load(std::memory_order_acquire);
        if (found == hash) return &slot;
        if (found != 0) continue;
        if (!add) return nullptr;
        if (owner.compare_exchange_strong(found, hash, std::memory_order_acq_rel)) {
            std::memcpy(slot.instrument, instrument, sizeof instrument);
            std::atomic_ref(slot.named).store(1, std::memory_order_release);
            return &slot;
        }
        if (found == hash) return &slot;
    }
    return nullptr;
}

}  // namespace

File *file() {
    static File *const mapped = map();
    return mapped;
}

void on_tick(File &file, const char (&instrument)[81]) {
    Slot *slot = slot_of(file, instrument, true);
    if (slot == nullptr) return;
    const int64_t now = platform::monotonic_ns();
    std::atomic_ref(slot->tick_ns).store(now, std::memory_order_release);
    const uint64_t n = std::atomic_ref(file.ticks).fetch_add(1, std::memory_order_acq_rel);
    Tick &tick = file.tick[n % kTicks];
    tick.slot = static_cast<uint64_t>(slot - file.slot);
    std::atomic_ref(tick.ns).store(now, std::memory_order_release);
}

void on_order(File &file, const char (&instrument)[81]) {
    const int64_t now = platform::monotonic_ns();
    Slot *slot = slot_of(file, instrument, false);
    const uint64_t n = std::atomic_ref(file.orders).fetch_add(1, std::memory_order_acq_rel);
    Order &order = file.order[n % kOrders];
    order.tick_ns = slot ? std::atomic_ref(slot->tick_ns).load(std::memory_order_acquire) : 0;
    std::atomic_ref(order.order_ns).store(now, std::memory_order_release);
}

}  // namespace latency
