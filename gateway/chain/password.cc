// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/password.h"

#include <crypt.h>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include <argon2.h>

#include "gateway/base/strings.h"
#include "gateway/jose/digest.h"

namespace sluice::chain {
namespace {

constexpr std::string_view kArgon2id = "$argon2id$";
// What one comparison may take: more would be an attack on ourselves.
constexpr std::uint64_t kMostBcryptCost = 16;               // some 5 s
constexpr std::uint64_t kMostArgonMemory = 1024 * 1024;     // KiB
constexpr std::uint64_t kMostArgonWork = 64 * 1024 * 1024;  // KiB times passes
constexpr std::uint64_t kMostArgonLanes = 64;

bool all_of(std::string_view text, std::string_view more) noexcept {
  return std::all_of(text.begin(), text.end(), [more](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           more.find(c) != std::string_view::npos;
  });
}

bool is_bcrypt(std::string_view hash) noexcept {
  return hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$");
}

std::string refuse_bcrypt(std::string_view hash) {
  auto cost = hash.size() == 60 && hash[6] == '$' ? base::parse_decimal(hash.substr(4, 2)) : std::nullopt;
  if (!cost || *cost < 4 || !all_of(hash.substr(7), "./")) return "is no complete bcrypt hash";
  if (*cost > kMostBcryptCost)
    return fmt::format("its cost is {}, more than {} would take seconds for each caller", *cost,
                       kMostBcryptCost);
  return {};
}

// The text up to `end`, which is taken off with it; all of it where there is none.
std::string_view take(std::string_view& text, char end) noexcept {
  std::size_t at = std::min(text.find(end), text.size());
  std::string_view out = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return out;
}

// "m=65536" with that name.
std::optional<std::uint64_t> parameter(std::string_view text, std::string_view name) {
  if (!text.starts_with(name)) return std::nullopt;
  return base::parse_decimal(text.substr(name.size()));
}

// $argon2id$v=19$m=65536,t=3,p=4$salt$hash
std::string refuse_argon(std::string_view hash) {
  constexpr const char* kIncomplete = "is no complete argon2id hash";
  hash.remove_prefix(kArgon2id.size());
  if (take(hash, '$') != "v=19") return "is an argon2id hash of another version than 19";
  auto memory = parameter(take(hash, ','), "m="), passes = parameter(take(hash, ','), "t="),
       lanes = parameter(take(hash, '$'), "p=");
  std::string_view salt = take(hash, '$');
  bool complete = memory && passes && lanes && *memory > 0 && *passes > 0 && *lanes > 0 &&
                  salt.size() >= 11 && hash.size() >= 16 && all_of(salt, "+/") && all_of(hash, "+/");
  if (!complete) return kIncomplete;
  if (*memory > kMostArgonMemory || *passes > kMostArgonWork / *memory || *lanes > kMostArgonLanes)
    return "asks for more memory or passes than one caller may cost (m=1048576, t*m=67108864, p=64)";
  return {};
}

}  // namespace

std::string refuse_password_hash(std::string_view hash, std::string& hint) {
  if (is_bcrypt(hash)) return refuse_bcrypt(hash);
  if (hash.starts_with(kArgon2id)) return refuse_argon(hash);
  if (hash.starts_with("$y$")) {
    bool whole = std::count(hash.begin(), hash.end(), '$') == 4 && all_of(hash, "./$") && hash.size() < 256 &&
                 crypt_checksalt(std::string(hash).c_str()) == CRYPT_SALT_OK;
    return whole ? "" : "is no complete yescrypt hash";
  }
  hint = "passwords are kept as bcrypt, yescrypt or argon2id: `htpasswd -nbB USER PASSWORD` prints one";
  if (hash.starts_with("$apr1$") || hash.starts_with("{SHA}") || hash.starts_with("$1$"))
    return "is of a kind whose passwords can be guessed quickly";
  return "is no hash of a password";
}

bool password_matches(const std::string& password, const std::string& hash) {
  if (hash.starts_with(kArgon2id))
    return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
  auto memory = std::make_unique<crypt_data>();  // zeroed; too large for a stack
  const char* made = crypt_r(password.c_str(), hash.c_str(), memory.get());
  bool same = made && jose::equal_in_constant_time(made, hash);
  OPENSSL_cleanse(memory.get(), sizeof *memory);
  return same;
}

}  // namespace sluice::chain
