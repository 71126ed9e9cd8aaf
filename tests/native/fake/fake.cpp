// A stand-in for one of the vendor's libraries: no network, callbacks on demand and at full speed.
// Compiled twice, with FAKE_MD or FAKE_TD. The tests drive it by the C functions at the end.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#ifdef FAKE_MD
#include "fake_md.h"
using Api = CThostFtdcMdApi;
using Spi = CThostFtdcMdSpi;
#else
#include "fake_td.h"
using Api = CThostFtdcTraderApi;
using Spi = CThostFtdcTraderSpi;
#endif

namespace {

int64_t Now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

struct Last {
    char name[64];
    int size, request, count;
    char body[8192];
};

std::mutex lock;  // of what follows
Last last{};
int result = 0;
bool answers = true;
std::vector<int64_t> calls, orders;  // when ticks were given, when orders were taken

class Fake final : public FakeRequests {
public:
    explicit Fake(const char *flow) : flow_(flow) {
        // As the vendor: files beside the prefix; a folder that is not there ends the process.
        const std::string path = flow_ + "QueryRsp.con";
        std::FILE *file = std::fopen(path.c_str(), "w");
        if (!file) std::abort();
        std::fclose(file);
    }
    ~Fake() = default;

    void Release() override {
        {
            const std::lock_guard held(queue_lock_);
            stopping_ = true;
        }
        wake_.notify_all();
        if (thread_.joinable()) {
            if (thread_.get_id() == std::this_thread::get_id()) thread_.detach();
            else thread_.join();
        }
        delete this;
    }
    void Init() override { thread_ = std::thread([this] { Run(); }); }
    int Join() override { return 0; }
    const char *GetTradingDay() override { return "20260105"; }
    void RegisterFront(char *front) override { Remember("RegisterFront", front, 1 + (int)std::strlen(front), 0); }
    void RegisterNameServer(char *) override {}
    void RegisterSpi(Spi *spi) override { spi_ = spi; }
#ifdef FAKE_MD
    int SubscribeMarketData(char *ids[], int count) override { return Ids("SubscribeMarketData", ids, count); }
    int UnSubscribeMarketData(char *ids[], int count) override { return Ids("UnSubscribeMarketData", ids, count); }
    int SubscribeForQuoteRsp(char *ids[], int count) override { return Ids("SubscribeForQuoteRsp", ids, count); }
    int UnSubscribeForQuoteRsp(char *ids[], int count) override { return Ids("UnSubscribeForQuoteRsp", ids, count); }
    int Ids(const char *name, char *ids[], int count) {
        std::string all;
        for (int i = 0; i < count; ++i) all += std::string(ids[i]) + ",";
        return Remember(name, all.c_str(), (int)all.size() + 1, count);
    }
#else
    void GetFrontInfo(CThostFtdcFrontInfoField *info) override { info->QryFreq = 3; info->FTDPkgFreq = 60; }
    void SubscribePrivateTopic(THOST_TE_RESUME_TYPE mode) override { Remember("SubscribePrivateTopic", "", 1, mode); }
    void SubscribePublicTopic(THOST_TE_RESUME_TYPE mode) override { Remember("SubscribePublicTopic", "", 1, mode); }
#endif

    int Remember(const char *name, const void *body, int size, int request) override {
        const int64_t now = Now();
        const std::lock_guard held(lock);
        std::snprintf(last.name, sizeof last.name, "%s", name);
        last.size = size;
        last.request = request;
        last.count++;
        std::memcpy(last.body, body, std::min<size_t>(size, sizeof last.body));
        if (!std::strcmp(name, "ReqOrderInsert") && orders.size() < orders.capacity()) orders.push_back(now);
        if (answers && !std::strcmp(name, "ReqUserLogin")) {
            Post([this, request] {
                CThostFtdcRspUserLoginField login{};
                std::strcpy(login.TradingDay, "20260105");
                CThostFtdcRspInfoField info{};
                spi_->OnRspUserLogin(&login, &info, request, true);
            });
        }
        return result;
    }

    void Post(std::function<void()> work) {
        {
            const std::lock_guard held(queue_lock_);
            queue_.push_back(std::move(work));
        }
        wake_.notify_all();
    }
    bool Idle() {
        const std::lock_guard held(queue_lock_);
        return queue_.empty() && !busy_;
    }
    bool stopping() {
        const std::lock_guard held(queue_lock_);
        return stopping_;
    }
    Spi *spi() { return spi_; }

private:
    void Run() {
        if (spi_) spi_->OnFrontConnected();
        for (;;) {
            std::function<void()> work;
            {
                std::unique_lock held(queue_lock_);
                busy_ = false;
                wake_.wait(held, [this] { return stopping_ || !queue_.empty(); });
                if (stopping_) return;
                work = std::move(queue_.front());
                queue_.pop_front();
                busy_ = true;
            }
            work();
        }
    }

