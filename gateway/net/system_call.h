// SPDX-License-Identifier: Apache-2.0
// The system calls of the data plane, without the cancellation points that glibc makes of recv() and send()
// in a process with threads: four locked instructions a request for pthread_cancel(), which nobody here
// calls. Results and errno are those of the functions of the same purpose.
#pragma once
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace sluice::net {

// The sanitizers look into glibc's functions only: what a buffer holds, and who wrote to it.
#if defined(SLUICE_TSAN) || defined(SLUICE_ASAN)
inline ssize_t receive(int fd, void* into, std::size_t size, int flags) noexcept {
  return ::recv(fd, into, size, flags);
}
inline ssize_t send(int fd, const void* from, std::size_t size, int flags) noexcept {
  return ::send(fd, from, size, flags);
}
inline ssize_t send_message(int fd, const msghdr& message, int flags) noexcept {
  return ::sendmsg(fd, &message, flags);
}
#else
inline ssize_t receive(int fd, void* into, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_recvfrom, fd, into, size, flags, nullptr, nullptr);
}
inline ssize_t send(int fd, const void* from, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_sendto, fd, from, size, flags, nullptr, 0);
}
inline ssize_t send_message(int fd, const msghdr& message, int flags) noexcept {
  return ::syscall(SYS_sendmsg, fd, &message, flags);
}
#endif

}  // namespace sluice::net
