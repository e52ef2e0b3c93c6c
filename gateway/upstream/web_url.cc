// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/web_url.h"

#include <algorithm>

namespace sluice::upstream {

bool WebUrl::private_way() const noexcept {
  const std::string& host = origin.host;
  bool loopback = host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
  return origin.tls || host == "localhost" || host == "::1" || loopback;
}

config::Refusal parse(std::string_view text, WebUrl& out) {
  if (!text.starts_with("http://") && !text.starts_with("https://"))
    return config::Complaint{"it does not begin with https:// or http://", {}};
  if (text.find('#') != std::string_view::npos)
    return config::Complaint{"it has a fragment (#), which is never sent", {}};
  auto authority = text.find("://") + 3;
  auto end = std::min(text.find_first_of("/?", authority), text.size());
  WebUrl url;
  if (auto refusal = parse(text.substr(0, end), url.origin)) return refusal;
  auto target = text.substr(end);
  auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!std::all_of(target.begin(), target.end(), visible))
    return config::Complaint{"it has a path or query with characters that must be percent-encoded", {}};
  url.target = (target.starts_with('/') ? "" : "/") + std::string(target);
  out = std::move(url);
  return {};
}

std::optional<WebUrl> parse_web_url(std::string_view text) {
  WebUrl url;
  if (parse(text, url)) return std::nullopt;
  return url;
}

void describe(config::Text<WebUrl>& t) {
  t.about("web_url", "a URL such as https://idp.example.com/keys");
  t.pattern("^https?://");
  t.read([](std::string_view text, WebUrl& out) { return parse(text, out); });
  t.write([](const WebUrl& url) { return url.text(); });
}

}  // namespace sluice::upstream
