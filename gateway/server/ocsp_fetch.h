// SPDX-License-Identifier: Apache-2.0
// fetch_ocsp: one question to an OCSP responder over HTTP (RFC 6960 appendix A), with an end to its time and
// to its answer's size. Control thread, without holding it up.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "gateway/base/result.h"
#include "gateway/net/ocsp.h"

namespace sluice::server {

struct OcspLimits {
  std::chrono::milliseconds time = std::chrono::seconds(10);
  std::size_t size = 64 * 1024;
};

// Looks the names of responders up, away from those of targets, which must not queue behind one that hangs.
// Starts with the first question; outlives the holds of all.
class ResponderNames {
 public:
  boost::asio::any_io_executor executor() {
    if (!thread_) thread_.emplace(1);
    return thread_->get_executor();
  }

 private:
  std::optional<boost::asio::thread_pool> thread_;
};

using OcspDone = std::function<void(base::Result<std::string>)>;

// Calls `done` once, later, with the body of a response 200; nothing else counts, redirects least of all. The
// error completes "http://ocsp.example.com ...". Forgets `done` when the returned hold is destroyed.
std::shared_ptr<void> fetch_ocsp(boost::asio::io_context& control, ResponderNames& names,
                                 const net::OcspResponder& responder, std::string question, OcspDone done,
                                 const OcspLimits& limits = {});

}  // namespace sluice::server
