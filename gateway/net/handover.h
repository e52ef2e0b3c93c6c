// SPDX-License-Identifier: Apache-2.0
// Handover: a running process gives its listening sockets to a new one of the same program, so that the
// program can be replaced without a connection being refused or cut. The old process is the Predecessor, the
// new one its Successor. Between them is a channel, a pair of Unix sockets: the sockets go over it
// (SCM_RIGHTS of unix(7)), and when the new process serves it says so. A channel that ends before that means
// that the new process could not. Control thread.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/result.h"

namespace sluice::net {

// Listening sockets of one name, all on one address.
struct HandedSockets {
  std::string name;
  bool owns_file =
      false;  // the file of a Unix socket goes over too: whoever has the sockets removes it at the end
  std::vector<int> fds;
};

// What was said to the process while it ran, as text of that name.
struct HandedState {
  std::string name;
  std::string text;
};

// What the old process knows of the new one. Destroying it closes the channel and leaves the process alone.
class Successor {
 public:
  // Starts `program` with `arguments` (the first one is its name), and gives it the states, and the sockets,
  // which stay open here too. Nothing else is inherited but the standard streams, the environment and the
  // working directory. Blocks until the new process has taken the sockets, for `patience` at most; one that
  // has not is ended.
  static base::Result<Successor> start(const std::string& program, const std::vector<std::string>& arguments,
                                       const std::vector<HandedSockets>& sockets,
                                       const std::vector<HandedState>& states,
                                       std::chrono::milliseconds patience);
  Successor(Successor&& other) noexcept;
  Successor& operator=(Successor&&) = delete;
  ~Successor();

  pid_t pid() const noexcept { return pid_; }
  // Readable when said() has something to tell; never blocks.
  int channel() const noexcept { return channel_; }
  enum class Said : unsigned char { nothing, ready, ended };
  Said said() noexcept;
  // Kills the process, if it lives, and waits for its end.
  void end() noexcept;

 private:
  Successor(pid_t pid, int channel) noexcept : pid_(pid), channel_(channel) {}

  pid_t pid_;
  int channel_;
};

// What the new process knows of the old one.
class Predecessor {
 public:
  // The one that started this process, if one did. To be called before anything is opened: descriptors that
  // the old process left open by mistake are closed.
  static std::optional<Predecessor> from_environment();
  Predecessor(Predecessor&& other) noexcept;
  Predecessor& operator=(Predecessor&&) = delete;
  ~Predecessor();

  // Those that were given, once; the caller's to close.
  std::vector<HandedSockets> take_sockets() noexcept { return std::move(sockets_); }
  std::vector<HandedState> take_states() noexcept { return std::move(states_); }
  // Tells it that this process serves now.
  void ready() noexcept;

 private:
  explicit Predecessor(int channel) noexcept : channel_(channel) {}
  bool take(HandedSockets one, char kind);

  int channel_;
  std::vector<HandedSockets> sockets_;
  std::vector<HandedState> states_;
};

}  // namespace sluice::net
