#include "dropin/session.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <system_error>

namespace dropin {

namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr size_t kWaitingMost = 16u << 20;
constexpr int64_t kConnectMs = 5'000;
constexpr int64_t kWelcomeMs = 10'000;
constexpr int64_t kReleaseMs = 2'000;
constexpr int kHeartbeatMost = 3'600;

int64_t reconnect_ms() {
    const char *text = std::getenv("HOMALOS_CTP_RECONNECT_MS");
    const long value = text ? std::strtol(text, nullptr, 10) : 0;
    return value > 0 ? value : 1'000;
}

// Days that were ever current, kept for ever: GetTradingDay hands pointers out.
const char *kept(const char *day) {
    static std::mutex lock;
    static auto &days = *new std::set<std::string>();
    const std::lock_guard guard(lock);
    return days.emplace(day).first->c_str();
}

}  // namespace

// What the thread knows of the line that is up.
struct Session::Line {
    std::vector<char> bytes = std::vector<char>(kReadBytes);
    size_t held = 0;
    bool welcomed = false;
    bool refused = false;
    int64_t beat_ms = 0;
    int64_t begun = 0, heard = 0, told = 0;
};

Session::Session(const char *kind, const char *prefix, Receiver &receiver)
    : kind_(kind), receiver_(receiver), flows_(prefix ? prefix : "", kind_ == "td") {
    if (!flows_.usable()) {
        std::fprintf(stderr,
                     "RuntimeError:can not open CFlow file in line 338 of file "
                     "../../source/userapi_se/ThostFtdcUserApiImplBase.cpp\n"
                     "homalos: 流文件无法写入，目录须先存在 / its folder must be there: \"%s\"\n",
                     prefix ? prefix : "");
    }
    trading_day_ = kept(flows_.trading_day().data());
}

// tcp://host:port, tcp6://[host]:port
void Session::add_front(const char *address) {
    const std::string text = address ? std::string(address, strnlen(address, 256)) : "";
    const size_t scheme = text.find("://");
    const size_t colon = text.rfind(':');
    if (!text.starts_with("tcp") || scheme == std::string::npos || colon < scheme + 4) {
        std::fprintf(stderr, "homalos: 前置地址应为 tcp://host:port / not a front: \"%s\"\n",
                     text.c_str());
        return;
    }
    std::string host = text.substr(scheme + 3, colon - scheme - 3);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const std::lock_guard guard(state_);
    fronts_.push_back({host, text.substr(colon + 1), text});
}

void Session::not_offered(const char *what) const {
    std::fprintf(stderr, "homalos: 仿真库不提供 / the drop-in library does not offer: %s\n", what);
}

void Session::set_resume(wire::Flow flow, int mode) {
    const bool known = mode >= wire::kRestart && mode <= wire::kNone;
    resume_[flow] = known ? mode : int{wire::kRestart};
}

void Session::start() {
    const std::lock_guard guard(state_);
    if (started_ || stopping_ || !flows_.usable()) return;
    started_ = true;
    try {
        if (!waker_.open()) throw std::system_error(errno, std::generic_category());
        running_ = true;
        thread_ = std::thread([this] { run(); });
        thread_id_ = thread_.get_id();
    } catch (const std::system_error &error) {
        running_ = false;
        std::fprintf(stderr, "homalos: 无法启动 CTP 线程 / no thread for CTP: %s\n", error.what());
    }
}

// From any thread, a callback too. One that holds what a callback waits for is let go after a
// while: the thread ends by itself when its callback returns, and gives no further one.
void Session::stop() {
    std::unique_lock lock(state_);
    stopping_ = true;
    waker_.wake();
    if (!started_) flows_.close();
    const bool own_thread = thread_id_ == std::this_thread::get_id();
    if (running_ && !own_thread) {
        const auto most = std::chrono::milliseconds(kReleaseMs);
        ended_.wait_for(lock, most, [this] { return !running_; });
    }
    std::thread thread = std::move(thread_);
    const bool ended = !running_;
    lock.unlock();
    if (!thread.joinable()) return;
    if (ended && !own_thread) {
        thread.join();
    } else {
        thread.detach();
    }
}

int Session::join() {
    std::unique_lock lock(state_);
    if (thread_id_ == std::this_thread::get_id()) return 0;
    ended_.wait(lock, [this] { return !running_; });
    return 0;
}

void Session::front_info(CThostFtdcFrontInfoField &info) {
    info = {};
    const std::lock_guard guard(sending_);
    if (!up_) return;
    std::snprintf(info.FrontAddr, sizeof info.FrontAddr, "%s", front_.text.c_str());
    info.QryFreq = query_limit_;
    info.FTDPkgFreq = package_limit_;
}

// ---------------------------------------------------------------- sending

int Session::send(uint16_t method, int number, const void *body, size_t size) {
    const std::lock_guard guard(sending_);
    return up_ ? put(method, number, body, size) : kNotConnected;
}

