// Prints what C++ has of the numbers that Python has too, a `name value` a line.
#include "dropin/latency.h"
#include "dropin/wire.h"

#include <iostream>

#define SAY(name) std::cout << #name << ' ' << static_cast<long long>(name) << '\n'

int main() {
    using namespace wire;
    SAY(sizeof(Header));
    SAY(sizeof(Hello));
    SAY(sizeof(Welcome));
    SAY(sizeof(FlowsCleared));
    SAY(sizeof(Instrument));
    SAY(offsetof(Header, method));
    SAY(offsetof(Header, flags));
    SAY(offsetof(Header, flow));
    SAY(offsetof(Header, request));
    SAY(offsetof(Header, sequence));
    SAY(offsetof(Hello, kind));
    SAY(offsetof(Hello, private_resume));
    SAY(offsetof(Hello, trading_day));
    SAY(offsetof(Hello, public_last));
    SAY(offsetof(Welcome, trading_day));
    SAY(offsetof(Welcome, heartbeat_seconds));
    SAY(offsetof(Welcome, queries_per_second));
    SAY(offsetof(Welcome, packages_per_second));
    SAY(kSizeField);
    SAY(kMaxFrame);
    SAY(kLast);
    SAY(kBody);
    SAY(kError);
    SAY(kDialog);
    SAY(kPrivate);
    SAY(kPublic);
    SAY(kHello);
    SAY(kWelcome);
    SAY(kHeartbeat);
    SAY(kFlowsCleared);
    SAY(kRestart);
    SAY(kResume);
    SAY(kQuick);
    SAY(kNone);
    SAY(latency::kMagic);
    SAY(latency::kSlots);
    SAY(latency::kTicks);
    SAY(latency::kOrders);
    SAY(sizeof(latency::File));
    SAY(sizeof(latency::Slot));
    SAY(offsetof(latency::File, ticks));
    SAY(offsetof(latency::File, orders));
    SAY(offsetof(latency::File, slot));
    SAY(offsetof(latency::File, tick));
    SAY(offsetof(latency::File, order));
    SAY(offsetof(latency::Slot, instrument));
    SAY(offsetof(latency::Slot, named));
}
