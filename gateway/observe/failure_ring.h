// SPDX-License-Identifier: Apache-2.0
// FailureRing: the last exchanges of one worker that failed or were refused, for people who ask why. Memory
// is fixed; texts are copied, cut where they are long, and the newest failure takes the place of the oldest
// one. Written by the worker in front of its log, read on its thread too: whoever wants to read sends the
// worker a job. What clients did wrong has a quarter of the room to itself, so that nobody who guesses paths
// or passwords can make the gateway forget what went wrong on its own side.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/observe/log_line.h"

namespace sluice::observe {

// One of them, as it is read. Texts may have been cut.
struct Failure {
  struct Attempt {
    std::string target;
    int status = 0;  // 0: no response began
    base::Reason reason = base::Reason::none;
    base::Duration duration{};
  };
  base::WallTime time{};  // when the request began
  unsigned worker = 0;
  std::string request_id, listener, client_ip, method, host, protocol;
  std::string path;  // without its query, which may hold secrets
  int status = 0;
  base::Reason reason = base::Reason::none;  // none: the answer came from the upstream
  std::string detail;
  Source source = Source::gateway;
  std::string route, policy_denied, consumer, upstream;
  std::vector<Attempt> attempts;  // in the order in which they were made
  std::uint64_t bytes_in = 0, bytes_out = 0;
  base::Duration duration{};
  std::optional<base::Duration> queue, auth, filters, connect, first_byte, upstream_time, client_write;
  std::string config_hash;
};

// Which of them; those with the values that are not empty, the newest first.
struct FailureQuery {
  std::string request_id, route, reason;
  std::size_t limit = 100;
};

class FailureRing {
 public:
  // Room for so many, at least 4.
  FailureRing(std::size_t entries, unsigned worker);
  FailureRing(const FailureRing&) = delete;
  FailureRing& operator=(const FailureRing&) = delete;
  ~FailureRing();

  // Is this worth an entry?
  static bool concerns(base::Reason reason, int status) noexcept {
    return reason != base::Reason::none || status >= 500;
  }
  // Copies what is of interest. No allocation.
  void write(const AccessRecord& record) noexcept;
  std::vector<Failure> read(const FailureQuery& query) const;
  // Bytes of one entry, for the reference.
  static std::size_t entry_size() noexcept;

 private:
  struct Slot;
  struct Part {
    std::unique_ptr<Slot[]> slots;
    std::size_t size = 0;
    std::uint64_t written = 0;
    // The one written `age` before the newest, which has 0; null if there is none such.
    const Slot* at(std::uint64_t age) const noexcept;
  };
  static Part part(std::size_t size);

  unsigned worker_;
  Part callers_, ours_;
};

}  // namespace sluice::observe
