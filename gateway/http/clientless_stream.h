// SPDX-License-Identifier: Apache-2.0
// ClientlessStream: the downstream side of a request that no client has sent: one that the gateway makes
// itself. Has no body from a client, sends nothing and counts nothing; who it speaks for, its memory and its
// head are the derived class's.
#pragma once
#include "gateway/http/stream.h"

namespace sluice::http {

class ClientlessStream : public ServerStream {
 public:
  BodyPtr take_body() override { return nullptr; }
  void relay_expectation() noexcept override {}
  base::Task<base::Result<void>> send_interim(const ResponseHead& /*head*/) override {
    return base::Result<void>();
  }
  base::Task<base::Result<void>> send(ResponseHead& /*head*/, BodyPtr& /*body*/) override {
    return base::Result<void>(base::fail(base::Reason::internal, "this request has no client"));
  }
  bool head_sent() const noexcept override { return false; }
  void close_after() noexcept override {}
  std::uint64_t bytes_received() const noexcept override { return 0; }
  std::uint64_t bytes_sent() const noexcept override { return 0; }

 protected:
  ~ClientlessStream() = default;
};

}  // namespace sluice::http
