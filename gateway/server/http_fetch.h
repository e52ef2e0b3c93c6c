// SPDX-License-Identifier: Apache-2.0
// fetch_http: one request of the gateway's own to a server that is no upstream: an OCSP responder, an issuer
// of tokens. Over HTTP or, with the server's certificate verified, HTTPS; with an end to its time and to its
// answer's size. Control thread, without holding it up.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/base/result.h"
#include "gateway/net/resolver.h"
#include "gateway/upstream/web_url.h"

namespace sluice::server {

struct FetchLimits {
  std::chrono::milliseconds time = std::chrono::seconds(10);
  std::size_t size = 64 * 1024;
};

struct FetchRequest {
  bool tls = false;
  std::string host, port, target;
  std::string accept;
  std::string content_type, body;                                // with a body it is a POST
  std::vector<std::pair<std::string, std::string>> fields = {};  // of the head, beside those
  std::string ca;           // PEM of the authorities to believe; "" for the system's
  bool any_status = false;  // whether answers with another status than 200 are told as answers too
};

struct Fetched {
  std::string body;
  std::string cache_control;
  std::string age;
  std::string retry_after = {};
  unsigned status = 200;
};

// A GET of it; what else the request says is the caller's.
FetchRequest request_for(const upstream::WebUrl& url);

using FetchDone = std::function<void(base::Result<Fetched>)>;

// The server's name is looked up as those of targets are. Calls `done` once, later, with a response 200;
// nothing else counts, redirects least of all, unless `any_status` asks for it. The error completes
// "http://idp.example.com/keys ...". Forgets `done` when the returned hold is destroyed.
std::shared_ptr<void> fetch_http(boost::asio::io_context& control, net::Resolver& names, FetchRequest request,
                                 FetchDone done, const FetchLimits& limits = {});

}  // namespace sluice::server
