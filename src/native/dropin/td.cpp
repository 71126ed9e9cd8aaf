// libthosttraderapi_se: trading.
#include "dropin/api.h"
#include "dropin_td.h"

namespace dropin {

namespace {

class TdApi final : public Api<TraderForward, CThostFtdcTraderSpi> {
public:
    explicit TdApi(const char *prefix) : Api("td", prefix) {}

    void GetFrontInfo(CThostFtdcFrontInfoField *info) override {
        if (info != nullptr) session_.front_info(*info);
    }
    void SubscribePrivateTopic(THOST_TE_RESUME_TYPE mode) override {
        session_.set_resume(wire::kPrivate, mode);
    }
    void SubscribePublicTopic(THOST_TE_RESUME_TYPE mode) override {
        session_.set_resume(wire::kPublic, mode);
    }
    int ReqOrderInsert(CThostFtdcInputOrderField *order, int request) override {
        if (latency_ != nullptr && order != nullptr) {
            latency::on_order(*latency_, order->InstrumentID);
        }
        return TraderForward::ReqOrderInsert(order, request);
    }

private:
    bool deliver(const Frame &frame) override {
        CThostFtdcTraderSpi *to = spi();
        return to == nullptr || dispatch(*to, frame);
    }

    bool ends_query(uint16_t method, bool last) const override {
        return dropin::ends_query(method, last);
    }
};

}  // namespace

}  // namespace dropin

DROPIN_EXPORT CThostFtdcTraderApi *CThostFtdcTraderApi::CreateFtdcTraderApi(const char *prefix,
                                                                            bool) {
    auto *made = new (std::nothrow) dropin::TdApi(prefix);
    if (made != nullptr) dropin::keep(made);
    return made;
}

DROPIN_EXPORT const char *CThostFtdcTraderApi::GetApiVersion() { return DROPIN_VERSION; }
