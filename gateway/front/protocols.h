// SPDX-License-Identifier: Apache-2.0
// Which versions of HTTP a listener speaks, and the step of a connection that finds out which of them the
// client has chosen. `Upgrade: h2c` is none of the ways: it would let one request through unseen (RFC 9113
// section 3.1 has done away with it). On the worker of the connection.
#pragma once
#include <optional>
#include <vector>

#include "gateway/base/task.h"
#include "gateway/config/describe.h"
#include "gateway/net/loop.h"
#include "gateway/net/transport.h"

namespace sluice::front {

// h2c is in what operators write only: h2 of a listener without TLS.
enum class Protocol : std::uint8_t { h1, h2, h2c };
void describe(config::Enumeration<Protocol>& e);

struct Protocols {
  bool h1 = true;
  bool h2 = false;
};
// What the operator wrote; nothing: h1 on a plain listener, both on an encrypted one.
Protocols protocols_of(const std::vector<Protocol>& written, bool encrypted) noexcept;

// What a client has chosen.
struct Spoken {
  Protocol protocol;  // h1 or h2
  bool late;          // what it sent may be the begin of either, and the time for the rest of it has passed
};

// By the first bytes, which stay where they are: HTTP/2 with prior knowledge begins with a preface that is no
// request (RFC 9113 section 3.4). None if nothing came for that long. `timeout`: for the preface, zero: no
// limit. A connection that is to drain is told by Transport::interrupt_read(): if nothing has come yet it
// has little time left for that.
base::Task<std::optional<Spoken>> spoken_protocol(net::Loop& loop, net::Transport& transport,
                                                  Protocols allowed, base::Duration timeout);

}  // namespace sluice::front
