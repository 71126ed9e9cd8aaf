// CTP structs as dicts, both ways, by the tables of fields.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "ctp_tables.h"

namespace binding {

// New reference: all fields by name.
PyObject *ToDict(const ctp::StructInfo &info, const char *raw);

// Fields not named are zero. False and a FieldError: an unknown name (where strict), a wrong type,
// a value that does not fit.
bool FromMapping(const ctp::StructInfo &info, PyObject *values, bool strict, char *raw);

}  // namespace binding
