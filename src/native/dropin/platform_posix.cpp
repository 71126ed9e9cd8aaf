#include "dropin/platform.h"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0  // macOS: SO_NOSIGPIPE, set on the socket
#endif
#ifndef MAP_POPULATE
#define MAP_POPULATE 0
#endif

namespace platform {

int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t monotonic_ms() { return monotonic_ns() / 1'000'000; }

void name_thread(const char *name) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
#ifdef __linux__
    pthread_setname_np(pthread_self(), name);
#else
    static_cast<void>(name);
#endif
}

namespace {

bool set_up(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

}  // namespace

Waker::Waker() : ends_{kNoSocket, kNoSocket} {}

Waker::~Waker() { close(); }

bool Waker::open() {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) != 0) {
        ends_[0] = ends_[1] = kNoSocket;
        return false;
    }
    return set_up(ends_[0]) && set_up(ends_[1]);
}

void Waker::close() {
    for (Socket &end : ends_) {
        platform::close(end);
        end = kNoSocket;
    }
}

void Waker::wake() const {
    if (ends_[1] != kNoSocket) ::send(ends_[1], "!", 1, MSG_NOSIGNAL);
}

void Waker::clear() const {
    char taken[64];
    while (recv(ends_[0], taken, sizeof taken, 0) > 0) {
    }
}

int wait(Socket socket, bool also_write, const Waker &waker, int64_t timeout_ms) {
    pollfd asked[2] = {{waker.reader(), POLLIN, 0}, {socket, POLLIN, 0}};
    if (also_write) asked[1].events |= POLLOUT;
    if (poll(asked, socket == kNoSocket ? 1 : 2, static_cast<int>(timeout_ms)) <= 0) return 0;
    int ready = 0;
    if (asked[0].revents) {
        ready |= kWoken;
        waker.clear();
    }
    // An error or a hang-up shows when it is read.
    if (asked[1].revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL)) ready |= kReadable;
    if (asked[1].revents & POLLOUT) ready |= kWritable;
    return ready;
}

namespace {

Socket connect_one(const addrinfo &to, const Waker &waker, int64_t until_ms) {
    const Socket fd = ::socket(to.ai_family, to.ai_socktype, to.ai_protocol);
    if (fd < 0) return kNoSocket;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    bool done = set_up(fd) && ::connect(fd, to.ai_addr, to.ai_addrlen) == 0;
    if (!done && errno == EINPROGRESS) {
        pollfd asked[2] = {{waker.reader(), POLLIN, 0}, {fd, POLLOUT, 0}};
        const int64_t left = until_ms - monotonic_ms();
        const int got = poll(asked, 2, static_cast<int>(left > 0 ? left : 0));
        int error = 0;
        socklen_t size = sizeof error;
        done = got > 0 && asked[1].revents && !asked[0].revents &&
               getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    }
    if (done) return fd;
    ::close(fd);
    return kNoSocket;
}

}  // namespace

Socket connect(const std::string &host, const std::string &port, const Waker &waker,
               int64_t timeout_ms) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return kNoSocket;
    const std::unique_ptr<addrinfo, void (*)(addrinfo *)> all(found, freeaddrinfo);
    const int64_t until_ms = monotonic_ms() + timeout_ms;
    Socket made = kNoSocket;
    for (const addrinfo *to = found; to != nullptr && made == kNoSocket; to = to->ai_next) {
        made = connect_one(*to, waker, until_ms);
    }
    return made;
}

void close(Socket socket) {
    if (socket != kNoSocket) ::close(socket);
}

long receive(Socket socket, char *into, size_t size) {
    const ssize_t got = recv(socket, into, size, 0);
    if (got >= 0) return static_cast<long>(got);
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? kWouldBlock : kFailed;
}

long send(Socket socket, const char *from, size_t size) {
    const ssize_t gone = ::send(socket, from, size, MSG_NOSIGNAL);
    if (gone >= 0) return static_cast<long>(gone);
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? kWouldBlock : kFailed;
}

void *map_file(const char *path, size_t size) {
    const int fd = ::open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return nullptr;
    struct stat info {};
    void *at = MAP_FAILED;
    if (fstat(fd, &info) == 0 && static_cast<size_t>(info.st_size) == size) {
        at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    }
    ::close(fd);
    return at == MAP_FAILED ? nullptr : at;
}

}  // namespace platform
