// All that these libraries ask of the operating system; platform_posix.cpp answers. Another system
// is one more file.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace platform {

int64_t monotonic_ns();
int64_t monotonic_ms();

// Of the calling thread: a name for `top`, and no signal of the program is handled on it.
void name_thread(const char *name);

using Socket = int;
constexpr Socket kNoSocket = -1;

// Wakes a thread that waits in `wait`, from any thread.
class Waker {
public:
    Waker();
    ~Waker();
    Waker(const Waker &) = delete;
    Waker &operator=(const Waker &) = delete;
    bool open();
    void close();
    void wake() const;
    void clear() const;
    Socket reader() const { return ends_[0]; }

private:
    Socket ends_[2];
};

enum Ready : int { kReadable = 1, kWritable = 2, kWoken = 4 };

// Until the socket (if there is one) is ready, the waker was used, or the time is over.
int wait(Socket socket, bool also_write, const Waker &waker, int64_t timeout_ms);

// A connected socket that does not block, or kNoSocket; `waker` breaks the attempt off.
Socket connect(const std::string &host, const std::string &port, const Waker &waker,
               int64_t timeout_ms);
void close(Socket socket);

constexpr long kWouldBlock = -1;
constexpr long kFailed = -2;
long receive(Socket socket, char *into, size_t size);  // 0: the peer closed
long send(Socket socket, const char *from, size_t size);

// The whole file, shared with other processes; null if it has not that size.
void *map_file(const char *path, size_t size);

}  // namespace platform
