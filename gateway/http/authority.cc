// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/authority.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/base/strings.h"

namespace sluice::http {
namespace {

constexpr std::size_t kMaxHost = 255;

bool host_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// Every label between dots has a character; one dot at the very end is the root.
bool valid_name(std::string_view host) noexcept {
  if (host.empty() || host.size() > kMaxHost || host.front() == '.') return false;
  char before = 0;
  for (char c : host) {
    if (!host_char(c) || (c == '.' && before == '.')) return false;
    before = c;
  }
  return true;
}

bool valid_ipv6(std::string_view literal) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (literal.size() >= text.size() || literal.find('\0') != std::string_view::npos) return false;
  std::memcpy(text.data(), literal.data(), literal.size());
  in6_addr address;
  return inet_pton(AF_INET6, text.data(), &address) == 1;
}

base::Result<Authority> with_port(std::string_view host, std::string_view rest) {
  if (rest.empty()) return Authority{host, 0, false};
  if (rest.front() != ':')
    return base::fail(base::Reason::bad_request, "text after the host's closing bracket");
  rest.remove_prefix(1);
  auto port = base::parse_decimal(rest);
  if (!port || *port == 0 || *port > 65535 || rest.size() > 5)
    return base::fail(base::Reason::bad_request, "the port of the host is not a number from 1 to 65535");
  return Authority{host, static_cast<std::uint16_t>(*port), true};
}

}  // namespace

base::Result<Authority> parse_authority(std::string_view text) {
  if (text.starts_with('[')) {
    auto close = text.find(']');
    if (close == std::string_view::npos || !valid_ipv6(text.substr(1, close - 1)))
      return base::fail(base::Reason::bad_request, "the host is not a valid IPv6 literal");
    return with_port(text.substr(0, close + 1), text.substr(close + 1));
  }
  std::string_view host = text.substr(0, text.find(':'));
  if (host.empty()) return base::fail(base::Reason::bad_request, "the host is empty");
  if (text.find('@') != std::string_view::npos)
    return base::fail(base::Reason::bad_request, "user information in the host");
  if (!valid_name(host))
    return base::fail(base::Reason::bad_request, "the host is not a valid name or address");
  return with_port(host, text.substr(host.size()));
}

std::string_view normalise_host(std::string_view host, base::Arena& arena) {
  if (host.ends_with('.')) host.remove_suffix(1);
  bool upper = std::any_of(host.begin(), host.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!upper) return host;
  char* out = arena.chars(host.size());
  std::transform(host.begin(), host.end(), out, base::lower);
  return {out, host.size()};
}

}  // namespace sluice::http
