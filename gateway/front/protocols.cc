// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/protocols.h"

#include <algorithm>
#include <chrono>

#include "gateway/net/peek.h"

namespace sluice::front {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// What a client that is told to leave may take to begin, as on connections of HTTP/1: see h1/server.cc.
constexpr base::Duration kLastWord = std::chrono::milliseconds(500);
constexpr auto kNever = base::SteadyTime::max();

base::Duration until(base::SteadyTime due, const net::Loop& loop) noexcept {
  return due == kNever ? base::Duration::zero() : std::max(base::Duration(1), due - loop.now());
}

base::Task<std::optional<Spoken>> by_preface(net::Loop& loop, net::Transport& transport,
                                             base::Duration timeout) {
  char seen[kPreface.size()];
  auto whole_by = timeout > base::Duration::zero() ? loop.now() + timeout : kNever;
  auto begun_by = whole_by;
  for (std::size_t n = 0;;) {
    auto due = n == 0 ? begun_by : whole_by;
    auto more = co_await net::peek(transport, seen, n, until(due, loop));
    if (!more) {
      if (more.error().reason != base::Reason::client_timeout) co_return Spoken{Protocol::h1, false};
      if (loop.now() >= due) {
        if (n == 0) co_return std::nullopt;
        co_return Spoken{Protocol::h1, true};
      }
      // Woken to drain: what has begun goes on, and what is on its way is waited for.
      begun_by = std::min(begun_by, loop.now() + kLastWord);
      continue;
    }
    if (*more == 0) co_return Spoken{Protocol::h1, false};
    n = *more;
    if (!kPreface.starts_with({seen, n})) co_return Spoken{Protocol::h1, false};
    if (n == kPreface.size()) co_return Spoken{Protocol::h2, false};
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

base::Task<std::optional<Spoken>> spoken_protocol(net::Loop& loop, net::Transport& transport,
                                                  Protocols allowed, base::Duration timeout) {
  using Only = std::optional<Spoken>;
  if (!allowed.h2) return Only({Protocol::h1, false});
  if (!allowed.h1) return Only({Protocol::h2, false});
  return by_preface(loop, transport, timeout);
}

}  // namespace sluice::front
