// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/connection.h"

namespace sluice::http {

base::Task<void> linger(net::Transport& transport, net::Loop& loop) {
  constexpr std::size_t kAtMost = 1024 * 1024;
  constexpr base::Duration kWait = std::chrono::seconds(2);
  transport.shutdown_write();
  auto buffer = loop.buffers().head();
  std::size_t seen = 0;
  auto deadline = loop.now() + kWait;
  while (seen < kAtMost && loop.now() < deadline) {
    net::Io io = transport.try_read({buffer.data(), buffer.size()});
    seen += io.bytes;
    if (io.kind == net::Io::Kind::closed || io.kind == net::Io::Kind::failed) co_return;
    if (io.kind == net::Io::Kind::moved) continue;
    auto wait = transport.readable(kWait);
    if (co_await wait != base::Outcome::ready) co_return;
  }
}

}  // namespace sluice::http