    std::string flow_;
    Spi *spi_ = nullptr;
    std::thread thread_;
    std::mutex queue_lock_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;
    bool stopping_ = false, busy_ = false;
};

std::atomic<Fake *> latest{nullptr};

// Asleep, as the vendor's thread is between packets; a short gap is spun away.
void WaitUntil(int64_t due) {
    if (due - Now() > 100'000) {
        const timespec at{due / 1'000'000'000, due % 1'000'000'000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
    }
    while (Now() < due) {
    }
}

#ifdef FAKE_MD
void Stamp(CThostFtdcDepthMarketDataField &tick) {
    const std::time_t now = std::time(nullptr) + 8 * 3600;  // China's clock
    std::tm parts;
    gmtime_r(&now, &parts);
    std::strftime(tick.UpdateTime, sizeof tick.UpdateTime, "%H:%M:%S", &parts);
}
#endif

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))
#ifdef FAKE_MD
__attribute__((visibility("default"))) CThostFtdcMdApi *CThostFtdcMdApi::CreateFtdcMdApi(
    const char *flow, const bool, const bool, bool) { return latest = new Fake(flow); }
__attribute__((visibility("default"))) const char *CThostFtdcMdApi::GetApiVersion() {
#else
__attribute__((visibility("default"))) CThostFtdcTraderApi *CThostFtdcTraderApi::CreateFtdcTraderApi(
    const char *flow, bool) { return latest = new Fake(flow); }
__attribute__((visibility("default"))) const char *CThostFtdcTraderApi::GetApiVersion() {
#endif
    const char *version = std::getenv("FAKE_CTP_VERSION");
    return version ? version : "v6.7.11_fake";
}

// One callback, by its place in the SPI, on the API's thread.
EXPORT void fake_call(int method, const char *body, int size, const char *error, int id, int is_last) {
    Fake *fake = latest;
    std::vector<char> data(body, body + size), info(error, error + (error ? sizeof(CThostFtdcRspInfoField) : 0));
    fake->Post([=]() mutable {
        CallBack(fake->spi(), method, data.empty() ? nullptr : data.data(),
                 info.empty() ? nullptr : reinterpret_cast<CThostFtdcRspInfoField *>(info.data()), id, is_last);
    });
}

// `groups` times `many` callbacks of one struct in a row, a group each gap_ns (0: at once); -1
// groups: until released. Ticks go through the contracts c0000, c0001 ...; in a series of orders
// and trades each has its number in SequenceNo.
EXPORT void fake_flood(int method, const char *body, int size, int groups, int many, int64_t gap_ns, int stamp) {
    Fake *fake = latest;
    std::vector<char> data(body, body + size);
    fake->Post([=]() mutable {
        int64_t due = Now();
        int number = 0;
        for (int group = 0; group != groups && !fake->stopping(); ++group) {
            if (gap_ns) WaitUntil(due += gap_ns);
            for (int i = 0; i < many; ++i, ++number) {
#ifdef FAKE_MD
                auto &tick = *reinterpret_cast<CThostFtdcDepthMarketDataField *>(data.data());
                std::snprintf(tick.InstrumentID, sizeof tick.InstrumentID, "c%04d", i);
                tick.Volume = number;
                if (!i) Stamp(tick);
                if (stamp && calls.size() < calls.capacity()) calls.push_back(Now());
                fake->spi()->OnRtnDepthMarketData(&tick);
#else
                if (stamp) {
                    auto &order = *reinterpret_cast<CThostFtdcOrderField *>(data.data());
                    order.SequenceNo = number;
                }
                CallBack(fake->spi(), method, data.data(), nullptr, number, false);
#endif
            }
        }
    });
}

EXPORT int fake_idle() { return latest.load()->Idle(); }
EXPORT void fake_result(int code) { const std::lock_guard held(lock); result = code; }
EXPORT void fake_answers(int yes) { const std::lock_guard held(lock); answers = yes; }
EXPORT void fake_last(Last *out) { const std::lock_guard held(lock); *out = last; }
EXPORT void fake_record(int64_t count) {
    const std::lock_guard held(lock);
    calls.clear(), orders.clear();
    calls.reserve(count), orders.reserve(count);
}
EXPORT int64_t fake_times(int of_orders, int64_t *out, int64_t count) {
    const std::lock_guard held(lock);
    const auto &from = of_orders ? orders : calls;
    const int64_t size = std::min<int64_t>(count, from.size());
    std::copy(from.begin(), from.begin() + size, out);
    return size;
}
