// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/handshake.h"

#include <algorithm>

#include "gateway/base/base64.h"
#include "gateway/base/strings.h"
#include "gateway/chain/local_reply.h"
#include "gateway/http/upgrade.h"

namespace sluice::handlers {
namespace {

using base::Reason;

constexpr std::string_view kKey = "Sec-WebSocket-Key", kVersion = "Sec-WebSocket-Version", kOurs = "13";

// The value of the one line of that name, "" if there are none or several.
std::string_view only(const http::Fields& fields, std::string_view name) noexcept {
  std::string_view out;
  int lines = 0;
  for (const http::Field& line : fields.lines()) {
    if (line.dropped || !base::equal_ignoring_case(line.name, name)) continue;
    out = line.value;
    ++lines;
  }
  return lines == 1 ? out : std::string_view{};
}

// Sixteen bytes in base64.
bool valid_key(std::string_view key) noexcept {
  char bytes[18];
  return key.size() == base::base64_size(16) && base::decode_base64(key, bytes) == 16U;
}

}  // namespace

bool opens_rightly(chain::Exchange& ex) {
  const auto& request = ex.request;
  if (!http::same_protocol(request.upgrade, "websocket")) return true;
  bool h2 = request.version == http::Version::http_2;
  if (!h2 && request.method != http::Method::get) {
    chain::make_local_reply(ex, Reason::bad_request, "a WebSocket is opened by GET");
    return false;
  }
  bool named = request.fields.find(kVersion);
  if ((named || !h2) && only(request.fields, kVersion) != kOurs) {
    chain::make_local_reply(ex, Reason::upgrade_required, "Sec-WebSocket-Version is not 13");
    ex.response.fields.add(kVersion, kOurs);
    ex.response.upgrade = request.upgrade;
    return false;
  }
  if (!h2 && !valid_key(only(request.fields, kKey))) {
    chain::make_local_reply(ex, Reason::bad_request, "Sec-WebSocket-Key is not one of 16 bytes in base64");
    return false;
  }
  return true;
}

}  // namespace sluice::handlers
