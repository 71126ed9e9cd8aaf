// What both API objects have in common: a session, an SPI, the calls that are of the connection.
#pragma once
#include "dropin/latency.h"
#include "dropin/session.h"

#include <atomic>
#include <mutex>
#include <new>
#include <vector>

namespace dropin {

#define DROPIN_VERSION "v" CTP_ABI_VERSION "_homalos_" HOMALOS_VERSION

// Objects that were created live as long as the process: a call after Release must find one.
template <class Object>
void keep(Object *object) {
    static std::mutex lock;
    static auto &all = *new std::vector<Object *>();
    const std::lock_guard guard(lock);
    all.push_back(object);
}

// Holds the session before the class that forwards to it is made.
class SessionHolder {
protected:
    SessionHolder(const char *kind, const char *prefix, Receiver &receiver)
        : held_(kind, prefix, receiver) {}
    Session held_;
};

template <class Forward, class Spi>
class Api : private SessionHolder, private Receiver, public Forward {
public:
    Api(const char *kind, const char *prefix)
        : SessionHolder(kind, prefix, static_cast<Receiver &>(*this)), Forward(held_) {}

    void Release() override { held_.stop(); }
    void Init() override { held_.start(); }
    int Join() override { return held_.join(); }
    const char *GetTradingDay() override { return held_.trading_day(); }
    void RegisterFront(char *address) override { held_.add_front(address); }
    void RegisterNameServer(char *) override { held_.not_offered("RegisterNameServer"); }
    void RegisterFensUserInfo(CThostFtdcFensUserInfoField *) override {
        held_.not_offered("RegisterFensUserInfo");
    }
    void RegisterSpi(Spi *spi) override { spi_.store(spi, std::memory_order_release); }

protected:
    Spi *spi() const { return spi_.load(std::memory_order_acquire); }
    latency::File *const latency_ = latency::file();

private:
    void connected() override {
        if (Spi *to = spi()) to->OnFrontConnected();
    }
    void disconnected(int reason) override {
        if (Spi *to = spi()) to->OnFrontDisconnected(reason);
    }

    std::atomic<Spi *> spi_{nullptr};
};

}  // namespace dropin
