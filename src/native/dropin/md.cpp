// libthostmduserapi_se: market data.
#include "dropin/api.h"
#include "dropin_md.h"

#include "ctp_tables.h"

#include <algorithm>

namespace dropin {

namespace {

constexpr int kIdsInFrame = 4096;

class MdApi final : public Api<MdForward, CThostFtdcMdSpi> {
public:
    explicit MdApi(const char *prefix) : Api("md", prefix) {}

    int SubscribeMarketData(char *ids[], int count) override {
        return list(ctp::MdApi::SubscribeMarketData, ids, count);
    }
    int UnSubscribeMarketData(char *ids[], int count) override {
        return list(ctp::MdApi::UnSubscribeMarketData, ids, count);
    }
    int SubscribeForQuoteRsp(char *ids[], int count) override {
        return list(ctp::MdApi::SubscribeForQuoteRsp, ids, count);
    }
    int UnSubscribeForQuoteRsp(char *ids[], int count) override {
        return list(ctp::MdApi::UnSubscribeForQuoteRsp, ids, count);
    }

private:
    int list(ctp::MdApi method, char *ids[], int count) {
        int sent = kNotConnected;
        for (int from = 0; ids != nullptr && from < count; from += kIdsInFrame) {
            std::vector<wire::Instrument> body;
            for (int i = from; i < std::min(count, from + kIdsInFrame); ++i) {
                if (ids[i] == nullptr) continue;
                wire::Instrument &one = body.emplace_back();
                std::memcpy(one.id, ids[i], strnlen(ids[i], sizeof one.id - 1));
            }
            const size_t size = body.size() * sizeof(wire::Instrument);
            sent = session_.send(static_cast<uint16_t>(method), 0, body.data(), size);
            if (sent != kSent) break;
        }
        return sent;
    }

    bool deliver(const Frame &frame) override {
        constexpr auto kTick = static_cast<uint16_t>(ctp::MdSpi::OnRtnDepthMarketData);
        CThostFtdcMdSpi *to = spi();
        if (latency_ != nullptr && frame.method == kTick && to != nullptr &&
            frame.size == sizeof(CThostFtdcDepthMarketDataField)) {
            constexpr size_t at = offsetof(CThostFtdcDepthMarketDataField, InstrumentID);
            latency::on_tick(*latency_, *reinterpret_cast<const char(*)[81]>(frame.body + at));
        }
        return to == nullptr || dispatch(*to, frame);
    }

    bool ends_query(uint16_t method, bool last) const override {
        return dropin::ends_query(method, last);
    }
};

}  // namespace

}  // namespace dropin

DROPIN_EXPORT CThostFtdcMdApi *CThostFtdcMdApi::CreateFtdcMdApi(const char *prefix, const bool,
                                                                const bool, bool) {
    auto *made = new (std::nothrow) dropin::MdApi(prefix);
    if (made != nullptr) dropin::keep(made);
    return made;
}

DROPIN_EXPORT const char *CThostFtdcMdApi::GetApiVersion() { return DROPIN_VERSION; }
