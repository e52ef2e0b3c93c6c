// SPDX-License-Identifier: Apache-2.0
// KeyPart: a part of the key by which requests are told apart: an address, a consumer, a header field. The
// one way to write such a key, whatever it is for: limits count by it (chain/caller_key.h, which also reads
// it from a request), balancers keep requests together by it (upstream/balance_config.h).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/config/types.h"

namespace sluice::config {

struct KeyPart {
  enum class Kind : std::uint8_t {
    ip,
    consumer,
    credential,
    route,
    header,
    claim,
    cookie,
    query,
    path,
    groups,
    scopes
  };
  Kind kind = Kind::ip;
  std::string name = {};  // of a header, claim, cookie, query parameter or captured part of the path
  // As written: "header.X-Key".
  std::string text() const;
  // Without the name: "header".
  std::string_view kind_text() const noexcept;
  bool operator==(const KeyPart&) const = default;
};
void describe(Text<KeyPart>& t);

}  // namespace sluice::config
