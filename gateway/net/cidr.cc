// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/cidr.h"

#include <algorithm>
#include <cstring>

#include "gateway/base/strings.h"

namespace sluice::net {
namespace {

constexpr std::string_view kUnix = "unix";

base::Unexpected refuse(std::string why = {}) { return base::fail(base::Reason::internal, std::move(why)); }

// The bits of byte `index` that a prefix covers.
unsigned char mask(unsigned prefix, std::size_t index) noexcept {
  auto before = static_cast<unsigned>(index * 8);
  if (prefix <= before) return 0;
  return static_cast<unsigned char>(0xff00u >> std::min(prefix - before, 8u));
}

}  // namespace

base::Result<Cidr> Cidr::parse(std::string_view text) {
  Cidr out;
  if (text == kUnix) return out;
  auto slash = text.find('/');
  auto ip = text.substr(0, slash);
  auto address = ip.starts_with('[') ? base::Result<Address>(refuse()) : Address::parse(ip, 0);
  if (!address) return refuse();
  auto bytes = address->bytes();
  if (address->family() == AF_INET6 && bytes.size() == 4)
    return refuse("IPv4 is written as such: " + address->ip());
  out.size_ = static_cast<std::uint8_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.number_.begin());
  out.prefix_ = static_cast<std::uint8_t>(bytes.size() * 8);
  if (slash == std::string_view::npos) return out;
  auto prefix = base::parse_decimal(text.substr(slash + 1));
  if (!prefix || *prefix > bytes.size() * 8)
    return refuse("the length behind the / must be from 0 to " + std::to_string(bytes.size() * 8));
  out.prefix_ = static_cast<std::uint8_t>(*prefix);
  bool clean = true;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto kept = static_cast<unsigned char>(out.number_[i] & mask(out.prefix_, i));
    clean = clean && kept == out.number_[i];
    out.number_[i] = kept;
  }
  if (!clean) return refuse("it has bits set behind its length; did you mean " + out.text() + "?");
  return out;
}

bool Cidr::contains(const Address& address) const noexcept {
  auto bytes = address.bytes();
  if (size_ == 0) return address.is_unix();
  if (bytes.size() != size_) return false;
  std::size_t whole = prefix_ / 8;
  if (std::memcmp(bytes.data(), number_.data(), whole) != 0) return false;
  return whole == size_ || (bytes[whole] & mask(prefix_, whole)) == number_[whole];
}

std::string Cidr::text() const {
  if (size_ == 0) return std::string(kUnix);
  auto ip = Address::of_bytes({number_.data(), size_}, 0).ip();
  return prefix_ == size_ * 8 ? ip : ip + "/" + std::to_string(prefix_);
}

}  // namespace sluice::net
