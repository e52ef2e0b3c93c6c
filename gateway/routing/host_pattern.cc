// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/strings.h"
#include "gateway/routing/pattern.h"

namespace sluice::routing {
namespace {

constexpr std::size_t kMaxHost = 253;  // RFC 1035 section 2.3.4, without the root's dot
constexpr std::size_t kMaxLabel = 63;

bool alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

PatternFault fault(std::size_t offset, std::string text) { return {offset, std::move(text)}; }

// What is wrong with the one character that cannot stand in a host name.
std::string wrong_character(char c) {
  switch (c) {
    case '*':
      return "`*` stands for whole labels and only at the start, as in `*.example.com`";
    case ':':
      return "a host is matched without its port; leave the port out";
    case '/':
      return "a host has no path and no scheme; `path` matches the path";
  }
  if (static_cast<unsigned char>(c) >= 0x80)
    return "write an internationalised name in its A-label form, `xn--...`, which is what clients send";
  return std::string("`") + c + "` cannot stand in a host name";
}

// `at`: where `name` starts in the text as written.
std::variant<std::monostate, PatternFault> check_name(std::string_view name, std::size_t at) {
  if (name.size() > kMaxHost) return fault(at, "a host name has at most 253 characters");
  std::size_t label = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i < name.size() && name[i] != '.') {
      if (!alphanumeric(name[i]) && name[i] != '-' && name[i] != '_')
        return fault(at + i, wrong_character(name[i]));
      continue;
    }
    if (i == label) return fault(at + i, "a label of the host name is empty");
    if (i - label > kMaxLabel) return fault(at + label, "a label of a host name has at most 63 characters");
    label = i + 1;
  }
  return {};
}

// "[::1]", compared as text: clients write one form of an address, the short one of RFC 5952.
Parsed<HostPattern> parse_address(std::string_view text) {
  auto close = text.find(']');
  if (close == std::string_view::npos) return fault(text.size(), "`]` is missing");
  if (close + 1 != text.size())
    return fault(close + 1, "a host is matched without its port; leave the port out");
  auto wrong = text.substr(1, close - 1).find_first_not_of("0123456789abcdefABCDEF:.");
  if (wrong != std::string_view::npos || close < 3)
    return fault(close < 3 ? 1 : 1 + wrong, "not an IPv6 address");
  return HostPattern{HostPattern::Kind::exact, base::to_lower(text)};
}

}  // namespace

std::string HostPattern::text() const {
  if (kind == Kind::any) return "any host";
  return kind == Kind::wildcard ? "*." + name : name;
}

Parsed<HostPattern> parse_host(std::string_view text) {
  if (text.empty()) return fault(0, "the host is empty; leave `host` out to match every host");
  if (text == "*") return HostPattern{};
  if (text.front() == '[') return parse_address(text);
  if (auto scheme = text.find("://"); scheme != std::string_view::npos)
    return fault(scheme, "a host is matched without its scheme; leave `" +
                             std::string(text.substr(0, scheme + 3)) + "` out");
  bool wildcard = text.starts_with("*.");
  std::string_view name = text.substr(wildcard ? 2 : 0);
  if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
  auto checked = check_name(name, wildcard ? 2 : 0);
  if (auto* f = std::get_if<PatternFault>(&checked)) return std::move(*f);
  return HostPattern{wildcard ? HostPattern::Kind::wildcard : HostPattern::Kind::exact, base::to_lower(name)};
}

}  // namespace sluice::routing
