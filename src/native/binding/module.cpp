// The extension module _homalos_ctp.
#include <chrono>

#include "arguments.h"

namespace binding {
namespace {

using Clock = std::chrono::steady_clock;

void Pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

bool Spin(const std::vector<PortBase *> &ports, Clock::time_point end) {
    constexpr int kLooks = 64;  // between two looks at the clock
    do {
        for (int look = 0; look < kLooks; ++look) {
            for (PortBase *port : ports) {
                if (port->closed() || port->inbox().Pending()) return true;
            }
            Pause();
        }
    } while (Clock::now() < end);
    return false;
}

bool SpinAll(const std::vector<PortBase *> &ports, long long nanoseconds) {
    const auto end = Clock::now() + std::chrono::nanoseconds(nanoseconds);
    bool found;
    for (PortBase *port : ports) {
        port->Enter();
        port->inbox().Disarm();
    }
    Py_BEGIN_ALLOW_THREADS;
    found = Spin(ports, end);
    Py_END_ALLOW_THREADS;
    for (PortBase *port : ports) {
        if (!found && !port->inbox().Arm()) found = true;
        port->Leave();
    }
    return found;
}

PyObject *Wait(PyObject *, PyObject *args) {
    PyObject *objects;
    long long nanoseconds;
    if (!PyArg_ParseTuple(args, "OL", &objects, &nanoseconds)) return nullptr;
    PyObject *items = PySequence_Fast(objects, "a list of ports is wanted");
    if (!items) return nullptr;
    std::vector<PortBase *> ports;
    bool good = true;
    for (Py_ssize_t i = 0; good && i < PySequence_Fast_GET_SIZE(items); ++i) {
        PortBase *port = PortOf(PySequence_Fast_GET_ITEM(items, i));
        good = port != nullptr;
        if (good) ports.push_back(port);
    }
    PyObject *result = good ? PyBool_FromLong(SpinAll(ports, nanoseconds)) : nullptr;
    Py_DECREF(items);
    return result;
}

PyMethodDef functions[] = {
    {"wait", Wait, METH_VARARGS, nullptr},
    {},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_homalos_ctp", "The native binding of CTP.", -1, functions,
    nullptr, nullptr, nullptr, nullptr,
};

bool AddType(PyObject *module, const char *name, PyObject *type) {
    return type && PyModule_AddObjectRef(module, name, type) == 0;  // a reference stays for ever
}

}  // namespace
}  // namespace binding

PyMODINIT_FUNC PyInit__homalos_ctp() {
    using namespace binding;
    if (!LoadPython() || !WatchForks()) return nullptr;
    PyObject *module = PyModule_Create(&definition);
    if (module && AddType(module, "Md", FastMdType()) && AddType(module, "Td", FastTdType()) &&
        AddType(module, "MdApi", FaceMdType()) && AddType(module, "TdApi", FaceTdType()) &&
        PyModule_AddStringConstant(module, "ABI_VERSION", CTP_ABI_VERSION) == 0) {
        return module;
    }
    Py_XDECREF(module);
    return nullptr;
}
