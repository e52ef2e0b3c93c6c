// SPDX-License-Identifier: Apache-2.0
// ConnectionLife: how long a listener's connections may last, in time and in requests. One whose end has come
// is told to drain: what is under way is finished, and clients that multiplex for days come back to whichever
// gateway their balancer names now. It counts as the connection's Service on the way to the real one, so that
// connections without such limits pay nothing. One worker thread.
#pragma once
#include "gateway/base/scope.h"
#include "gateway/http/connection.h"
#include "gateway/http/stream.h"

namespace sluice::front {

// Zero means no limit, everywhere.
struct LifeLimits {
  base::Duration age{};
  base::Duration grace{};  // from the end of the age until what is still under way is cut
  std::uint32_t requests = 0;
  bool any() const noexcept { return age.count() != 0 || requests != 0; }
};

// An age up to a tenth longer or shorter, so that clients which came together do not come back together.
// `random`: any number.
base::Duration jittered(base::Duration age, std::uint64_t random) noexcept;

class ConnectionLife final : public http::Service, private net::Timer {
 public:
  // From now. All must outlive it; `scope` is the connection's.
  ConnectionLife(const LifeLimits& limits, std::uint64_t random, net::Wheel& wheel, http::Service& service,
                 base::Scope& scope) noexcept;

  // What is to be told; it serves through this from now on, in scope().
  void begin(http::ServerConnection& connection) noexcept;
  // Cancelled when the grace has passed.
  base::Scope& scope() noexcept { return scope_; }

  base::Task<void> serve(http::ServerStream& stream) override;
  base::Task<void> refuse(http::ServerStream& stream, const base::Error& error) override;

 private:
  void expired() noexcept override;
  void count() noexcept;
  void end() noexcept;

  LifeLimits limits_;
  net::Wheel* wheel_;
  http::Service* service_;
  base::Scope scope_;
  http::ServerConnection* connection_ = nullptr;  // once it is there
  std::uint32_t requests_ = 0;
  bool over_ = false;
};

}  // namespace sluice::front
