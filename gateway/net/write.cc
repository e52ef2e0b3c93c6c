// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/write.h"

namespace sluice::net {
namespace {

// Takes n bytes off the front; the rest.
std::span<iovec> advance(std::span<iovec> pieces, std::size_t n) noexcept {
  while (!pieces.empty() && n >= pieces.front().iov_len) {
    n -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (!pieces.empty()) {
    pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + n;
    pieces.front().iov_len -= n;
  }
  return pieces;
}

base::Task<Written> write_rest(Transport& to, std::span<iovec> pieces, base::Duration timeout,
                               std::uint64_t& sent, Pace* pace) {
  for (;;) {
    auto limit = pace ? pace->begin_wait(timeout, sent) : std::optional(timeout);
    if (!limit) co_return Written{Written::Kind::timeout, {}, 0};
    auto wait = to.writable(*limit);
    auto outcome = co_await wait;
    if (pace) pace->end_wait();
    if (outcome == base::Outcome::cancelled) co_return Written{Written::Kind::cancelled, wait.why(), 0};
    if (outcome == base::Outcome::timeout) co_return Written{Written::Kind::timeout, {}, 0};
    Io io = to.try_write(pieces);
    if (io.kind == Io::Kind::failed) co_return Written{Written::Kind::failed, {}, io.error};
    sent += io.bytes;
    pieces = advance(pieces, io.bytes);
    if (pieces.empty()) co_return Written{};
  }
}

}  // namespace

base::Task<Written> write_all(Transport& to, std::span<iovec> pieces, base::Duration timeout,
                              std::uint64_t& sent, Pace* pace) {
  Io io = to.try_write(pieces);
  if (io.kind == Io::Kind::failed) return Written{Written::Kind::failed, {}, io.error};
  sent += io.bytes;
  pieces = advance(pieces, io.bytes);
  if (pieces.empty()) return Written{};
  return write_rest(to, pieces, timeout, sent, pace);
}

}  // namespace sluice::net
