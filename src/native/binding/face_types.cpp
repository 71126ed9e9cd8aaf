// MdApi and TdApi of _homalos_ctp: the names and arguments of vnpy_ctp.api, which api.py completes
// with the dispatcher's thread. Every request and every callback is a method here.
#include <array>
#include <utility>

#include "arguments.h"

namespace binding {
namespace {

template <class Side>
struct Face {
    using Self = Object<Side>;

    // A subclass's own arguments are none of ours.
    static PyObject *New(PyTypeObject *type, PyObject *, PyObject *) {
        return type->tp_alloc(type, 0);
    }

    // _create(folder, flow, production, ring_bytes)
    static PyObject *Create(PyObject *self, PyObject *args) {
        const char *folder, *flow;
        int production;
        Py_ssize_t ring_bytes;
        if (!PyArg_ParseTuple(args, "sspn", &folder, &flow, &production, &ring_bytes)) {
            return nullptr;
        }
        if (Self::Of(self)) {
            PyErr_SetString(PyExc_RuntimeError, "this object was created before / 接口已创建");
            return nullptr;
        }
        if (!Self::Make(self, folder, flow, production, ring_bytes, true)) return nullptr;
        Py_RETURN_NONE;
    }

    static PyObject *RegisterFront(PyObject *self, PyObject *args) {
        const char *front;
        if (!PyArg_ParseTuple(args, "s", &front)) return nullptr;
        auto *port = Self::Open(self);
        if (!port) return nullptr;
        port->RegisterFront(front);
        Py_RETURN_NONE;
    }

    static PyObject *RegisterNameServer(PyObject *self, PyObject *args) {
        const char *server;
        if (!PyArg_ParseTuple(args, "s", &server)) return nullptr;
        auto *port = Self::Open(self);
        if (!port) return nullptr;
        port->api()->RegisterNameServer(std::string(server).data());
        Py_RETURN_NONE;
    }

    static PyObject *Init(PyObject *self, PyObject *) {
        auto *port = Self::Open(self);
        if (!port || !port->OpenOnce()) return nullptr;
        port->Init();
        Py_RETURN_NONE;
    }

    static PyObject *GetTradingDay(PyObject *self, PyObject *) {
        auto *port = Self::Open(self);
        const char *day = port ? port->api()->GetTradingDay() : nullptr;
        return port ? PyUnicode_FromString(day ? day : "") : nullptr;
    }

    static PyObject *GetApiVersion(PyObject *self, PyObject *) {
        auto *port = Self::Open(self);
        return port ? PyUnicode_FromString(port->Version().c_str()) : nullptr;
    }

    // _dispatch(milliseconds): waits for callbacks and makes them; False once it is closed.
    static PyObject *Dispatch(PyObject *self, PyObject *args) {
        int milliseconds;
        if (!PyArg_ParseTuple(args, "i", &milliseconds)) return nullptr;
        auto *port = Self::Of(self);
        if (!port || port->closed() || !port->Sleep(milliseconds)) Py_RETURN_FALSE;
        const Py_ssize_t taken = port->Drain(0, [self](const Record &record) {
            return CallFace(Side::callbacks[record.method], record, self);
        });
        if (taken < 0) return nullptr;
        Py_RETURN_TRUE;
    }

    static PyObject *Close(PyObject *self, PyObject *) {
        if (auto *port = Self::Of(self)) port->Close();
        Py_RETURN_NONE;
    }

    template <size_t I>
    static PyObject *Request(PyObject *self, PyObject *const *args, Py_ssize_t count) {
        constexpr auto &request = Side::requests[I];
        if (count != 1 + request.numbered) {
            PyErr_Format(PyExc_TypeError, "%s takes %d arguments, got %zd", request.face,
                         1 + request.numbered, count);
            return nullptr;
        }
        const long id = request.numbered ? PyLong_AsLong(args[1]) : 0;
        if (id == -1 && PyErr_Occurred()) return nullptr;
        if (id != static_cast<int>(id)) {
            PyErr_Format(PyExc_OverflowError, "%s: a request id has 32 bits", request.face);
            return nullptr;
        }
        auto *port = Self::Open(self);
        return port ? Code(port->Call(I, args[0], false, static_cast<int>(id))) : nullptr;
    }

