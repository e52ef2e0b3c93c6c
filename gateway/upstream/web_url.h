// SPDX-License-Identifier: Apache-2.0
// WebUrl: a document on another server, as an operator writes it: https://idp.example.com/keys?v=2. What an
// upstream is for requests of clients, this is for what the gateway itself fetches beside them.
#pragma once
#include <optional>
#include <string>

#include "gateway/upstream/url.h"

namespace sluice::upstream {

struct WebUrl {
  TargetUrl origin;          // host and port, never a socket
  std::string target = "/";  // path and query

  std::string text() const { return (origin.tls ? "https://" : "http://") + origin.host_field() + target; }
  // Is it encrypted, or does it never leave this machine?
  bool private_way() const noexcept;
  bool operator==(const WebUrl&) const = default;
};

// Complaints never quote the text: it may come from a secret.
config::Refusal parse(std::string_view text, WebUrl& out);
// The same for what another server said.
std::optional<WebUrl> parse_web_url(std::string_view text);

void describe(config::Text<WebUrl>& t);

}  // namespace sluice::upstream
