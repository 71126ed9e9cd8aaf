// One writer and one reader that sleeps, for as many records as asked for, in a ring so small that
// it overflows all the time. Ends with 0 when every wake-up came and every record that may not be
// lost came in its order; built with the thread sanitizer it also proves the memory order.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <poll.h>

#include "door.h"

using binding::Door;
using binding::Inbox;
using binding::Record;

namespace {

struct Body {
    int number;
    char rest[900];
};

int Fail(const char *what, int number) {
    std::fprintf(stderr, "%s at %d\n", what, number);
    return 1;
}

unsigned state = 1;
unsigned Chance() { return state = state * 1664525u + 1013904223u; }

}  // namespace

int main(int, char **args) {
    const int count = std::atoi(args[1]);
    Inbox inbox(1);
    Door door(&inbox);
    std::thread writer([&] {
        Body body{};
        for (int number = 0; number < count; ++number) {
            body.number = number;
            const bool tick = number % 3 == 0;
            const unsigned size = sizeof body - number % 500;
            door.Put(tick, &body, size, nullptr, number, false, tick);
            // Pauses of all lengths, so that the reader is met awake, arming and asleep.
            const unsigned pause = Chance() >> 20;
            if (pause < 2048) {
                for (volatile unsigned i = 0; i < pause; i = i + 1) {
                }
            }
        }
    });
    int last = -1, kept = 0, got = 0;
    bool awake = true;
    while (last != count - 1 || static_cast<uint64_t>(got) + inbox.dropped() < unsigned(count)) {
        pollfd one{inbox.Descriptor(), POLLIN, 0};
        if (!awake && poll(&one, 1, 5000) != 1) {
            if (static_cast<uint64_t>(got) + inbox.dropped() == unsigned(count)) break;
            return Fail("a wake-up was lost", last);
        }
        inbox.ClearWake();
        for (;;) {
            const Record *record = inbox.Front();
            if (!record) {
                if (inbox.Arm()) break;
                continue;
            }
            Body body{};
            std::memcpy(&body, record->Body(), record->body);
            if (body.number != record->request) return Fail("torn", record->request);
            if (record->request <= last) return Fail("out of order", record->request);
            kept += record->method == 0;
            last = record->request;
            ++got;
            inbox.Pop();
        }
        awake = false;
        if (static_cast<uint64_t>(got) + inbox.dropped() == unsigned(count)) break;
    }
    writer.join();
    door.Shut();
    door.Put(0, nullptr, 0, nullptr, 0, false);
    if (kept != count - (count + 2) / 3) return Fail("lost", kept);
    std::printf("%d got, %llu dropped, %llu overflowed, %llu wakes\n", got,
                static_cast<unsigned long long>(inbox.dropped()),
                static_cast<unsigned long long>(inbox.overflowed()),
                static_cast<unsigned long long>(inbox.wakes()));
    return 0;
}
