// SPDX-License-Identifier: Apache-2.0
// fetch_ocsp: one question to an OCSP responder over HTTP (RFC 6960 appendix A). Control thread, without
// holding it up.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "gateway/net/ocsp.h"
#include "gateway/server/http_fetch.h"

namespace sluice::server {

using OcspDone = std::function<void(base::Result<std::string>)>;

// As fetch_http: `done` is given the body of a response 200. The error completes "http://ocsp.example.com
// ...".
std::shared_ptr<void> fetch_ocsp(boost::asio::io_context& control, net::Resolver& names,
                                 const net::OcspResponder& responder, std::string question, OcspDone done,
                                 const FetchLimits& limits = {});

}  // namespace sluice::server
