// What an SPI holds: the way into its inbox, until it is shut. The vendor does not say whether a
// callback can still come while, or after, Release is called; so the SPI object (this and a pointer)
// is kept for ever, and a callback that comes late finds the door shut.
#pragma once
#include <atomic>
#include <utility>

#include "inbox.h"

namespace binding {

class Door {
public:
    explicit Door(Inbox *inbox) : inbox_(inbox) {}

    template <class... Args>
    void Put(Args &&...args) {
        const Entered one(used_);
        if (inbox_) inbox_->Put(std::forward<Args>(args)...);
    }
    // Once it has returned the inbox may go.
    void Shut() {
        const Entered one(used_);
        inbox_ = nullptr;
    }

private:
    // The library calls from one thread per object; this holds should one version not, and for
    // Shut. Nobody stays inside longer than it takes to copy a struct.
    class Entered {
    public:
        explicit Entered(std::atomic_flag &used) : used_(used) {
            while (used_.test_and_set(std::memory_order_acquire)) {
            }
        }
        ~Entered() { used_.clear(std::memory_order_release); }

    private:
        std::atomic_flag &used_;
    };

    std::atomic_flag used_;
    Inbox *inbox_;
};

}  // namespace binding
