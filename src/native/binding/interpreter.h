// What the binding takes from Python, looked up once when the module is made.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

namespace binding {

// All are kept for the life of the process.
struct Python {
    PyObject *tick, *depth, *order_row, *trade_row;  // msgspec structs, called by position
    PyObject *field_error, *library_error, *closed_error;
    // Names of methods of a sink.
    PyObject *on_connected, *on_disconnected, *on_tick, *on_order, *on_trade, *on_response,
        *on_notice;
    PyObject *empty;  // ""
    PyObject *zero;
};
inline Python python{};

bool LoadPython();  // false: a Python error is set

}  // namespace binding
