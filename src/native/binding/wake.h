// The descriptor by which a sleeping loop is woken: an eventfd, elsewhere a pair of sockets. The
// only place of the binding that knows the operating system's way of doing it.
#pragma once
#include <atomic>

namespace binding {

class Wake {
public:
    Wake();  // throws std::system_error
    ~Wake() { Close(); }
    Wake(const Wake &) = delete;
    Wake &operator=(const Wake &) = delete;

    int Descriptor() const { return reader_; }
    void Signal();
    void Clear();  // no system call where nothing was signalled
    void Close();
    // Waits until it is signalled; any thread, together with a Clear by the reader.
    static void Sleep(int descriptor, int milliseconds);

private:
    int reader_ = -1;
    int writer_ = -1;
    std::atomic<bool> signalled_{false};
};

}  // namespace binding
