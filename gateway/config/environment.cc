// SPDX-License-Identifier: Apache-2.0
// The real Environment: the process's variables and the file system.
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "gateway/config/load.h"

namespace sluice::config {

namespace {

std::string reason(int error) { return std::generic_category().message(error); }

// A pipe such as <(command) may take its time, but a reload must not wait for ever for one that is never
// filled.
constexpr int kPatience = 5000;  // milliseconds without a byte

bool more_comes(int fd) noexcept {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, kPatience) > 0;
}

// At least up to `limit` + 1 bytes of an open file, which does not block; the reason if that fails.
std::string read_all(int fd, std::size_t limit, std::string& out) {
  char buffer[16384];
  while (out.size() <= limit) {
    ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      if (!more_comes(fd)) return "nothing has come out of it for five seconds";
      continue;
    }
    if (n < 0) return reason(errno);
    out.append(buffer, static_cast<std::size_t>(n));
  }
  if (out.size() > limit) return "larger than " + std::to_string(limit >> 20) + " MiB";
  return {};
}

class SystemEnvironment final : public Environment {
 public:
  std::optional<std::string> variable(const std::string& name) const override {
    const char* value = std::getenv(name.c_str());
    if (!value) return std::nullopt;
    return value;
  }

  Text read(const std::string& path, std::size_t limit) const override {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return {std::nullopt, reason(errno)};
    std::string text;
    std::string error = read_all(fd, limit, text);
    struct stat facts;
    bool ordinary = ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
    ::close(fd);
    // A pipe that nobody fills, a device: not the same as an empty file.
    if (error.empty() && text.empty() && !ordinary) error = "not a file, and nothing came out of it";
    if (!error.empty()) return {std::nullopt, error};
    return {std::move(text), {}};
  }

  Names matches(const std::string& pattern) const override {
    glob_t found{};
    int result = ::glob(pattern.c_str(), GLOB_ERR, nullptr, &found);
    int error = errno;
    Names out;
    if (result == 0) out.names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    if (result == GLOB_ABORTED) out.error = reason(error);
    if (result == GLOB_NOSPACE) out.error = reason(ENOMEM);
    ::globfree(&found);
    return out;
  }
};

}  // namespace

const Environment& system_environment() {
  static const SystemEnvironment environment;
  return environment;
}

}  // namespace sluice::config
