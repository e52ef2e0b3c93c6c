// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/request_id.h"

#include <algorithm>
#include <array>
#include <bit>
#include <random>

#include "gateway/base/hex.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/exchange.h"

namespace sluice::chain {
namespace {

// xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), seeded by the
// system.
class Random {
 public:
  Random() {
    std::random_device system;
    for (auto& word : state_) word = std::uint64_t{system()} << 32 | system();
  }
  std::uint64_t next() noexcept {
    auto& s = state_;
    const std::uint64_t result = std::rotl(s[0] + s[3], 23) + s[0];
    const std::uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = std::rotl(s[3], 45);
    return result;
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

// The `bytes` highest bytes of `value`.
char* write_hex(char* out, std::uint64_t value, int bytes) noexcept {
  for (; bytes > 0; --bytes, value <<= 8) out = base::write_hex(out, static_cast<unsigned char>(value >> 56));
  return out;
}

constexpr std::array<bool, 256> make_allowed() {
  std::array<bool, 256> table{};
  for (char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=:@"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kAllowed = make_allowed();

std::string_view only_id(const http::Fields& fields) noexcept {
  if (fields.count(http::FieldId::x_request_id) != 1) return {};
  std::string_view id = fields.value(http::FieldId::x_request_id);
  return valid_request_id(id) ? id : std::string_view();
}

}  // namespace

void write_uuid(std::span<char, kUuidSize> out, base::WallTime now) noexcept {
  thread_local Random random;
  const std::uint64_t low = random.next(), high = random.next();
  auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::uint64_t first = static_cast<std::uint64_t>(since) << 16 | 0x7000U | (high & 0x0FFFU);
  const std::uint64_t second = (low >> 2) | std::uint64_t{1} << 63;  // the variant: binary 10
  char* at = write_hex(out.data(), first, 4);
  *at++ = '-';
  at = write_hex(at, first << 32, 2);
  *at++ = '-';
  at = write_hex(at, first << 48, 2);
  *at++ = '-';
  at = write_hex(at, second, 2);
  *at++ = '-';
  write_hex(at, second << 16, 6);
}

std::string_view request_id(Exchange& ex) {
  if (ex.request_id.empty() && !ex.filter_names_it) ex.request_id = believed_request_id(ex);
  return own_request_id(ex);
}

std::string_view own_request_id(Exchange& ex) {
  if (ex.request_id.empty()) {
    char* text = ex.arena.chars(kUuidSize);
    write_uuid(std::span<char, kUuidSize>(text, kUuidSize), ex.worker.loop.clock().wall());
    ex.request_id = {text, kUuidSize};
  }
  return ex.request_id;
}

std::string_view offered_request_id(const Exchange& ex) noexcept { return only_id(ex.request.fields); }

std::string_view believed_request_id(const Exchange& ex) noexcept {
  return ex.stream.connection().forwarded ? only_id(client_fields(ex)) : std::string_view();
}

bool valid_request_id(std::string_view id) noexcept {
  if (id.empty() || id.size() > kMaxRequestId) return false;
  return std::all_of(id.begin(), id.end(), [](char c) { return kAllowed[static_cast<unsigned char>(c)]; });
}

}  // namespace sluice::chain
