// The wire to `homalos exchange`, as homalos/ctp/wire.py has it: a test compares the two.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

namespace wire {

static_assert(std::endian::native == std::endian::little, "structs go over the wire as they are");

#pragma pack(push, 1)

struct Header {
    uint32_t size;  // of what follows this field
    uint16_t method;
    uint8_t flags;
    uint8_t flow;
    int32_t request;
    uint32_t sequence;
};

struct Hello {
    char version[16];
    char kind[4];
    int32_t private_resume;
    int32_t public_resume;
    char trading_day[12];
    uint32_t private_last;
    uint32_t public_last;
};

struct Welcome {
    int32_t refusal;
    char trading_day[12];
    int32_t heartbeat_seconds;
    int32_t queries_per_second;
    int32_t packages_per_second;
};

struct FlowsCleared {
    char trading_day[12];
};

struct Instrument {
    char id[81];
};

#pragma pack(pop)

constexpr size_t kSizeField = sizeof(uint32_t);
constexpr uint32_t kMaxFrame = 1u << 20;

enum Flag : uint8_t { kLast = 1, kBody = 2, kError = 4 };
enum Flow : uint8_t { kDialog = 0, kPrivate = 1, kPublic = 2 };
enum Control : uint16_t { kHello = 0xFF00, kWelcome = 0xFF01, kHeartbeat = 0xFF02,
                          kFlowsCleared = 0xFF03 };
enum Resume : int32_t { kRestart = 0, kResume = 1, kQuick = 2, kNone = 3 };

}  // namespace wire
