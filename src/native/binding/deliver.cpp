#include "deliver.h"

#include <unordered_map>

#include "interpreter.h"
#include "rows.h"
#include "structs.h"
#include "text.h"

namespace binding {
namespace {

struct Names {
    PyObject *name, *face;
};

const Names *NamesOf(const Callback &callback) {
    static auto &all = *new std::unordered_map<const Callback *, Names>;
    const auto found = all.find(&callback);
    if (found != all.end()) return &found->second;
    const Names names{PyUnicode_InternFromString(callback.name),
                      PyUnicode_InternFromString(callback.face)};
    if (!names.name || !names.face) return nullptr;
    return &all.emplace(&callback, names).first->second;
}

// Calls a method with these arguments, of which it takes the references.
template <size_t N>
Told Call(PyObject *target, PyObject *method, PyObject *(&&args)[N]) {
    PyObject *all[N + 1] = {target};
    bool whole = true;
    for (size_t i = 0; i < N; ++i) whole &= (all[i + 1] = args[i]) != nullptr;
    PyObject *result =
        whole ? PyObject_VectorcallMethod(method, all, N + 1, nullptr) : nullptr;
    for (PyObject *arg : args) Py_XDECREF(arg);
    if (!result) return Told::kFailed;
    Py_DECREF(result);
    return Told::kYes;
}

Told Call(PyObject *target, PyObject *method) {
    PyObject *result = PyObject_VectorcallMethod(method, &target, 1, nullptr);
    if (!result) return Told::kFailed;
    Py_DECREF(result);
    return Told::kYes;
}

PyObject *Data(const Callback &callback, const Record &record) {
    if (!record.body || !callback.info) return Py_NewRef(Py_None);
    return ToDict(*callback.info, record.Body());
}

PyObject *ErrorId(const Record &record) {
    const auto *error = record.Error();
    return error ? PyLong_FromLong(error->ErrorID) : Py_NewRef(python.zero);
}

PyObject *ErrorMessage(const Record &record) {
    const auto *error = record.Error();
    return error ? KnownText(error->ErrorMsg) : Py_NewRef(python.empty);
}

Told TellPlain(const Callback &callback, const Record &record, PyObject *sink) {
    if (callback.shape == Shape::kPlain) return Call(sink, python.on_connected);
    if (record.method == static_cast<uint16_t>(ctp::MdSpi::OnFrontDisconnected)) {
        return Call(sink, python.on_disconnected, {PyLong_FromLong(record.request)});
    }
    return Told::kSkipped;  // OnHeartBeatWarning: never called in practice
}

static_assert(static_cast<int>(ctp::MdSpi::OnFrontDisconnected) ==
              static_cast<int>(ctp::TraderSpi::OnFrontDisconnected));

Told Tell(const Callback &callback, const Record &record, PyObject *sink) {
    const Names *names = NamesOf(callback);
    if (!names) return Told::kFailed;
    switch (callback.shape) {
        case Shape::kPlain:
        case Shape::kNumber: return TellPlain(callback, record, sink);
        case Shape::kResponse:
        case Shape::kError:
            return Call(sink, python.on_response,
                        {Py_NewRef(names->name), Data(callback, record), ErrorId(record),
                         ErrorMessage(record), PyLong_FromLong(record.request),
                         PyBool_FromLong(record.last)});
        default:
            return Call(sink, python.on_notice,
                        {Py_NewRef(names->name), Data(callback, record), ErrorId(record),
                         ErrorMessage(record)});
    }
}

// In the other face a null pointer is an empty dict.
PyObject *FaceData(const Callback &callback, const Record &record) {
    return record.body ? ToDict(*callback.info, record.Body()) : PyDict_New();
}

PyObject *FaceError(const Record &record) {
    const auto *error = record.Error();
    if (!error) return PyDict_New();
    return ToDict(ctp::kCThostFtdcRspInfoField, reinterpret_cast<const char *>(error));
}

}  // namespace

Told TellMd(const Record &record, PyObject *sink, Ticks &ticks) {
    const Callback &callback = kMdCallbacks[record.method];
    if (record.method != static_cast<uint16_t>(ctp::MdSpi::OnRtnDepthMarketData)) {
        return Tell(callback, record, sink);
    }
    if (!record.body) return Told::kSkipped;
    PyObject *tick = nullptr;
    switch (ticks.Make(record, tick)) {
        case Ticks::Verdict::kTick: return Call(sink, python.on_tick, {tick});
        case Ticks::Verdict::kFailed: return Told::kFailed;
        default: return Told::kSkipped;
    }
}

Told TellTd(const Record &record, PyObject *sink) {
    if (record.body && record.method == static_cast<uint16_t>(ctp::TraderSpi::OnRtnOrder)) {
        return Call(sink, python.on_order, {OrderRow(record)});
    }
    if (record.body && record.method == static_cast<uint16_t>(ctp::TraderSpi::OnRtnTrade)) {
        return Call(sink, python.on_trade, {TradeRow(record)});
    }
    return Tell(kTdCallbacks[record.method], record, sink);
}

Told CallFace(const Callback &callback, const Record &record, PyObject *api) {
    const Names *names = NamesOf(callback);
    if (!names) return Told::kFailed;
    switch (callback.shape) {
        case Shape::kPlain: return Call(api, names->face);
        case Shape::kNumber: return Call(api, names->face, {PyLong_FromLong(record.request)});
        case Shape::kError:
            return Call(api, names->face,
                        {FaceError(record), PyLong_FromLong(record.request),
                         PyBool_FromLong(record.last)});
        case Shape::kNotice: return Call(api, names->face, {FaceData(callback, record)});
        case Shape::kErrorNotice:
            return Call(api, names->face, {FaceData(callback, record), FaceError(record)});
        default:
            return Call(api, names->face,
                        {FaceData(callback, record), FaceError(record),
                         PyLong_FromLong(record.request), PyBool_FromLong(record.last)});
    }
}

}  // namespace binding
