// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/login.h"

#include <algorithm>

#include "gateway/base/base64.h"
#include "gateway/chain/escape.h"
#include "gateway/jose/hash.h"
#include "gateway/oidc/packing.h"
#include "gateway/oidc/seal.h"

namespace sluice::oidc {
namespace {

constexpr char kLoginKind = 2;
// Longer ones would fill the cookie.
constexpr std::size_t kLongestWayBack = 1536;

void append(std::string& out, Parameters parameters, bool first) {
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    if (!std::exchange(first, false)) out += '&';
    out += chain::component(name);
    out += '=';
    out += chain::component(value);
  }
}

}  // namespace

Login begin_login(std::string redirect_uri, std::string back, base::WallTime now) {
  // A verifier of 43 characters, the fewest that are allowed, has 256 bits.
  return {random_text(24), random_text(24), random_text(32), std::move(redirect_uri), std::move(back), now};
}

std::string pack(const Login& l) {
  return Packer(kLoginKind)
      .text(l.state)
      .text(l.nonce)
      .text(l.verifier)
      .text(l.redirect_uri)
      .text(l.back)
      .time(l.begun)
      .take();
}

std::optional<Login> unpack_login(std::string_view bytes) {
  Unpacker in(bytes, kLoginKind);
  Login l;
  l.state = in.text();
  l.nonce = in.text();
  l.verifier = in.text();
  l.redirect_uri = in.text();
  l.back = in.text();
  l.begun = in.time();
  if (!in.good()) return std::nullopt;
  return l;
}

std::string challenge_of(std::string_view verifier) {
  return base::encode_base64url(jose::hash(jose::Hash::sha256, verifier));
}

std::string with_parameters(std::string_view url, Parameters parameters) {
  std::string out(url);
  bool has_query = url.find('?') != std::string_view::npos;
  bool first = !has_query || url.ends_with('?') || url.ends_with('&');
  if (!has_query) out += '?';
  append(out, parameters, first);
  return out;
}

std::string form_of(Parameters parameters) {
  std::string out;
  append(out, parameters, true);
  return out;
}

std::string_view safe_way_back(std::string_view to) noexcept {
  bool printable = std::all_of(to.begin(), to.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  bool host = to.size() > 1 && (to[1] == '/' || to[1] == '\\');
  if (!to.starts_with('/') || host || !printable || to.size() > kLongestWayBack) return "/";
  return to;
}

}  // namespace sluice::oidc
