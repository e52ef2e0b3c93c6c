// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/ocsp_fetch.h"

namespace sluice::server {

std::shared_ptr<void> fetch_ocsp(boost::asio::io_context& control, net::Resolver& names,
                                 const net::OcspResponder& responder, std::string question, OcspDone done,
                                 const FetchLimits& limits) {
  FetchRequest request;
  request.host = responder.host;
  request.port = responder.port;
  request.target = responder.target;
  request.accept = "application/ocsp-response";
  request.content_type = "application/ocsp-request";
  request.body = std::move(question);
  return fetch_http(
      control, names, std::move(request),
      [done = std::move(done)](base::Result<Fetched> fetched) {
        if (!fetched) return done(std::move(fetched).unexpected());
        done(std::move(fetched->body));
      },
      limits);
}

}  // namespace sluice::server
