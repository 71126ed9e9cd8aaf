// Text between CTP (GB18030, ended by a zero or by the field's end) and Python, without a locale.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <cstddef>

namespace binding {

// New references. What is no GB18030 becomes U+FFFD.
PyObject *Text(const char *data, size_t room);
// The same, for what repeats (ids, exchanges, messages): equal bytes mostly give the same object.
PyObject *KnownText(const char *data, size_t room);
// One character; unset: "\0".
PyObject *Character(char value);

template <size_t N>
PyObject *Text(const char (&field)[N]) { return Text(field, N); }
template <size_t N>
PyObject *KnownText(const char (&field)[N]) { return KnownText(field, N); }

// Into a field. False and a FieldError that names the place: not a text, too long, a zero in it.
bool PutText(char *field, size_t room, PyObject *value, const char *structure, const char *name);
bool PutCharacter(char *field, PyObject *value, const char *structure, const char *name);

}  // namespace binding
