#include "interpreter.h"

namespace binding {
namespace {

PyObject *Import(const char *module, const char *name) {
    PyObject *from = PyImport_ImportModule(module);
    if (!from) return nullptr;
    PyObject *found = PyObject_GetAttrString(from, name);
    Py_DECREF(from);
    return found;
}

// So that the codec's module is not searched for when the first Chinese text comes.
bool WarmCodec() {
    PyObject *text = PyUnicode_Decode("\xd6\xd0", 2, "gb18030", "replace");
    Py_XDECREF(text);
    return text != nullptr;
}

}  // namespace

bool LoadPython() {
    const char *market = "homalos.model.market", *records = "homalos.ctp.records";
    const char *errors = "homalos.ctp.errors";
    struct {
        PyObject **to;
        const char *module;
        const char *name;
    } const imports[] = {
        {&python.tick, market, "Tick"},
        {&python.depth, market, "Depth"},
        {&python.order_row, records, "OrderRow"},
        {&python.trade_row, records, "TradeRow"},
        {&python.field_error, "homalos.ctp.abi", "FieldError"},
        {&python.library_error, errors, "LibraryError"},
        {&python.closed_error, errors, "ClosedError"},
    };
    for (const auto &one : imports) {
        if (!(*one.to = Import(one.module, one.name))) return false;
    }
    struct {
        PyObject **to;
        const char *text;
    } const names[] = {
        {&python.on_connected, "on_connected"},
        {&python.on_disconnected, "on_disconnected"},
        {&python.on_tick, "on_tick"},
        {&python.on_order, "on_order"},
        {&python.on_trade, "on_trade"},
        {&python.on_response, "on_response"},
        {&python.on_notice, "on_notice"},
        {&python.empty, ""},
    };
    for (const auto &one : names) {
        if (!(*one.to = PyUnicode_InternFromString(one.text))) return false;
    }
    python.zero = PyLong_FromLong(0);
    return WarmCodec();
}

}  // namespace binding
