// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/redirect.h"

#include <algorithm>
#include <charconv>

#include "gateway/chain/local_reply.h"
#include "gateway/routing/slashes.h"

namespace sluice::front {
namespace {

constexpr std::string_view kChallenges = "/.well-known/acme-challenge/";

}  // namespace

void redirect_to_https(chain::Exchange& ex) {
  if (ex.request.host.empty()) {
    chain::make_local_reply(ex, base::Reason::validation, "the request names no host to redirect to");
    return;
  }
  char port[8] = ":";
  auto* end = port;
  auto number = ex.stream.connection().listener->https_port;
  if (number != 443) end = std::to_chars(port + 1, port + sizeof port, number).ptr;
  // `*` and authorities are no paths. Behind a host, two slashes name no other one.
  std::string_view path = ex.request.path.starts_with('/') ? ex.request.path : "/";
  bool safe = ex.request.method == http::Method::get || ex.request.method == http::Method::head;
  chain::send_to(
      ex, safe ? ex.stream.connection().listener->https_status : 308,
      ex.arena.join("https://", ex.request.host, std::string_view(port, static_cast<std::size_t>(end - port)),
                    path, ex.request.has_query ? "?" : "", ex.request.query));
}

bool is_acme_challenge(std::string_view path) noexcept { return path.starts_with(kChallenges); }

bool is_about_challenges(const routing::Plan& plan, std::string_view path) noexcept {
  constexpr std::size_t kPrefix = kChallenges.size() - 1;  // a Lookup's has no slash behind it
  const char* end = path.data() + kPrefix;
  return plan.route && plan.lookup.prefix >= kPrefix &&
         std::ranges::none_of(plan.lookup.captures.all(),
                              [&](const auto& capture) { return capture.value.data() < end; });
}

void redirect_to_other_ending(chain::Exchange& ex) {
  chain::send_to(ex, 308,
                 ex.arena.join(routing::with_other_ending(ex.request.path, ex.arena),
                               ex.request.has_query ? "?" : "", ex.request.query));
}

}  // namespace sluice::front
