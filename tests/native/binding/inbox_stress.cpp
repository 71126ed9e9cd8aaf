// One writer and one reader that sleeps. First the writer answers the reader: it goes on the moment
// that its last record was read, when the reader is about to fall asleep, and then waits; a wake-up
// that is lost here is never made good. Then it writes as fast as it can into a ring so small that
// it overflows all the time. Ends with 0 when every wake-up came and every record that may not be
// lost came in its order; built with the thread sanitizer it also proves the memory order.
#include <atomic>
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

// Of all lengths, so that the reader is met awake, arming and asleep.
void Pause(unsigned most) {
    static std::atomic<unsigned> nothing;
    for (unsigned i = Chance() >> 16; i % most; --i) nothing.store(i, std::memory_order_relaxed);
}

bool Sleep(Inbox &inbox) {
    pollfd one{inbox.Descriptor(), POLLIN, 0};
    return poll(&one, 1, 5000) == 1;
}

int Answers(int count) {
    Inbox inbox(1);
    Door door(&inbox);
    std::atomic<int> read{0};
    std::thread writer([&] {
        for (int number = 0; number < count;) {
            while (read.load(std::memory_order_acquire) < number) std::this_thread::yield();
            Pause(64);
            for (int group = Chance() % 2; number < count && group >= 0; --group, ++number) {
                door.Put(0, nullptr, 0, nullptr, number, false);
            }
        }
    });
    int got = 0;
    bool good = true;
    while (good && got < count) {
        good = Sleep(inbox);
        inbox.ClearWake();
        do {
            while (const Record *record = inbox.Front()) {
                good = good && record->request == got++;
                inbox.Pop();
                read.store(got, std::memory_order_release);
            }
        } while (!inbox.Arm());
    }
    if (!good) read.store(count, std::memory_order_release);
    writer.join();
    return good ? 0 : Fail("a wake-up was lost", got);
}

int Flood(int count) {
    Inbox inbox(1);
    Door door(&inbox);
    std::thread writer([&] {
        Body body{};
        for (int number = 0; number < count; ++number) {
            body.number = number;
            const bool tick = number % 3 == 0;
            const unsigned size = sizeof body - number % 500;
            door.Put(tick, &body, size, nullptr, number, false, tick);
            if (Chance() % 2) Pause(2048);
        }
    });
    int last = -1, kept = 0, failed = 0;
    uint64_t got = 0;
    while (!failed && got + inbox.dropped() < unsigned(count)) {
        // The last of all may have been dropped, of which nobody is told.
        if (!Sleep(inbox) && got + inbox.dropped() < unsigned(count)) {
            failed = Fail("a wake-up was lost", last);
        }
        inbox.ClearWake();
        do {
            while (const Record *record = inbox.Front()) {
                Body body{};
                std::memcpy(&body, record->Body(), record->body);
                if (body.number != record->request) failed = Fail("torn", record->request);
                if (record->request <= last) failed = Fail("out of order", record->request);
                kept += record->method == 0;
                last = record->request;
                ++got;
                inbox.Pop();
            }
        } while (!inbox.Arm());
    }
    writer.join();
    if (!failed && kept != count - (count + 2) / 3) failed = Fail("lost", kept);
    std::printf("%llu got, %llu dropped, %llu overflowed, %llu wakes\n",
                static_cast<unsigned long long>(got),
                static_cast<unsigned long long>(inbox.dropped()),
                static_cast<unsigned long long>(inbox.overflowed()),
                static_cast<unsigned long long>(inbox.wakes()));
    return failed;
}

}  // namespace

int main(int, char **args) {
    const int count = std::atoi(args[1]);
    const int failed = Answers(count / 4);
    return failed ? failed : Flood(count);
}
