// What the API itself refuses of queries: a second one before the first is answered (-2), more a
// second than the front allows (-3).
#pragma once
#include <cstdint>
#include <deque>
#include <mutex>

namespace dropin {

constexpr int kSent = 0;
constexpr int kNotConnected = -1;
constexpr int kUnanswered = -2;
constexpr int kTooOften = -3;

class QueryGate {
public:
    int take(int request, int per_second, int64_t now_ms) {
        const std::lock_guard guard(lock_);
        if (under_way_) return kUnanswered;
        while (!sent_.empty() && now_ms - sent_.front() >= 1000) sent_.pop_front();
        if (per_second > 0 && sent_.size() >= static_cast<size_t>(per_second)) return kTooOften;
        if (per_second > 0) sent_.push_back(now_ms);
        under_way_ = true;
        request_ = request;
        return kSent;
    }

    void undo() {
        const std::lock_guard guard(lock_);
        under_way_ = false;
        if (!sent_.empty()) sent_.pop_back();
    }

    // An answer that came twice does not end the query after it, if the numbers differ.
    void answered(int request) {
        const std::lock_guard guard(lock_);
        if (request == request_) under_way_ = false;
    }

    void reset() {
        const std::lock_guard guard(lock_);
        under_way_ = false;
        sent_.clear();
    }

private:
    std::mutex lock_;
    bool under_way_ = false;
    int request_ = 0;
    std::deque<int64_t> sent_;  // when, of the last second
};

}  // namespace dropin
