#include "orders.h"

#include <limits>

#include "interpreter.h"
#include "text.h"

namespace binding {
namespace {

constexpr char kOrder[] = "CThostFtdcInputOrderField";
constexpr char kAction[] = "CThostFtdcInputOrderActionField";

template <size_t N>
bool Put(char (&field)[N], PyObject *value, const char *structure, const char *name) {
    return PutText(field, N, value, structure, name);
}

bool Put(int &field, PyObject *value, const char *structure, const char *name) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (number == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        PyErr_Format(python.field_error, "%s.%s is a whole number, got %s", structure, name,
                     Py_TYPE(value)->tp_name);
        return false;
    }
    if (overflow || number != static_cast<int>(number)) {
        PyErr_Format(python.field_error, "%s.%s does not fit into 4 bytes: %R", structure, name,
                     value);
        return false;
    }
    field = static_cast<int>(number);
    return true;
}

bool Put(double &field, PyObject *value, const char *structure, const char *name) {
    field = PyFloat_AsDouble(value);
    if (field != -1.0 || !PyErr_Occurred()) return true;
    PyErr_Clear();
    PyErr_Format(python.field_error, "%s.%s is a number, got %s", structure, name,
                 Py_TYPE(value)->tp_name);
    return false;
}

bool Put(char &field, PyObject *value, const char *structure, const char *name) {
    return PutCharacter(&field, value, structure, name);
}

}  // namespace

bool Orders::SetAccount(PyObject *broker, PyObject *investor, PyObject *user) {
    CThostFtdcInputOrderField order{};
    CThostFtdcInputOrderActionField action{};
    if (!Put(order.BrokerID, broker, kOrder, "BrokerID") ||
        !Put(order.InvestorID, investor, kOrder, "InvestorID") ||
        !Put(order.UserID, user, kOrder, "UserID") ||
        !Put(action.BrokerID, broker, kAction, "BrokerID") ||
        !Put(action.InvestorID, investor, kAction, "InvestorID") ||
        !Put(action.UserID, user, kAction, "UserID")) {
        return false;
    }
    order.CombHedgeFlag[0] = '1';     // speculation
    order.ContingentCondition = '1';  // at once
    order.ForceCloseReason = '0';     // none
    order_ = order;
    action.ActionFlag = '0';  // delete
    action_ = action;
    return true;
}

bool Orders::Insert(PyObject *const *args, CThostFtdcInputOrderField &order, int &request) const {
    order = order_;
    if (!order.BrokerID[0]) {
        PyErr_SetString(python.field_error, "set_account comes before the first order");
        return false;
    }
    if (!Put(order.OrderRef, args[0], kOrder, "OrderRef") ||
        !Put(order.ExchangeID, args[1], kOrder, "ExchangeID") ||
        !Put(order.InstrumentID, args[2], kOrder, "InstrumentID") ||
        !Put(order.Direction, args[3], kOrder, "Direction") ||
        !Put(order.CombOffsetFlag, args[4], kOrder, "CombOffsetFlag") ||
        !Put(order.OrderPriceType, args[5], kOrder, "OrderPriceType") ||
        !Put(order.LimitPrice, args[6], kOrder, "LimitPrice") ||
        !Put(order.VolumeTotalOriginal, args[7], kOrder, "VolumeTotalOriginal") ||
        !Put(order.TimeCondition, args[8], kOrder, "TimeCondition") ||
        !Put(order.VolumeCondition, args[9], kOrder, "VolumeCondition") ||
        !Put(order.MinVolume, args[10], kOrder, "MinVolume") ||
        !Put(order.RequestID, args[11], kOrder, "RequestID") ||
        (args[12] && !Put(order.OrderMemo, args[12], kOrder, "OrderMemo"))) {
        return false;
    }
    request = order.RequestID;
    return true;
}

bool Orders::Cancel(PyObject *const *args, CThostFtdcInputOrderActionField &action,
                    int &request) const {
    action = action_;
    if (!action.BrokerID[0]) {
        PyErr_SetString(python.field_error, "set_account comes before the first cancel");
        return false;
    }
    if (!Put(action.ExchangeID, args[0], kAction, "ExchangeID") ||
        !Put(action.InstrumentID, args[1], kAction, "InstrumentID") ||
        !Put(action.OrderSysID, args[2], kAction, "OrderSysID") ||
        !Put(action.FrontID, args[3], kAction, "FrontID") ||
        !Put(action.SessionID, args[4], kAction, "SessionID") ||
        !Put(action.OrderRef, args[5], kAction, "OrderRef") ||
        !Put(action.OrderActionRef, args[6], kAction, "OrderActionRef") ||
        !Put(action.RequestID, args[7], kAction, "RequestID")) {
        return false;
    }
    request = action.RequestID;
    return true;
}

}  // namespace binding