int Session::send_query(uint16_t method, int number, const void *body, size_t size) {
    const std::lock_guard guard(sending_);
    if (!up_) return kNotConnected;
    const int verdict = queries_.take(number, query_limit_, platform::monotonic_ms());
    if (verdict != kSent) return verdict;
    const int sent = put(method, number, body, size);
    if (sent != kSent) queries_.undo();
    return sent;
}

// Under `sending_`.
int Session::put(uint16_t method, int number, const void *body, size_t size) {
    char frame[4096];
    const size_t total = sizeof(wire::Header) + size;
    const wire::Header header{static_cast<uint32_t>(total - wire::kSizeField), method,
                              static_cast<uint8_t>(size ? wire::kBody : 0), 0, number, 0};
    if (waiting_.size() + total > kWaitingMost) return kUnanswered;
    long gone = 0;
    if (total <= sizeof frame && waiting_.empty()) {
        std::memcpy(frame, &header, sizeof header);
        if (size) std::memcpy(frame + sizeof header, body, size);
        gone = platform::send(socket_, frame, total);
        if (gone == static_cast<long>(total)) return kSent;
    }
    if (gone == platform::kFailed) {
        broken_ = true;
        up_ = false;
    } else {  // the thread sends the rest
        std::string rest(reinterpret_cast<const char *>(&header), sizeof header);
        rest.append(static_cast<const char *>(body), size);
        waiting_.append(rest, static_cast<size_t>(std::max(gone, 0L)));
    }
    waker_.wake();
    return broken_ ? kNotConnected : kSent;
}

// Under `sending_`. False: the line is broken.
bool Session::flush() {
    while (!waiting_.empty()) {
        const long gone = platform::send(socket_, waiting_.data(), waiting_.size());
        if (gone == platform::kWouldBlock) return true;
        if (gone == platform::kFailed) {
            broken_ = true;
            up_ = false;
            return false;
        }
        waiting_.erase(0, static_cast<size_t>(gone));
    }
    return true;
}

// ---------------------------------------------------------------- the thread

void Session::run() {
    platform::name_thread(kind_ == "md" ? "ctp-md" : "ctp-td");
    const int64_t between = reconnect_ms();
    while (!stopping_) {
        connect_once();
        if (!stopping_) pause(between);
    }
    flows_.close();
    const std::lock_guard guard(state_);
    waker_.close();
    running_ = false;
    ended_.notify_all();
}

void Session::connect_once() {
    Front front;
    if (!pick_front(front)) return;
    const platform::Socket made = platform::connect(front.host, front.port, waker_, kConnectMs);
    if (made == platform::kNoSocket) {
        const std::lock_guard guard(state_);
        ++turn_;
        return;
    }
    {
        const std::lock_guard guard(sending_);
        socket_ = made;
        broken_ = false;
        front_ = front;
    }
    serve();
}

bool Session::pick_front(Front &front) {
    const std::lock_guard guard(state_);
    if (fronts_.empty()) return false;
    front = fronts_[turn_ % fronts_.size()];
    return true;
}

int Session::serve() {
    Line line;
    line.begun = line.heard = line.told = platform::monotonic_ms();
    hello();
    int reason = 0;
    while (!stopping_ && reason == 0) {
        bool unsent = false;
        {
            const std::lock_guard guard(sending_);
            if (!waiting_.empty()) flush();
            unsent = !waiting_.empty();
            if (broken_) reason = kWriteFailed;
        }
        if (reason != 0) break;
        const int64_t patience = next_duty(line, platform::monotonic_ms());
        const int ready = platform::wait(socket_, unsent, waker_, patience);
        if (ready & platform::kReadable) reason = read_some(line);
        if (reason == 0) reason = keep_alive(line, platform::monotonic_ms());
    }
    hang_up();
    if (!line.welcomed) {
        const std::lock_guard guard(state_);
        ++turn_;
    }
    if ((line.welcomed || line.refused) && !stopping_) receiver_.disconnected(reason);
    return reason;
}

int Session::read_some(Line &line) {
    if (line.held == line.bytes.size()) line.bytes.resize(2 * line.bytes.size());
    const long got =
        platform::receive(socket_, line.bytes.data() + line.held, line.bytes.size() - line.held);
    if (got == platform::kWouldBlock) return 0;
    if (got <= 0) return kReadFailed;
    line.held += static_cast<size_t>(got);
    const int reason = take_frames(line);
    line.heard = platform::monotonic_ms();  // after the callbacks: a slow one is not the front's
    return reason;
}

