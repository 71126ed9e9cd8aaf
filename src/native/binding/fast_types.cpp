// Md and Td of _homalos_ctp: the ports of fast.py.
#include <type_traits>

#include "arguments.h"
#include "text.h"

namespace binding {
namespace {

PyTypeObject *md_type, *td_type;

template <class Side>
struct Fast {
    using Self = Object<Side>;

    static PyObject *New(PyTypeObject *type, PyObject *args, PyObject *keywords) {
        const char *folder, *flow;
        int production;
        Py_ssize_t ring_bytes;
        if (keywords && PyDict_GET_SIZE(keywords)) {
            PyErr_SetString(PyExc_TypeError, "arguments are given by position");
            return nullptr;
        }
        if (!PyArg_ParseTuple(args, "sspn", &folder, &flow, &production, &ring_bytes)) {
            return nullptr;
        }
        PyObject *self = type->tp_alloc(type, 0);
        if (self && !Self::Make(self, folder, flow, production, ring_bytes, false)) Py_CLEAR(self);
        return self;
    }

    static PyObject *Fileno(PyObject *self, PyObject *) {
        auto *port = Self::Open(self);
        return port ? PyLong_FromLong(port->inbox().Descriptor()) : nullptr;
    }

    static PyObject *Drain(PyObject *self, PyObject *const *args, Py_ssize_t count,
                           PyObject *keywords) {
        static constexpr const char *names[] = {"sink", "limit"};
        PyObject *given[2];
        if (!Sorted("drain", names, 1, args, count, keywords, given)) return nullptr;
        Py_ssize_t limit = 0;
        if (given[1]) {
            limit = PyNumber_AsSsize_t(given[1], PyExc_OverflowError);
            if (limit == -1 && PyErr_Occurred()) return nullptr;
        }
        auto *port = Self::Of(self);
        PyObject *sink = given[0];
        const Py_ssize_t taken = port->Drain(limit, [&](const Record &record) {
            if constexpr (std::is_same_v<Side, MdSide>) return TellMd(record, sink, port->ticks);
            else return TellTd(record, sink);
        });
        return taken < 0 ? nullptr : PyLong_FromSsize_t(taken);
    }

    static PyObject *Request(PyObject *self, PyObject *args) {
        const char *name;
        PyObject *fields;
        int id;
        if (!PyArg_ParseTuple(args, "sOi", &name, &fields, &id)) return nullptr;
        auto *port = Self::Open(self);
        const Py_ssize_t number = port ? RequestNumber<Side>(name) : -1;
        return number < 0 ? nullptr : Code(port->Call(number, fields, true, id));
    }

    static PyObject *Close(PyObject *self, PyObject *) {
        Self::Of(self)->Close();
        Py_RETURN_NONE;
    }
};

// ---- market data

using Md = Object<MdSide>;

bool RegisterFronts(PyObject *fronts, std::vector<std::string> &out) {
    PyObject *items = PySequence_Fast(fronts, "fronts is a list of addresses");
    if (!items) return false;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items); ++i) {
        const char *front = PyUnicode_AsUTF8(PySequence_Fast_GET_ITEM(items, i));
        if (!front) break;
        out.emplace_back(front);
    }
    Py_DECREF(items);
    if (!PyErr_Occurred() && out.empty()) PyErr_SetString(PyExc_ValueError, "no front is given");
    return !PyErr_Occurred();
}

template <class Side>
PyObject *Started(Port<Side> *port, const std::vector<std::string> &fronts) {
    for (const std::string &front : fronts) port->RegisterFront(front);
    port->Init();
    Py_RETURN_NONE;
}

PyObject *MdOpen(PyObject *self, PyObject *fronts) {
    auto *port = Md::Open(self);
    std::vector<std::string> list;
    if (!port || !RegisterFronts(fronts, list) || !port->OpenOnce()) return nullptr;
    return Started(port, list);
}

PyObject *List(PyObject *self, PyObject *args) {
    PyObject *wire, *instrument;
    double factor;
    int half_second;
    if (!PyArg_ParseTuple(args, "UUdp", &wire, &instrument, &factor, &half_second)) return nullptr;
    auto *port = Md::Open(self);
    Ids ids;
    if (!port || !ids.Add(wire)) return nullptr;
    port->ticks.List(ids.data()[0], instrument, factor, half_second);
    Py_RETURN_NONE;
}

PyObject *DatesByClock(PyObject *self, PyObject *args) {
    long long offset;
    if (!PyArg_ParseTuple(args, "L", &offset)) return nullptr;
    auto *port = Md::Open(self);
    if (!port) return nullptr;
    port->ticks.DatesByClock(offset);
    Py_RETURN_NONE;
}

