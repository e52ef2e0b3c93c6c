// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/protocols.h"

#include <algorithm>

#include "gateway/net/peek.h"

namespace sluice::front {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

base::Task<Protocol> by_preface(net::Loop& loop, net::Transport& transport, base::Duration timeout) {
  char seen[kPreface.size()];
  auto deadline = loop.now() + timeout;
  for (std::size_t n = 0;;) {
    auto left = timeout;
    if (timeout > base::Duration::zero()) left = std::max(base::Duration(1), deadline - loop.now());
    auto more = co_await net::peek(transport, seen, n, left);
    if (!more || *more == 0) co_return Protocol::h1;
    n = *more;
    if (!kPreface.starts_with({seen, n})) co_return Protocol::h1;
    if (n == kPreface.size()) co_return Protocol::h2;
  }
}

}  // namespace

void describe(config::Enumeration<Protocol>& e) {
  e.about("protocol");
  e.value("h1", Protocol::h1, "HTTP/1.1 and HTTP/1.0.");
  e.value("h2", Protocol::h2, "HTTP/2; without TLS by prior knowledge.");
  e.value("h2c", Protocol::h2c, "The same for a listener without `tls`; with it, it is a mistake.");
}

Protocols protocols_of(const std::vector<Protocol>& written, bool encrypted) noexcept {
  if (written.empty()) return {true, encrypted};
  auto has = [&](Protocol p) { return std::find(written.begin(), written.end(), p) != written.end(); };
  return {has(Protocol::h1), has(Protocol::h2) || has(Protocol::h2c)};
}

base::Task<Protocol> spoken_protocol(net::Loop& loop, net::Transport& transport, Protocols allowed,
                                     base::Duration timeout) {
  if (!allowed.h2) return Protocol::h1;
  if (!allowed.h1) return Protocol::h2;
  return by_preface(loop, transport, timeout);
}

}  // namespace sluice::front
