// Gives what is in a frame to a callback: copies of the structs, as its signature asks.
#pragma once
#include "ctp_api.h"
#include "dropin/wire.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dropin {

struct Frame {
    uint16_t method;
    uint8_t flags;
    uint8_t flow;
    int32_t request;
    uint32_t sequence;
    const char *body;
    size_t size;
};

// Offsets of the last byte of every text of a struct; generated.
template <class Struct>
struct TextEnds;

template <class Struct>
void copy(Struct &into, const char *from) {
    std::memcpy(&into, from, sizeof into);
    char *bytes = reinterpret_cast<char *>(&into);
    for (const uint16_t at : TextEnds<Struct>::at) bytes[at] = 0;
}

// The two structs that a frame may carry. `fits`: the body is as long as its flags say.
template <class Struct>
class Parts {
public:
    explicit Parts(const Frame &frame) {
        const bool has_body = frame.flags & wire::kBody;
        const bool has_error = frame.flags & wire::kError;
        const size_t wanted = (has_body ? sizeof body_ : 0) + (has_error ? sizeof error_ : 0);
        fits = frame.size == wanted;
        if (!fits) return;
        if (has_body) copy(body_, frame.body);
        if (has_error) copy(error_, frame.body + (has_body ? sizeof body_ : 0));
        body = has_body ? &body_ : nullptr;
        error = has_error ? &error_ : nullptr;
    }

    bool fits = false;
    Struct *body = nullptr;
    CThostFtdcRspInfoField *error = nullptr;

private:
    Struct body_;
    CThostFtdcRspInfoField error_;
};

inline bool is_last(const Frame &frame) { return frame.flags & wire::kLast; }

template <class Spi, class Struct>
bool give(Spi &spi, const Frame &frame,
          void (Spi::*callback)(Struct *, CThostFtdcRspInfoField *, int, bool)) {
    Parts<Struct> parts(frame);
    if (parts.fits) (spi.*callback)(parts.body, parts.error, frame.request, is_last(frame));
    return parts.fits;
}

template <class Spi>
bool give(Spi &spi, const Frame &frame,
          void (Spi::*callback)(CThostFtdcRspInfoField *, int, bool)) {
    if (frame.flags & wire::kBody) return false;
    Parts<CThostFtdcRspInfoField> parts(frame);
    if (parts.fits) (spi.*callback)(parts.error, frame.request, is_last(frame));
    return parts.fits;
}

template <class Spi, class Struct>
bool give(Spi &spi, const Frame &frame, void (Spi::*callback)(Struct *)) {
    Parts<Struct> parts(frame);
    if (parts.fits) (spi.*callback)(parts.body);
    return parts.fits;
}

template <class Spi, class Struct>
bool give(Spi &spi, const Frame &frame,
          void (Spi::*callback)(Struct *, CThostFtdcRspInfoField *)) {
    Parts<Struct> parts(frame);
    if (parts.fits) (spi.*callback)(parts.body, parts.error);
    return parts.fits;
}

}  // namespace dropin
