#include "wake.h"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#else
#include <sys/socket.h>
#endif

namespace binding {

Wake::Wake() {
#ifdef __linux__
    reader_ = writer_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (reader_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
#else
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    for (int end : pair) {
        fcntl(end, F_SETFL, O_NONBLOCK);
        fcntl(end, F_SETFD, FD_CLOEXEC);
    }
    reader_ = pair[0];
    writer_ = pair[1];
#endif
}

// The flag follows the write: were it the other way round, a Clear between the two would find
// nothing to read and leave the descriptor readable for ever.
void Wake::Signal() {
    const uint64_t one = 1;
    while (write(writer_, &one, sizeof one) < 0 && errno == EINTR) {
    }
    signalled_.store(true, std::memory_order_release);
}

void Wake::Clear() {
    if (!signalled_.exchange(false, std::memory_order_acq_rel)) return;
    uint64_t counts[16];
    const ssize_t room = writer_ == reader_ ? sizeof counts[0] : sizeof counts;
    ssize_t got;
    do {
        got = read(reader_, counts, room);
    } while ((got < 0 && errno == EINTR) || (writer_ != reader_ && got == room));
}

void Wake::Close() {
    if (reader_ >= 0) close(reader_);
    if (writer_ >= 0 && writer_ != reader_) close(writer_);
    reader_ = writer_ = -1;
}

void Wake::Sleep(int descriptor, int milliseconds) {
    pollfd one{descriptor, POLLIN, 0};
    poll(&one, 1, milliseconds);
}

}  // namespace binding
