// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/dns_message.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "gateway/net/dns_limits.h"

namespace sluice::net {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kCname = 5;
// Pointers followed in one name: each leads further to the front, so more than this is no honest message.
constexpr int kMostPointers = 64;

class DnsReader {
 public:
  explicit DnsReader(std::span<const unsigned char> message) : all_(message) {}

  std::size_t at() const noexcept { return at_; }
  bool skip(std::size_t n) noexcept {
    if (n > all_.size() - at_) return false;
    at_ += n;
    return true;
  }
  std::optional<std::uint16_t> u16() noexcept {
    if (all_.size() - at_ < 2) return std::nullopt;
    auto value = static_cast<std::uint16_t>(all_[at_] << 8 | all_[at_ + 1]);
    at_ += 2;
    return value;
  }
  std::optional<std::uint32_t> u32() noexcept {
    auto high = u16(), low = u16();
    if (!high || !low) return std::nullopt;
    return std::uint32_t{*high} << 16 | *low;
  }
  std::span<const unsigned char> bytes(std::size_t n) const noexcept { return all_.subspan(at_, n); }

  // Past a name, without following pointers.
  bool skip_name() noexcept {
    while (at_ < all_.size()) {
      unsigned length = all_[at_];
      if (length == 0) return skip(1);
      if (length >= 0xc0) return skip(2);
      if (length >= 0x40 || !skip(length + 1)) return false;
    }
    return false;
  }

  // The name here, with dots between its labels; none if it is malformed or too long. Does not move on.
  std::optional<std::string> name() const {
    std::string out;
    std::size_t at = at_;
    int pointers = 0;
    while (at < all_.size()) {
      unsigned length = all_[at];
      if (length == 0) return out;
      if (length >= 0xc0) {
        if (at + 1 >= all_.size() || ++pointers > kMostPointers) return std::nullopt;
        std::size_t to = (length & 0x3fu) << 8 | all_[at + 1];
        if (to >= at) return std::nullopt;
        at = to;
        continue;
      }
      if (length >= 0x40 || length > all_.size() - at - 1) return std::nullopt;
      if (!out.empty()) out += '.';
      out.append(reinterpret_cast<const char*>(&all_[at + 1]), length);
      if (out.size() > kLongestDnsName) return std::nullopt;
      at += length + 1;
    }
    return std::nullopt;
  }

 private:
  std::span<const unsigned char> all_;
  std::size_t at_ = 0;
};

// Goes into Host fields, logs and the verification of certificates. Also makes it lower case.
bool usable_host(std::string& host) {
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!good) return false;
  }
  // A last label of digits would be taken for an IPv4 address, which no SRV record holds (RFC 2782).
  auto dot = host.rfind('.');
  auto last = dot == std::string::npos ? host : host.substr(dot + 1);
  return !host.empty() && last.find_first_not_of("0123456789") != std::string::npos;
}

void take_place(DnsReader data, DnsRecords& out) {
  auto priority = data.u16(), weight = data.u16(), port = data.u16();
  if (!priority || !weight || !port || *port == 0) return;
  auto host = data.name();
  if (!host || !usable_host(*host)) return;
  out.places.push_back({std::move(*host), *port, *priority, *weight});
}

base::Unexpected broken() {
  return base::fail(base::Reason::upstream_resolve_failed, "the answer of DNS is malformed");
}

}  // namespace

base::Result<DnsRecords> read_dns_answer(std::span<const unsigned char> message, DnsType type) {
  DnsReader in(message);
  if (!in.skip(4)) return broken();
  auto questions = in.u16(), answers = in.u16();
  if (message.size() < kHeader || !in.skip(4)) return broken();
  for (unsigned i = 0; i < *questions; ++i)
    if (!in.skip_name() || !in.skip(4)) return broken();
  DnsRecords out;
  std::uint32_t ttl = std::numeric_limits<std::uint32_t>::max();
  for (unsigned i = 0; i < *answers; ++i) {
    if (!in.skip_name()) return broken();
    auto kind = in.u16(), of_class = in.u16();
    auto good_for = in.u32();
    auto size = in.u16();
    if (!kind || !of_class || !good_for || !size) return broken();
    DnsReader data = in;
    if (!in.skip(*size)) return broken();
    bool wanted = *kind == static_cast<std::uint16_t>(type);
    if (*of_class != kDnsInternet || (!wanted && *kind != kCname)) continue;
    // RFC 2181 section 8: with the highest bit set it counts as zero.
    ttl = std::min(ttl, *good_for >> 31 ? 0 : *good_for);
    if (!wanted) continue;
    if (type == DnsType::srv) {
      take_place(data, out);
    } else if (*size == (type == DnsType::a ? 4u : 16u)) {
      auto number = data.bytes(*size);
      // 0.0.0.0 and :: are how filters of names say no; a connection to them would end at this machine.
      if (std::ranges::any_of(number, [](unsigned char byte) { return byte != 0; }))
        out.addresses.push_back(Address::of_bytes(number, 0));
    }
  }
  std::ranges::sort(out.places);
  auto same = std::ranges::unique(out.places);
  out.places.erase(same.begin(), same.end());
  bool any = !out.addresses.empty() || !out.places.empty();
  out.ttl = any ? ttl : 0;
  return out;
}

}  // namespace sluice::net