int Session::take_frames(Line &line) {
    size_t at = 0;
    int reason = 0;
    while (reason == 0 && !stopping_ && line.held - at >= sizeof(wire::Header)) {
        const char *start = line.bytes.data() + at;
        wire::Header header;
        std::memcpy(&header, start, sizeof header);
        const size_t total = size_t{header.size} + wire::kSizeField;
        if (total < sizeof header || header.size > wire::kMaxFrame) return kMalformed;
        if (line.held - at < total) break;
        const Frame frame{header.method,   header.flags,          header.flow,
                          header.request,  header.sequence,       start + sizeof header,
                          total - sizeof header};
        if (!accept(frame, line)) reason = line.refused ? kReadFailed : kMalformed;
        at += total;
    }
    line.held -= at;
    std::memmove(line.bytes.data(), line.bytes.data() + at, line.held);
    return reason;
}

bool Session::accept(const Frame &frame, Line &line) {
    if (frame.method >= wire::kHello) return control(frame, line);
    if (!line.welcomed || frame.flow > wire::kPublic) return false;
    const bool numbered = frame.flow != wire::kDialog && frame.sequence != 0;
    if (numbered && resume_[frame.flow] == wire::kResume &&
        frame.sequence <= flows_.last(frame.flow)) {
        return true;  // seen before
    }
    if (receiver_.ends_query(frame.method, is_last(frame))) queries_.answered(frame.request);
    const bool taken = receiver_.deliver(frame);
    if (taken && numbered) flows_.saw(frame.flow, frame.sequence);
    return taken;
}

bool Session::control(const Frame &frame, Line &line) {
    switch (frame.method) {
    case wire::kWelcome: return !line.welcomed && welcome(frame, line);
    case wire::kHeartbeat: return true;
    case wire::kFlowsCleared: {
        wire::FlowsCleared body;
        if (!line.welcomed || frame.size != sizeof body) return false;
        std::memcpy(&body, frame.body, sizeof body);
        flows_.clear(body.trading_day);
        trading_day_ = kept(flows_.trading_day().data());
        return true;
    }
    default: return false;
    }
}

bool Session::welcome(const Frame &frame, Line &line) {
    wire::Welcome body;
    if (frame.size != sizeof body) return false;
    std::memcpy(&body, frame.body, sizeof body);
    if (body.refusal != 0) {
        std::fprintf(stderr, "homalos: 前置拒绝连接 / the front refused the line: %d\n",
                     body.refusal);
        line.refused = true;
        return false;
    }
    flows_.set_trading_day(body.trading_day);
    trading_day_ = kept(flows_.trading_day().data());
    line.beat_ms = 1000 * std::clamp<int64_t>(body.heartbeat_seconds, 0, kHeartbeatMost);
    query_limit_ = std::max(body.queries_per_second, 0);
    package_limit_ = std::max(body.packages_per_second, 0);
    {
        const std::lock_guard guard(sending_);
        up_ = !broken_;
    }
    line.welcomed = true;
    receiver_.connected();
    return true;
}

int Session::keep_alive(Line &line, int64_t now) {
    if (!line.welcomed) return now - line.begun < kWelcomeMs ? 0 : kReadFailed;
    if (line.beat_ms == 0) return 0;
    if (now - line.told >= line.beat_ms) {
        line.told = now;
        if (send(wire::kHeartbeat, 0, nullptr, 0) == kNotConnected) return kHeartbeatFailed;
    }
    return now - line.heard < line.beat_ms * 5 / 2 ? 0 : kNoHeartbeat;
}

// Milliseconds until `keep_alive` has something to do.
int64_t Session::next_duty(const Line &line, int64_t now) const {
    if (!line.welcomed) return std::max<int64_t>(0, line.begun + kWelcomeMs - now);
    if (line.beat_ms == 0) return -1;
    const int64_t due = std::min(line.told + line.beat_ms, line.heard + line.beat_ms * 5 / 2);
    return std::max<int64_t>(0, due - now);
}

void Session::hello() {
    wire::Hello body{};
    std::snprintf(body.version, sizeof body.version, "%s", CTP_ABI_VERSION);
    std::memcpy(body.kind, kind_.data(), kind_.size());
    body.private_resume = resume_[wire::kPrivate];
    body.public_resume = resume_[wire::kPublic];
    std::memcpy(body.trading_day, flows_.trading_day().data(), sizeof body.trading_day);
    body.private_last = flows_.last(wire::kPrivate);
    body.public_last = flows_.last(wire::kPublic);
    const std::lock_guard guard(sending_);
    put(wire::kHello, 0, &body, sizeof body);
}

void Session::hang_up() {
    {
        const std::lock_guard guard(sending_);
        up_ = false;
        platform::close(socket_);
        socket_ = platform::kNoSocket;
        waiting_ = {};
    }
    queries_.reset();
}

void Session::pause(int64_t milliseconds) {
    const int64_t until = platform::monotonic_ms() + milliseconds;
    for (int64_t now = platform::monotonic_ms(); !stopping_ && now < until;
         now = platform::monotonic_ms()) {
        platform::wait(platform::kNoSocket, false, waker_, until - now);
    }
}

}  // namespace dropin
