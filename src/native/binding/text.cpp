#include "text.h"

#include <cstdint>
#include <cstring>
#include <string_view>

#include "interpreter.h"

namespace binding {
namespace {

constexpr char kCodec[] = "gb18030";

bool IsAscii(const char *data, size_t size) {
    uint64_t word, seen = 0;
    for (; size >= sizeof word; data += sizeof word, size -= sizeof word) {
        std::memcpy(&word, data, sizeof word);
        seen |= word;
    }
    for (; size; ++data, --size) seen |= static_cast<unsigned char>(*data);
    return !(seen & 0x8080808080808080u);
}

PyObject *Decoded(const char *data, size_t size) {
    if (!IsAscii(data, size)) {
        return PyUnicode_Decode(data, static_cast<Py_ssize_t>(size), kCodec, "replace");
    }
    if (size == 1) return Character(*data);
    PyObject *text = PyUnicode_New(static_cast<Py_ssize_t>(size), 127);
    if (text && size) std::memcpy(PyUnicode_1BYTE_DATA(text), data, size);
    return text;
}

struct Entry {
    PyObject *text;
    uint8_t size;
    char bytes[95];
};
Entry known[1024];  // by hash; the latest stays

struct Bytes {
    PyObject *owner = nullptr;  // of what a codec made
    const char *data = nullptr;
    Py_ssize_t size = 0;
    ~Bytes() { Py_XDECREF(owner); }
};

bool Fail(const char *structure, const char *name, const char *what) {
    PyErr_Format(python.field_error, "%s.%s %s", structure, name, what);
    return false;
}

bool Encode(PyObject *value, const char *structure, const char *name, Bytes &out) {
    if (PyBytes_Check(value)) {
        out.data = PyBytes_AS_STRING(value);
        out.size = PyBytes_GET_SIZE(value);
        return true;
    }
    if (!PyUnicode_Check(value)) {
        PyErr_Format(python.field_error, "%s.%s is text, got %s", structure, name,
                     Py_TYPE(value)->tp_name);
        return false;
    }
    if (PyUnicode_IS_COMPACT_ASCII(value)) {
        out.data = reinterpret_cast<const char *>(PyUnicode_1BYTE_DATA(value));
        out.size = PyUnicode_GET_LENGTH(value);
        return true;
    }
    out.owner = PyUnicode_AsEncodedString(value, kCodec, "strict");
    if (!out.owner) {
        PyErr_Clear();
        return Fail(structure, name, "has a character that GB18030 does not have");
    }
    out.data = PyBytes_AS_STRING(out.owner);
    out.size = PyBytes_GET_SIZE(out.owner);
    return true;
}

bool TooLong(const char *structure, const char *name, size_t room, Py_ssize_t got) {
    PyErr_Format(python.field_error, "%s.%s takes at most %zu bytes, got %zd", structure, name,
                 room, got);
    return false;
}

}  // namespace

PyObject *Text(const char *data, size_t room) { return Decoded(data, strnlen(data, room)); }

PyObject *KnownText(const char *data, size_t room) {
    const size_t size = strnlen(data, room);
    if (size < 2 || size > sizeof known[0].bytes) return Decoded(data, size);
    const size_t hash = std::hash<std::string_view>{}({data, size});
    Entry &entry = known[hash % (sizeof known / sizeof known[0])];
    if (entry.size != size || std::memcmp(entry.bytes, data, size) != 0) {
        PyObject *text = Decoded(data, size);
        if (!text) return nullptr;
        Py_XSETREF(entry.text, text);
        entry.size = static_cast<uint8_t>(size);
        std::memcpy(entry.bytes, data, size);
    }
    return Py_NewRef(entry.text);
}

PyObject *Character(char value) {
    const auto code = static_cast<unsigned char>(value);
    return PyUnicode_FromOrdinal(code < 0x80 ? code : 0xFFFD);
}

bool PutText(char *field, size_t room, PyObject *value, const char *structure, const char *name) {
    Bytes bytes;
    if (!Encode(value, structure, name, bytes)) return false;
    const auto size = static_cast<size_t>(bytes.size);
    if (size >= room) return TooLong(structure, name, room - 1, bytes.size);
    if (std::memchr(bytes.data, 0, size)) {
        return Fail(structure, name, "has a zero character, which would end it");
    }
    std::memcpy(field, bytes.data, size);
    std::memset(field + size, 0, room - size);
    return true;
}

bool PutCharacter(char *field, PyObject *value, const char *structure, const char *name) {
    Bytes bytes;
    if (!Encode(value, structure, name, bytes)) return false;
    if (bytes.size > 1) return TooLong(structure, name, 1, bytes.size);
    *field = bytes.size ? bytes.data[0] : '\0';
    return true;
}

}  // namespace binding
