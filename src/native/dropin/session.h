// One API object's line to a front: its thread, its connection, its duties.
//
// The thread connects, reads, gives callbacks and keeps the line alive; requests are sent on the
// caller's thread. A session is never freed, so that a call after Release answers instead of
// crashing; Release frees what it holds.
#pragma once
#include "dropin/dispatch.h"
#include "dropin/flow.h"
#include "dropin/platform.h"
#include "dropin/queries.h"
#include "dropin/wire.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dropin {

// Reasons of OnFrontDisconnected.
constexpr int kReadFailed = 0x1001;
constexpr int kWriteFailed = 0x1002;
constexpr int kNoHeartbeat = 0x2001;
constexpr int kHeartbeatFailed = 0x2002;
constexpr int kMalformed = 0x2003;

// The API object, as its session sees it. Called on the session's thread.
class Receiver {
public:
    virtual void connected() = 0;
    virtual void disconnected(int reason) = 0;
    // False: no callback takes such a frame.
    virtual bool deliver(const Frame &frame) = 0;
    virtual bool ends_query(uint16_t method, bool last) const = 0;

protected:
    ~Receiver() = default;
};

class Session {
public:
    // `kind`: "md" or "td". `prefix` of the flow files.
    Session(const char *kind, const char *prefix, Receiver &receiver);

    void add_front(const char *address);
    void not_offered(const char *what) const;
    void set_resume(wire::Flow flow, int mode);
    void start();
    void stop();
    int join();

    const char *trading_day() const { return trading_day_.load(std::memory_order_acquire); }
    void front_info(CThostFtdcFrontInfoField &info);

    template <class Struct>
    int request(uint16_t method, const Struct *body, int number) {
        return body == nullptr ? kNotConnected : send(method, number, body, sizeof *body);
    }

    template <class Struct>
    int query(uint16_t method, const Struct *body, int number) {
        return body == nullptr ? kNotConnected : send_query(method, number, body, sizeof *body);
    }

    // What was sent, or -1.
    int send(uint16_t method, int number, const void *body, size_t size);

private:
    struct Front {
        std::string host, port, text;
    };
    struct Line;

    int send_query(uint16_t method, int number, const void *body, size_t size);
    int put(uint16_t method, int number, const void *body, size_t size);
    bool flush();
    void run();
    void connect_once();
    int serve();
    int read_some(Line &line);
    int take_frames(Line &line);
    int keep_alive(Line &line, int64_t now);
    int64_t next_duty(const Line &line, int64_t now) const;
    bool accept(const Frame &frame, Line &line);
    bool control(const Frame &frame, Line &line);
    bool welcome(const Frame &frame, Line &line);
    bool give(const Frame &frame);
    void hello();
    void hang_up();
    void pause(int64_t milliseconds);
    void set_trading_day(const char *day);
    bool pick_front(Front &front);

    const std::string kind_;
    Receiver &receiver_;
    FlowFiles flows_;
    QueryGate queries_;
    platform::Waker waker_;

    std::mutex state_;  // guards the next seven
    std::condition_variable ended_;
    std::vector<Front> fronts_;
    size_t turn_ = 0;
    bool started_ = false;
    bool running_ = false;
    std::thread thread_;
    std::thread::id thread_id_;

    std::mutex sending_;  // guards the next four
    platform::Socket socket_ = platform::kNoSocket;
    bool up_ = false;      // requests may go
    bool broken_ = false;  // a write failed
    std::string waiting_;  // what the socket did not take yet

    std::atomic<bool> stopping_{false};
    std::atomic<const char *> trading_day_{""};
    std::atomic<int> resume_[3] = {wire::kRestart, wire::kRestart, wire::kRestart};
    std::atomic<int> query_limit_{0};
    std::atomic<int> package_limit_{0};
    Front front_;  // of the line that is up; under `sending_`
};

}  // namespace dropin
