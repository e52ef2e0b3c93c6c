// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>

namespace sluice::net {
namespace {

std::string message(ProcessState state, std::string_view status) {
  std::string out;
  switch (state) {
    case ProcessState::ready:
      out = "READY=1";
      break;
    case ProcessState::reloading: {
      // systemd tells by the time whether a later READY belongs to this reload.
      auto now = std::chrono::steady_clock::now().time_since_epoch();
      auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
      out = "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros);
      break;
    }
    case ProcessState::stopping:
      out = "STOPPING=1";
      break;
  }
  if (!status.empty()) out.append("\nSTATUS=").append(status.substr(0, status.find('\n')));
  return out;
}

bool send(const std::string& text) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  std::string_view name = path ? path : "";
  sockaddr_un to{};
  if ((!name.starts_with('/') && !name.starts_with('@')) || name.size() >= sizeof to.sun_path) return false;
  to.sun_family = AF_UNIX;
  name.copy(to.sun_path, name.size());
  if (name.front() == '@') to.sun_path[0] = '\0';  // a name without a file: unix(7)
  int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  auto sent = ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                       reinterpret_cast<sockaddr*>(&to), size);
  ::close(fd);
  return sent == static_cast<ssize_t>(text.size());
}

}  // namespace

bool tell_supervisor(ProcessState state, std::string_view status) { return send(message(state, status)); }

bool tell_supervisor_of(pid_t successor) {
  return send("MAINPID=" + std::to_string(successor) + "\nREADY=1\nSTATUS=upgraded");
}

}  // namespace sluice::net
