// SPDX-License-Identifier: Apache-2.0
// write_all: sends a few pieces of memory, waiting as often as the other side makes it wait. Used by both
// sides of HTTP/1 for heads and bodies.
#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "gateway/base/task.h"
#include "gateway/net/pace.h"
#include "gateway/net/transport.h"

namespace sluice::net {

// How a write ended; `why` is the scope's reason of a cancelled one.
struct Written {
  enum class Kind : std::uint8_t { all, failed, timeout, cancelled } kind = Kind::all;
  base::Reason why = base::Reason::none;
  int error = 0;  // errno of a failed one
  explicit operator bool() const noexcept { return kind == Kind::all; }
};

// Adjusts `pieces` as bytes leave; they and the memory must outlive the task. `timeout` is for each wait, so
// a reader that takes a byte now and then is not cut off, unless there is a pace that he must keep. `sent`
// grows by what left.
base::Task<Written> write_all(Transport& to, std::span<iovec> pieces, base::Duration timeout,
                              std::uint64_t& sent, Pace* pace = nullptr);

inline iovec piece(std::string_view bytes) noexcept {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace sluice::net
