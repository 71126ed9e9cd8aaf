// What the Python types share: their object, arguments, errors.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "interpreter.h"
#include "port.h"

namespace binding {

template <class Side>
struct Object {
    PyObject_HEAD
    Port<Side> *port;  // null: not created yet (only in the manner of vnpy_ctp.api)

    static Port<Side> *Of(PyObject *self) { return reinterpret_cast<Object *>(self)->port; }

    // The open port, or null and an error.
    static Port<Side> *Open(PyObject *self) {
        Port<Side> *port = Of(self);
        if (port) return port->Usable() ? port : nullptr;
        PyErr_SetString(python.closed_error, "create the API object first / 请先创建接口");
        return nullptr;
    }

    // False: a Python error is set.
    static bool Make(PyObject *self, const char *folder, const char *flow, bool production,
                     Py_ssize_t ring_bytes, bool keeps_all) {
        try {
            const auto room = ring_bytes > 0 ? static_cast<size_t>(ring_bytes) : 0;
            auto *made = new Port<Side>(folder, flow, production, room, keeps_all);
            reinterpret_cast<Object *>(self)->port = made;
            return true;
        } catch (const LibraryProblem &problem) {
            PyErr_SetString(python.library_error, problem.what());
        } catch (const std::bad_alloc &) {
            PyErr_NoMemory();
        } catch (const std::system_error &error) {
            PyErr_SetString(PyExc_OSError, error.what());
        }
        return false;
    }

    static void Dealloc(PyObject *self) {
        PyObject *type, *value, *trace;
        PyErr_Fetch(&type, &value, &trace);
        delete Of(self);
        PyErr_Restore(type, value, trace);
        PyTypeObject *of = Py_TYPE(self);
        of->tp_free(self);
        Py_DECREF(of);
    }
};

inline PyCFunction Method(PyObject *(*function)(PyObject *, PyObject *const *, Py_ssize_t)) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}
inline PyCFunction Method(PyObject *(*function)(PyObject *, PyObject *const *, Py_ssize_t,
                                                PyObject *)) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

// Sorts a vector call's arguments by name; those after `required` may be missing (null).
template <size_t N>
bool Sorted(const char *function, const char *const (&names)[N], size_t required,
            PyObject *const *args, Py_ssize_t count, PyObject *keywords, PyObject *(&out)[N]) {
    std::fill(std::begin(out), std::end(out), nullptr);
    if (count > static_cast<Py_ssize_t>(N)) {
        PyErr_Format(PyExc_TypeError, "%s takes at most %zu arguments, got %zd", function, N, count);
        return false;
    }
    std::copy(args, args + count, out);
    const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    for (Py_ssize_t i = 0; i < named; ++i) {
        PyObject *keyword = PyTuple_GET_ITEM(keywords, i);
        size_t place = 0;
        while (place < N && PyUnicode_CompareWithASCIIString(keyword, names[place])) ++place;
        if (place == N || out[place]) {
            PyErr_Format(PyExc_TypeError, "%s got %s argument %R", function,
                         place == N ? "an unexpected" : "twice the", keyword);
            return false;
        }
        out[place] = args[count + i];
    }
    for (size_t i = 0; i < required; ++i) {
        if (out[i]) continue;
        PyErr_Format(PyExc_TypeError, "%s lacks its argument '%s'", function, names[i]);
        return false;
    }
    return true;
}

// The place of a request in its table; -1 and a FieldError.
template <class Side>
Py_ssize_t RequestNumber(const char *name) {
    for (size_t i = 0; i < std::size(Side::requests); ++i) {
        if (!std::strcmp(Side::requests[i].name, name)) return static_cast<Py_ssize_t>(i);
    }
    PyErr_Format(python.field_error, "CTP %s has no request %s", CTP_ABI_VERSION, name);
    return -1;
}

inline PyObject *Code(int code) {
    return code == Port<MdSide>::kFailed && PyErr_Occurred() ? nullptr : PyLong_FromLong(code);
}

// Instrument ids as the subscribing methods take them. False: a FieldError is set.
class Ids {
public:
    bool Add(PyObject *id);
    char **data();
    int count() const { return static_cast<int>(texts_.size()); }

private:
    std::vector<std::string> texts_;
    std::vector<char *> pointers_;
};

// The types; null: a Python error is set.
PyObject *FastMdType();
PyObject *FastTdType();
PyObject *FaceMdType();
PyObject *FaceTdType();
// The port of a Md or Td object; null and a TypeError.
PortBase *PortOf(PyObject *object);

}  // namespace binding
