// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/peek.h"

#include <cstring>

namespace sluice::net {

using base::Outcome;
using base::Reason;

base::Task<base::Result<std::size_t>> peek(Transport& from, std::span<char> into, std::size_t than,
                                           base::Duration timeout) {
  for (;;) {
    Io io = from.try_peek(into);
    if (io.kind == Io::Kind::moved && io.bytes > than) co_return io.bytes;
    if (io.kind == Io::Kind::failed)
      co_return base::fail(Reason::client_closed,
                           std::string("the connection failed: ") + std::strerror(io.error));
    // What has arrived stays there, so the system would say at once that something can be read.
    if (io.kind == Io::Kind::moved && !from.hung_up()) {
      from.want_more();
    } else if (io.kind != Io::Kind::again) {
      co_return std::size_t{0};
    }
    auto wait = from.readable(timeout);
    auto outcome = co_await wait;
    if (outcome != Outcome::ready && io.kind == Io::Kind::moved) from.take_what_is_there();
    if (outcome == Outcome::cancelled) co_return base::fail(wait.why());
    if (outcome == Outcome::timeout) co_return base::fail(Reason::client_timeout, "the client sent nothing");
  }
}

}  // namespace sluice::net
