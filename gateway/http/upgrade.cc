// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/upgrade.h"

#include "gateway/base/strings.h"

namespace sluice::http {
namespace {

// protocol = protocol-name ["/" protocol-version], both tokens.
bool one_protocol(std::string_view value) noexcept {
  auto slash = value.find('/');
  if (!valid_field_name(value.substr(0, slash))) return false;
  return slash == value.npos || valid_field_name(value.substr(slash + 1));
}

bool carries_requests(std::string_view protocol) noexcept {
  auto name = protocol.substr(0, protocol.find('/'));
  for (std::string_view known : {"h2c", "h2", "h3", "http", "tls"})
    if (base::equal_ignoring_case(name, known)) return true;
  return name.starts_with("h2c-") || name.starts_with("H2C-");  // drafts of it
}

}  // namespace

std::string_view switched_protocol(const Fields& fields) noexcept {
  if (fields.count(FieldId::upgrade) != 1) return {};
  auto protocol = fields.value(FieldId::upgrade);
  return one_protocol(protocol) ? protocol : std::string_view{};
}

std::string_view asked_protocol(const RequestHead& head, const Framing& framing) noexcept {
  bool body = framing.kind == Framing::Kind::chunked || framing.length > 0;
  if (body || head.method == Method::head || head.method == Method::connect || head.method == Method::trace)
    return {};
  auto protocol = switched_protocol(head.fields);
  return carries_requests(protocol) ? std::string_view{} : protocol;
}

bool same_protocol(std::string_view a, std::string_view b) noexcept {
  return base::equal_ignoring_case(a, b);
}

}  // namespace sluice::http