    // A callback that nobody has taken over.
    static PyObject *Ignore(PyObject *, PyObject *const *, Py_ssize_t, PyObject *) {
        Py_RETURN_NONE;
    }
};

using Md = Face<MdSide>;
using Td = Face<TdSide>;

template <int (CThostFtdcMdApi::*call)(char *[], int)>
PyObject *ForOne(PyObject *self, PyObject *id) {
    auto *port = Object<MdSide>::Open(self);
    Ids ids;
    if (!port || !ids.Add(id)) return nullptr;
    return PyLong_FromLong((port->api()->*call)(ids.data(), 1));
}

template <void (CThostFtdcTraderApi::*call)(THOST_TE_RESUME_TYPE)>
PyObject *Topic(PyObject *self, PyObject *args) {
    int mode;
    if (!PyArg_ParseTuple(args, "i", &mode)) return nullptr;
    auto *port = Object<TdSide>::Open(self);
    if (!port) return nullptr;
    (port->api()->*call)(static_cast<THOST_TE_RESUME_TYPE>(mode));
    Py_RETURN_NONE;
}

PyObject *GetFrontInfo(PyObject *self, PyObject *) {
    auto *port = Object<TdSide>::Open(self);
    if (!port) return nullptr;
    CThostFtdcFrontInfoField info{};
    port->api()->GetFrontInfo(&info);
    return ToDict(ctp::kCThostFtdcFrontInfoField, reinterpret_cast<const char *>(&info));
}

template <class Side>
constexpr PyMethodDef kShared[] = {
    {"_create", Face<Side>::Create, METH_VARARGS, nullptr},
    {"_dispatch", Face<Side>::Dispatch, METH_VARARGS, nullptr},
    {"_close", Face<Side>::Close, METH_NOARGS, nullptr},
    {"registerFront", Face<Side>::RegisterFront, METH_VARARGS, nullptr},
    {"registerNameServer", Face<Side>::RegisterNameServer, METH_VARARGS, nullptr},
    {"init", Face<Side>::Init, METH_NOARGS, nullptr},
    {"getTradingDay", Face<Side>::GetTradingDay, METH_NOARGS, nullptr},
    {"getApiVersion", Face<Side>::GetApiVersion, METH_NOARGS, nullptr},
};

constexpr PyMethodDef kMdOwn[] = {
    {"subscribeMarketData", ForOne<&CThostFtdcMdApi::SubscribeMarketData>, METH_O, nullptr},
    {"unSubscribeMarketData", ForOne<&CThostFtdcMdApi::UnSubscribeMarketData>, METH_O, nullptr},
    {"subscribeForQuoteRsp", ForOne<&CThostFtdcMdApi::SubscribeForQuoteRsp>, METH_O, nullptr},
    {"unSubscribeForQuoteRsp", ForOne<&CThostFtdcMdApi::UnSubscribeForQuoteRsp>, METH_O, nullptr},
};

constexpr PyMethodDef kTdOwn[] = {
    {"subscribePrivateTopic", Topic<&CThostFtdcTraderApi::SubscribePrivateTopic>, METH_VARARGS,
     nullptr},
    {"subscribePublicTopic", Topic<&CThostFtdcTraderApi::SubscribePublicTopic>, METH_VARARGS,
     nullptr},
    {"getFrontInfo", GetFrontInfo, METH_NOARGS, nullptr},
};

template <class Side, size_t... I>
void AddRequests(std::vector<PyMethodDef> &methods, std::index_sequence<I...>) {
    (methods.push_back({Side::requests[I].face, Method(Face<Side>::template Request<I>),
                        METH_FASTCALL, nullptr}),
     ...);
}

template <class Side, size_t N>
PyObject *Type(const char *name, const PyMethodDef (&own)[N]) {
    auto &methods = *new std::vector<PyMethodDef>;  // as long as the type: for ever
    methods.insert(methods.end(), std::begin(kShared<Side>), std::end(kShared<Side>));
    methods.insert(methods.end(), std::begin(own), std::end(own));
    AddRequests<Side>(methods, std::make_index_sequence<std::size(Side::requests)>{});
    for (const Callback &callback : Side::callbacks) {
        methods.push_back({callback.face, Method(Face<Side>::Ignore),
                           METH_FASTCALL | METH_KEYWORDS, nullptr});
    }
    methods.push_back({});
    PyType_Slot slots[] = {
        {Py_tp_new, reinterpret_cast<void *>(Face<Side>::New)},
        {Py_tp_dealloc, reinterpret_cast<void *>(Object<Side>::Dealloc)},
        {Py_tp_methods, methods.data()},
        {0, nullptr},
    };
    PyType_Spec spec{name, sizeof(Object<Side>), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                     slots};
    return PyType_FromSpec(&spec);
}

}  // namespace

PyObject *FaceMdType() { return Type<MdSide>("homalos.ctp._homalos_ctp.MdApi", kMdOwn); }
PyObject *FaceTdType() { return Type<TdSide>("homalos.ctp._homalos_ctp.TdApi", kTdOwn); }

}  // namespace binding
