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

std::string_view https_location(const http::RequestHead& request, const http::ListenerFacts& listener,
                                base::Arena& arena) {
  if (request.host.empty()) return {};
  char port[8] = ":";
  auto* end = port;
  if (listener.https_port != 443) end = std::to_chars(port + 1, port + sizeof port, listener.https_port).ptr;
  // `*` and authorities are no paths. Behind a host, two slashes name no other one.
  std::string_view path = request.path.starts_with('/') ? request.path : "/";
  return arena.join("https://", request.host, std::string_view(port, static_cast<std::size_t>(end - port)),
                    path, request.has_query ? "?" : "", request.query);
}

int https_status(const http::RequestHead& request, const http::ListenerFacts& listener) noexcept {
  bool safe = request.method == http::Method::get || request.method == http::Method::head;
  return safe ? listener.https_status : 308;
}

void redirect_to_https(chain::Exchange& ex) {
  const auto& listener = *ex.stream.connection().listener;
  auto location = https_location(ex.request, listener, ex.arena);
  if (location.empty()) {
    chain::make_local_reply(ex, base::Reason::validation, kNoHost);
  } else {
    chain::send_to(ex, https_status(ex.request, listener), location);
  }
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
