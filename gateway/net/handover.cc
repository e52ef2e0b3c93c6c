// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/handover.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "gateway/base/log.h"

extern char** environ;

namespace sluice::net {
namespace {

constexpr const char* kVariable = "SLUICE_HANDOVER";
constexpr int kChannel = 3;           // its descriptor in the new process
constexpr std::size_t kAtOnce = 250;  // SCM_MAX_FD is 253
constexpr std::size_t kLongest = 4096;

// Messages of the channel, a record each: 's' and 'f' with a name and sockets ('f': their file too), 't' with
// a name and a file that lies in memory alone, 'e' when all were given, 'r' from the new process when it
// serves.
constexpr char kSockets = 's', kSocketsAndFile = 'f', kState = 't', kEnd = 'e', kReady = 'r';

struct SpawnAttributes {
  posix_spawnattr_t it;
  SpawnAttributes() { posix_spawnattr_init(&it); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { posix_spawnattr_destroy(&it); }
};
struct SpawnActions {
  posix_spawn_file_actions_t it;
  SpawnActions() { posix_spawn_file_actions_init(&it); }
  SpawnActions(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&it); }
};

int spawn(pid_t& pid, const std::string& program, const std::vector<std::string>& arguments, int channel) {
  SpawnActions actions;
  SpawnAttributes attributes;
  // Onto itself this clears close-on-exec (posix_spawn_file_actions_adddup2(3p)).
  posix_spawn_file_actions_adddup2(&actions.it, channel, kChannel);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes.it, &none);
  posix_spawnattr_setsigdefault(&attributes.it, &all);
  posix_spawnattr_setflags(&attributes.it, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv, envp;
  for (const auto& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  std::string variable = std::string(kVariable) + "=" + std::to_string(kChannel);
  for (char** e = environ; *e; ++e) envp.push_back(*e);
  envp.push_back(variable.data());
  envp.push_back(nullptr);
  return ::posix_spawn(&pid, program.c_str(), &actions.it, &attributes.it, argv.data(), envp.data());
}

bool send_record(int channel, char kind, const std::string& name, const int* fds,
                 std::size_t count) noexcept {
  iovec parts[2] = {{&kind, 1}, {const_cast<char*>(name.data()), name.size()}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kAtOnce)] = {};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  if (count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(rights), fds, sizeof(int) * count);
  }
  return ::sendmsg(channel, &message, MSG_NOSIGNAL) >= 0;
}

// '\0': the channel has ended, or what came is nothing of ours.
char receive_record(int channel, HandedSockets& out) {
  char bytes[1 + kLongest];
  iovec part = {bytes, sizeof bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kAtOnce)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return '\0';
  out = {std::string(bytes + 1, static_cast<std::size_t>(size) - 1), bytes[0] == kSocketsAndFile, {}};
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    out.fds.resize((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(out.fds.data(), CMSG_DATA(c), out.fds.size() * sizeof(int));
  }
  return (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ? '\0' : bytes[0];
}

// Longer than a record may be, so it goes as a file.
bool give(int channel, const HandedState& state) noexcept {
  int fd = ::memfd_create("handover", MFD_CLOEXEC);
  bool good = fd >= 0;
  for (std::string_view rest = state.text; good && !rest.empty();) {
    ssize_t n = ::write(fd, rest.data(), rest.size());
    good = n > 0;
    if (good) rest.remove_prefix(static_cast<std::size_t>(n));
  }
  good = good && send_record(channel, kState, state.name, &fd, 1);
  int error = errno;
  if (fd >= 0) ::close(fd);
  errno = error;
  return good;
}

bool read_all(int fd, std::string& out) {
  struct stat file;
  if (::fstat(fd, &file) != 0) return false;
  out.resize(static_cast<std::size_t>(file.st_size));
  for (std::size_t at = 0; at < out.size();) {
    ssize_t n = ::pread(fd, out.data() + at, out.size() - at, static_cast<off_t>(at));
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

bool give(int channel, const std::vector<HandedSockets>& sockets,
          const std::vector<HandedState>& states) noexcept {
  for (const auto& s : states)
    if (!give(channel, s)) return false;
  for (const auto& s : sockets)
    for (std::size_t at = 0; at < s.fds.size(); at += kAtOnce) {
      auto count = std::min(kAtOnce, s.fds.size() - at);
      if (!send_record(channel, s.owns_file ? kSocketsAndFile : kSockets, s.name, s.fds.data() + at, count))
        return false;
    }
  return send_record(channel, kEnd, "", nullptr, 0);
}

}  // namespace

base::Result<Successor> Successor::start(const std::string& program,
                                         const std::vector<std::string>& arguments,
                                         const std::vector<HandedSockets>& sockets,
                                         const std::vector<HandedState>& states,
                                         std::chrono::milliseconds patience) {
  auto failed = [&](int error) {
    return base::fail(base::Reason::internal, program + " cannot be started: " + std::strerror(error));
  };
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failed(errno);
  timeval limit{static_cast<time_t>(patience.count() / 1000),
                static_cast<suseconds_t>(patience.count() % 1000 * 1000)};
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  pid_t pid = 0;
  int error = spawn(pid, program, arguments, ends[1]);
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return failed(error);
  }
  Successor out(pid, ends[0]);
  if (!give(out.channel_, sockets, states)) {
    int why = errno;
    out.end();
    return base::fail(base::Reason::internal, program + " did not take the sockets: " + std::strerror(why));
  }
  return out;
}

Successor::Successor(Successor&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), channel_(std::exchange(other.channel_, -1)) {}

Successor::~Successor() {
  if (channel_ >= 0) ::close(channel_);
}

Successor::Said Successor::said() noexcept {
  pollfd look{channel_, POLLIN, 0};
  if (::poll(&look, 1, 0) <= 0) return Said::nothing;
  HandedSockets none;
  return receive_record(channel_, none) == kReady ? Said::ready : Said::ended;
}

void Successor::end() noexcept {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

std::optional<Predecessor> Predecessor::from_environment() {
  const char* value = std::getenv(kVariable);
  bool ours = value && std::string_view(value) == std::to_string(kChannel);
  ::unsetenv(kVariable);
  if (!ours) return std::nullopt;
  ::close_range(kChannel + 1, ~0U, 0);
  ::fcntl(kChannel, F_SETFD, FD_CLOEXEC);
  Predecessor out(kChannel);
  for (HandedSockets one;;) {
    char kind = receive_record(out.channel_, one);
    if (kind == kEnd) return out;
    if (out.take(std::move(one), kind)) continue;
    base::log(base::Level::error, "the process that started this one did not hand over its sockets");
    return std::nullopt;
  }
}

bool Predecessor::take(HandedSockets one, char kind) {
  if (kind == kState) {
    HandedState state{one.name, {}};
    bool good = one.fds.size() == 1 && read_all(one.fds.front(), state.text);
    for (int fd : one.fds) ::close(fd);
    states_.push_back(std::move(state));
    return good;
  }
  if (kind != kSockets && kind != kSocketsAndFile) return false;
  auto same = std::ranges::find(sockets_, one.name, &HandedSockets::name);
  if (same == sockets_.end()) {
    sockets_.push_back(std::move(one));
  } else {
    same->fds.insert(same->fds.end(), one.fds.begin(), one.fds.end());
  }
  return true;
}

Predecessor::Predecessor(Predecessor&& other) noexcept
    : channel_(std::exchange(other.channel_, -1)),
      sockets_(std::move(other.sockets_)),
      states_(std::move(other.states_)) {}

Predecessor::~Predecessor() {
  if (channel_ >= 0) ::close(channel_);
  for (const auto& s : sockets_)
    for (int fd : s.fds) ::close(fd);
}

void Predecessor::ready() noexcept { (void)send_record(channel_, kReady, "", nullptr, 0); }

}  // namespace sluice::net