PyObject *DatesByDay(PyObject *self, PyObject *args) {
    long long evening, day;
    if (!PyArg_ParseTuple(args, "LL", &evening, &day)) return nullptr;
    auto *port = Md::Open(self);
    if (!port) return nullptr;
    port->ticks.DatesByDay(evening, day);
    Py_RETURN_NONE;
}

PyObject *SetTradingDay(PyObject *self, PyObject *args) {
    long day;
    if (!PyArg_ParseTuple(args, "l", &day)) return nullptr;
    auto *port = Md::Open(self);
    if (!port || !port->ticks.SetTradingDay(day)) return nullptr;
    Py_RETURN_NONE;
}

PyObject *Subscribing(PyObject *self, PyObject *wire_ids,
                      int (CThostFtdcMdApi::*call)(char *[], int)) {
    auto *port = Md::Open(self);
    if (!port) return nullptr;
    if (PyUnicode_Check(wire_ids)) {
        PyErr_SetString(PyExc_TypeError, "a list of ids is wanted, not one");
        return nullptr;
    }
    PyObject *items = PySequence_Fast(wire_ids, "a list of ids is wanted");
    if (!items) return nullptr;
    Ids ids;
    bool good = true;
    for (Py_ssize_t i = 0; good && i < PySequence_Fast_GET_SIZE(items); ++i) {
        good = ids.Add(PySequence_Fast_GET_ITEM(items, i));
    }
    Py_DECREF(items);
    if (!good) return nullptr;
    return PyLong_FromLong(ids.count() ? (port->api()->*call)(ids.data(), ids.count()) : 0);
}

PyObject *Subscribe(PyObject *self, PyObject *wire_ids) {
    return Subscribing(self, wire_ids, &CThostFtdcMdApi::SubscribeMarketData);
}

PyObject *Unsubscribe(PyObject *self, PyObject *wire_ids) {
    return Subscribing(self, wire_ids, &CThostFtdcMdApi::UnSubscribeMarketData);
}

PyObject *MdStats(PyObject *self, PyObject *) {
    auto *port = Md::Open(self);
    if (!port) return nullptr;
    port->Count();
    const uint64_t *counts = port->counts;
    const Ticks &ticks = port->ticks;
    return Py_BuildValue("KKKKKKKK", counts[0], port->delivered, counts[3], ticks.junk, ticks.stale,
                         ticks.unknown, counts[1], counts[2]);
}

// ---- trading

using Td = Object<TdSide>;

PyObject *TdOpen(PyObject *self, PyObject *args) {
    PyObject *fronts;
    int privately, publicly;
    if (!PyArg_ParseTuple(args, "Oii", &fronts, &privately, &publicly)) return nullptr;
    auto *port = Td::Open(self);
    std::vector<std::string> list;
    if (!port || !RegisterFronts(fronts, list) || !port->OpenOnce()) return nullptr;
    port->api()->SubscribePrivateTopic(static_cast<THOST_TE_RESUME_TYPE>(privately));
    port->api()->SubscribePublicTopic(static_cast<THOST_TE_RESUME_TYPE>(publicly));
    return Started(port, list);
}

PyObject *SetAccount(PyObject *self, PyObject *args) {
    PyObject *broker, *investor, *user;
    if (!PyArg_ParseTuple(args, "OOO", &broker, &investor, &user)) return nullptr;
    auto *port = Td::Open(self);
    if (!port || !port->orders.SetAccount(broker, investor, user)) return nullptr;
    Py_RETURN_NONE;
}

PyObject *Insert(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords) {
    static constexpr const char *names[] = {
        "ref", "exchange", "instrument", "direction", "offset", "price_type", "price", "lots",
        "time_condition", "volume_condition", "min_volume", "request", "memo"};
    PyObject *given[std::size(names)];
    if (!Sorted("insert", names, std::size(names) - 1, args, count, keywords, given)) return nullptr;
    auto *port = Td::Open(self);
    CThostFtdcInputOrderField order;
    int request;
    if (!port || !port->orders.Insert(given, order, request)) return nullptr;
    return PyLong_FromLong(port->api()->ReqOrderInsert(&order, request));
}

PyObject *Cancel(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords) {
    static constexpr const char *names[] = {"exchange", "instrument", "sys_id", "front",
                                            "session", "ref", "action_ref", "request"};
    PyObject *given[std::size(names)];
    if (!Sorted("cancel", names, std::size(names), args, count, keywords, given)) return nullptr;
    auto *port = Td::Open(self);
    CThostFtdcInputOrderActionField action;
    int request;
    if (!port || !port->orders.Cancel(given, action, request)) return nullptr;
    return PyLong_FromLong(port->api()->ReqOrderAction(&action, request));
}

