// homalos.ctp.records.OrderRow and TradeRow out of CTP's structs.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "inbox.h"

namespace binding {

PyObject *OrderRow(const Record &record);  // new reference
PyObject *TradeRow(const Record &record);

}  // namespace binding
