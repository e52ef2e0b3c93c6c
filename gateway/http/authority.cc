// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/authority.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/base/strings.h"
#include "gateway/http/block.h"

namespace sluice::http {
namespace {

constexpr std::size_t kMaxHost = 255;

// Letters, digits, "-", "_", ".", "~".
Block host_char(Block v) noexcept {
  return letter_or_digit(v) | between(v, '-', '.') | equal(v, '_') | equal(v, '~');
}

// Length of the host name at the front of `text`: all of it, or up to a byte that no name may hold; 0 if a
// label before that is empty. One dot at the very end is the root. `upper`: there is an upper case letter.
std::size_t name_length(std::string_view text, bool& upper) noexcept {
  const char* p = text.data();
  std::size_t left = text.size();
  std::uint32_t after_dot = 1;  // bit 0: a dot here would end an empty label
  for (;;) {
    Block v = left < kBlock ? load_part(p, left) : load(p);
    std::uint32_t dots = bits(equal(v, '.'));
    std::uint32_t ends = ~bits(host_char(v));  // of the zeros behind the text, too, and above the block
    unsigned length = static_cast<unsigned>(std::countr_zero(ends));
    std::uint32_t empty = dots & (dots << 1 | after_dot), name = (1U << length) - 1;
    if ((empty & name) != 0) return 0;
    upper |= (bits(between(v, 'A', 'Z')) & name) != 0;
    if (length < kBlock || left == kBlock) return static_cast<std::size_t>(p - text.data()) + length;
    after_dot = dots >> (kBlock - 1);
    p += kBlock;
    left -= kBlock;
  }
}

bool valid_ipv6(std::string_view literal) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (literal.size() >= text.size() || literal.find('\0') != std::string_view::npos) return false;
  std::memcpy(text.data(), literal.data(), literal.size());
  in6_addr address;
  return inet_pton(AF_INET6, text.data(), &address) == 1;
}

base::Result<Authority> with_port(std::string_view host, std::string_view rest, bool normal) {
  if (rest.empty()) return Authority{host, 0, false, normal};
  if (rest.front() != ':')
    return base::fail(base::Reason::bad_request, "text after the host's closing bracket");
  rest.remove_prefix(1);
  std::uint32_t port = 0;
  bool valid = !rest.empty() && rest.size() <= 5;
  for (std::size_t i = 0; valid && i < rest.size(); ++i) {
    unsigned digit = static_cast<unsigned char>(rest[i]) - '0';
    valid = digit <= 9;
    port = port * 10 + digit;
  }
  if (!valid || port == 0 || port > 65535)
    return base::fail(base::Reason::bad_request, "the port of the host is not a number from 1 to 65535");
  return Authority{host, static_cast<std::uint16_t>(port), true, normal};
}

[[gnu::cold]] base::Unexpected refuse_host(std::string_view text) {
  if (text.empty() || text.front() == ':') return base::fail(base::Reason::bad_request, "the host is empty");
  if (text.find('@') != std::string_view::npos)
    return base::fail(base::Reason::bad_request, "user information in the host");
  return base::fail(base::Reason::bad_request, "the host is not a valid name or address");
}

}  // namespace

base::Result<Authority> parse_authority(std::string_view text) {
  if (text.starts_with('[')) {
    auto close = text.find(']');
    if (close == std::string_view::npos || !valid_ipv6(text.substr(1, close - 1)))
      return base::fail(base::Reason::bad_request, "the host is not a valid IPv6 literal");
    return with_port(text.substr(0, close + 1), text.substr(close + 1), false);
  }
  bool upper = false;
  std::size_t length = name_length(text, upper);
  bool complete = length == text.size() || text[length] == ':';
  if (length == 0 || length > kMaxHost || !complete) return refuse_host(text);
  bool normal = !upper && text[length - 1] != '.';
  return with_port(text.substr(0, length), text.substr(length), normal);
}

std::string_view normalise_host(std::string_view host, base::Arena& arena) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const char* end = host.data() + host.size();
  if (find_first(host.data(), end, [](Block v) { return between(v, 'A', 'Z'); }) == end) return host;
  char* out = arena.chars(host.size());
  std::transform(host.begin(), host.end(), out, base::lower);
  return {out, host.size()};
}

}  // namespace sluice::http
