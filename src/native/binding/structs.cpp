#include "structs.h"

#include <cstring>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "interpreter.h"
#include "text.h"

namespace binding {
namespace {

using ctp::FieldInfo;
using ctp::StructInfo;

// One struct's names as Python has them; made when it is first met, kept for ever.
struct Names {
    std::vector<PyObject *> keys;
    std::unordered_map<std::string_view, const FieldInfo *> fields;
};

const Names *NamesOf(const StructInfo &info) {
    static auto &all = *new std::unordered_map<const StructInfo *, Names>;
    const auto found = all.find(&info);
    if (found != all.end()) return &found->second;
    Names names;
    for (uint32_t i = 0; i < info.count; ++i) {
        PyObject *key = PyUnicode_InternFromString(info.fields[i].name);
        if (!key) return nullptr;
        names.keys.push_back(key);
        names.fields.emplace(info.fields[i].name, &info.fields[i]);
    }
    return &all.emplace(&info, std::move(names)).first->second;
}

// A chunk of the settlement may end within a character: only the whole can be decoded.
bool IsChunk(const StructInfo &info, const FieldInfo &field) {
    return &info == &ctp::kCThostFtdcSettlementInfoField &&
           std::strcmp(field.name, "Content") == 0;
}

template <class Number>
Number Read(const char *at) {
    Number value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

PyObject *ValueOf(const StructInfo &info, const FieldInfo &field, const char *raw) {
    const char *at = raw + field.offset;
    switch (field.kind) {
        case 's':
            if (IsChunk(info, field)) {
                return PyBytes_FromStringAndSize(
                    at, static_cast<Py_ssize_t>(strnlen(at, field.size)));
            }
            return Text(at, field.size);
        case 'c': return Character(*at);
        case 'i': return PyLong_FromLong(Read<int32_t>(at));
        case 'h': return PyLong_FromLong(Read<int16_t>(at));
        default: return PyFloat_FromDouble(Read<double>(at));
    }
}

bool NotANumber(const StructInfo &info, const FieldInfo &field, PyObject *value) {
    PyErr_Clear();
    PyErr_Format(python.field_error, "%s.%s is %s, got %s", info.name, field.name,
                 field.kind == 'd' ? "a number" : "a whole number", Py_TYPE(value)->tp_name);
    return false;
}

template <class Number>
bool PutInteger(const StructInfo &info, const FieldInfo &field, PyObject *value, char *at) {
    PyObject *whole = PyNumber_Index(value);
    if (!whole) return NotANumber(info, field, value);
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(whole, &overflow);
    Py_DECREF(whole);
    using Limits = std::numeric_limits<Number>;
    if (overflow || number < Limits::min() || number > Limits::max()) {
        PyErr_Format(python.field_error, "%s.%s does not fit into %zu bytes: %R", info.name,
                     field.name, sizeof(Number), value);
        return false;
    }
    const auto small = static_cast<Number>(number);
    std::memcpy(at, &small, sizeof small);
    return true;
}

bool PutDouble(const StructInfo &info, const FieldInfo &field, PyObject *value, char *at) {
    const double number = PyFloat_AsDouble(value);
    if (number == -1.0 && PyErr_Occurred()) return NotANumber(info, field, value);
    std::memcpy(at, &number, sizeof number);
    return true;
}

bool PutValue(const StructInfo &info, const FieldInfo &field, PyObject *value, char *raw) {
    char *at = raw + field.offset;
    switch (field.kind) {
        case 's': return PutText(at, field.size, value, info.name, field.name);
        case 'c': return PutCharacter(at, value, info.name, field.name);
        case 'i': return PutInteger<int32_t>(info, field, value, at);
        case 'h': return PutInteger<int16_t>(info, field, value, at);
        default: return PutDouble(info, field, value, at);
    }
}

bool PutItem(const StructInfo &info, const Names &names, PyObject *key, PyObject *value,
             bool strict, char *raw) {
    Py_ssize_t size = 0;
    const char *name = PyUnicode_Check(key) ? PyUnicode_AsUTF8AndSize(key, &size) : nullptr;
    const auto found = name ? names.fields.find({name, static_cast<size_t>(size)})
                            : names.fields.end();
    if (found != names.fields.end()) return PutValue(info, *found->second, value, raw);
    PyErr_Clear();
    if (!strict) return true;
    PyErr_Format(python.field_error, "%s has no field %S", info.name, key);
    return false;
}

}  // namespace

PyObject *ToDict(const StructInfo &info, const char *raw) {
    const Names *names = NamesOf(info);
    PyObject *dict = names ? PyDict_New() : nullptr;
    if (!dict) return nullptr;
    for (uint32_t i = 0; i < info.count; ++i) {
        PyObject *value = ValueOf(info, info.fields[i], raw);
        const bool kept = value && PyDict_SetItem(dict, names->keys[i], value) == 0;
        Py_XDECREF(value);
        if (!kept) {
            Py_DECREF(dict);
            return nullptr;
        }
    }
    return dict;
}

bool FromMapping(const StructInfo &info, PyObject *values, bool strict, char *raw) {
    std::memset(raw, 0, info.size);
    const Names *names = NamesOf(info);
    if (!names) return false;
    if (!PyDict_Check(values) && !PyObject_HasAttrString(values, "keys")) {
        PyErr_Format(python.field_error, "%s is given as a mapping, got %s", info.name,
                     Py_TYPE(values)->tp_name);
        return false;
    }
    PyObject *items = PyMapping_Items(values);
    if (!items) return false;
    bool good = true;
    for (Py_ssize_t i = 0; good && i < PyList_GET_SIZE(items); ++i) {
        PyObject *item = PyList_GET_ITEM(items, i);
        good = PyTuple_Check(item) && PyTuple_GET_SIZE(item) == 2 &&
               PutItem(info, *names, PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1), strict,
                       raw);
    }
    Py_DECREF(items);
    return good;
}

}  // namespace binding
