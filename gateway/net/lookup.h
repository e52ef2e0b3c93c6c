// SPDX-License-Identifier: Apache-2.0
// Lookup: one question "which addresses has this name?" to the system, behind an interface so that a test can
// answer instead. Used by the resolver on the control thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/base/result.h"
#include "gateway/net/address.h"

namespace sluice::net {

// At least one address, none twice, in the order of preference; or upstream_resolve_failed.
using Addresses = base::Result<std::vector<Address>>;

class Lookup {
 public:
  using Done = std::function<void(Addresses)>;
  virtual ~Lookup() = default;
  // Calls `done` once, later, on the control thread; not at all once the Lookup is destroyed. Ports are 0.
  virtual void start(const std::string& host, Done done) = 0;
};

// getaddrinfo in Asio's background thread, one question after the other.
std::unique_ptr<Lookup> system_lookup(boost::asio::io_context& control);

}  // namespace sluice::net
