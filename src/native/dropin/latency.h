// Tick to order at the ABI, in a file that processes share: the market-data library writes when it
// called OnRtnDepthMarketData, the trading library when ReqOrderInsert was entered. The reader is
// homalos/ctp/latency.py, which has the same numbers: a test compares them. Times are
// CLOCK_MONOTONIC, nanoseconds. Lock-free; of two writers of one entry the later one stands.
#pragma once
#include <cstddef>
#include <cstdint>

namespace latency {

constexpr uint64_t kMagic = 0x31595441'4C4D4F48;  // "HOMLATY1"
constexpr uint32_t kSlots = 1u << 13;             // contracts, a hash table
constexpr uint32_t kTicks = 1u << 19;             // the last ones, a ring
constexpr uint32_t kOrders = 1u << 17;            // the last ones, a ring

struct Slot {
    uint64_t hash;  // 0: free
    int64_t tick_ns;
    char instrument[88];
    uint64_t named;  // 1: the name is written
    uint64_t spare[2];
};

struct Tick {
    int64_t ns;  // 0: not written yet
    uint64_t slot;
};

struct Order {
    int64_t tick_ns;  // of the contract's last tick; 0: there was none
    int64_t order_ns;
};

struct File {
    uint64_t magic;
    uint64_t spare[7];
    alignas(64) uint64_t ticks;  // ever written
    alignas(64) uint64_t orders;
    alignas(64) Slot slot[kSlots];
    Tick tick[kTicks];
    Order order[kOrders];
};

static_assert(sizeof(Slot) == 128 && sizeof(Tick) == 16 && sizeof(Order) == 16);
static_assert(offsetof(File, ticks) == 64 && offsetof(File, orders) == 128);
static_assert(offsetof(File, slot) == 192);

// The file that HOMALOS_CTP_LATENCY names, mapped once; null: none, or it is not such a file.
File *file();

void on_tick(File &file, const char (&instrument)[81]);
void on_order(File &file, const char (&instrument)[81]);

}  // namespace latency
