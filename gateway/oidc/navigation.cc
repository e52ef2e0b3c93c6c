// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/navigation.h"

#include "gateway/base/strings.h"

namespace sluice::oidc {

bool opens_page(const http::RequestHead& request) noexcept {
  bool safe = request.method == http::Method::get || request.method == http::Method::head;
  if (!safe || !request.upgrade.empty()) return false;
  const http::Field* mode = request.fields.find("Sec-Fetch-Mode");
  if (mode && mode->value != "navigate") return false;
  if (request.fields.find("X-Requested-With")) return false;
  for (const http::Field& line : request.fields.lines()) {
    if (line.dropped || line.id != http::FieldId::accept) continue;
    std::string_view token;
    for (std::string_view rest = line.value; base::next_token(rest, token);) {
      auto type = base::trim(token.substr(0, token.find(';')));
      if (base::equal_ignoring_case(type, "text/html") ||
          base::equal_ignoring_case(type, "application/xhtml+xml"))
        return true;
    }
  }
  return false;
}

}  // namespace sluice::oidc