PyObject *FrontInfo(PyObject *self, PyObject *) {
    auto *port = Td::Open(self);
    if (!port) return nullptr;
    CThostFtdcFrontInfoField info{};
    port->api()->GetFrontInfo(&info);
    return Py_BuildValue("ii", info.QryFreq, info.FTDPkgFreq);
}

PyObject *TdStats(PyObject *self, PyObject *) {
    auto *port = Td::Open(self);
    if (!port) return nullptr;
    port->Count();
    return Py_BuildValue("KKKK", port->counts[0], port->delivered, port->counts[1],
                         port->counts[2]);
}

constexpr int kFast = METH_FASTCALL | METH_KEYWORDS;

PyMethodDef md_methods[] = {
    {"open", MdOpen, METH_O, nullptr},
    {"fileno", Fast<MdSide>::Fileno, METH_NOARGS, nullptr},
    {"drain", Method(Fast<MdSide>::Drain), kFast, nullptr},
    {"list", List, METH_VARARGS, nullptr},
    {"dates_by_clock", DatesByClock, METH_VARARGS, nullptr},
    {"dates_by_day", DatesByDay, METH_VARARGS, nullptr},
    {"set_trading_day", SetTradingDay, METH_VARARGS, nullptr},
    {"subscribe", Subscribe, METH_O, nullptr},
    {"unsubscribe", Unsubscribe, METH_O, nullptr},
    {"request", Fast<MdSide>::Request, METH_VARARGS, nullptr},
    {"stats", MdStats, METH_NOARGS, nullptr},
    {"close", Fast<MdSide>::Close, METH_NOARGS, nullptr},
    {},
};

PyMethodDef td_methods[] = {
    {"open", TdOpen, METH_VARARGS, nullptr},
    {"fileno", Fast<TdSide>::Fileno, METH_NOARGS, nullptr},
    {"drain", Method(Fast<TdSide>::Drain), kFast, nullptr},
    {"set_account", SetAccount, METH_VARARGS, nullptr},
    {"insert", Method(Insert), kFast, nullptr},
    {"cancel", Method(Cancel), kFast, nullptr},
    {"request", Fast<TdSide>::Request, METH_VARARGS, nullptr},
    {"front_info", FrontInfo, METH_NOARGS, nullptr},
    {"stats", TdStats, METH_NOARGS, nullptr},
    {"close", Fast<TdSide>::Close, METH_NOARGS, nullptr},
    {},
};

template <class Side>
PyObject *Type(const char *name, PyMethodDef *methods) {
    PyType_Slot slots[] = {
        {Py_tp_new, reinterpret_cast<void *>(Fast<Side>::New)},
        {Py_tp_dealloc, reinterpret_cast<void *>(Object<Side>::Dealloc)},
        {Py_tp_methods, methods},
        {0, nullptr},
    };
    PyType_Spec spec{name, sizeof(Object<Side>), 0, Py_TPFLAGS_DEFAULT, slots};
    return PyType_FromSpec(&spec);
}

}  // namespace

bool Ids::Add(PyObject *id) {
    char text[sizeof(CThostFtdcSpecificInstrumentField::InstrumentID)];
    if (!PutText(text, sizeof text, id, "CThostFtdcSpecificInstrumentField", "InstrumentID")) {
        return false;
    }
    texts_.emplace_back(text);
    return true;
}

char **Ids::data() {
    pointers_.clear();
    for (std::string &text : texts_) pointers_.push_back(text.data());
    return pointers_.data();
}

PortBase *PortOf(PyObject *object) {
    if (PyObject_TypeCheck(object, md_type)) return Object<MdSide>::Open(object);
    if (PyObject_TypeCheck(object, td_type)) return Object<TdSide>::Open(object);
    PyErr_Format(PyExc_TypeError, "a port is wanted, got %s", Py_TYPE(object)->tp_name);
    return nullptr;
}

PyObject *FastMdType() {
    PyObject *type = Type<MdSide>("homalos.ctp._homalos_ctp.Md", md_methods);
    md_type = reinterpret_cast<PyTypeObject *>(type);
    return type;
}

PyObject *FastTdType() {
    PyObject *type = Type<TdSide>("homalos.ctp._homalos_ctp.Td", td_methods);
    td_type = reinterpret_cast<PyTypeObject *>(type);
    return type;
}

}  // namespace binding
