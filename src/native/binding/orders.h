// Orders and cancels from scalars: no dict on the way out.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "ctp_api.h"

namespace binding {

class Orders {
public:
    // Each false: a Python error is set.
    bool SetAccount(PyObject *broker, PyObject *investor, PyObject *user);
    // args: as insert and cancel of fast.py, in that order; a missing memo is null.
    bool Insert(PyObject *const *args, CThostFtdcInputOrderField &order, int &request) const;
    bool Cancel(PyObject *const *args, CThostFtdcInputOrderActionField &action,
                int &request) const;

private:
    CThostFtdcInputOrderField order_{};  // what is the same in all
    CThostFtdcInputOrderActionField action_{};
};

}  // namespace binding
