// One record told to Python: to a sink of fast.py, or to an object in the manner of vnpy_ctp.api.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "binding_spi.h"
#include "ticks.h"

namespace binding {

enum class Told { kYes, kSkipped, kFailed };  // kFailed: a Python error is set

Told TellMd(const Record &record, PyObject *sink, Ticks &ticks);
Told TellTd(const Record &record, PyObject *sink);
Told CallFace(const Callback &callback, const Record &record, PyObject *api);

}  // namespace binding
