// SPDX-License-Identifier: Apache-2.0
// KeptIdentity: says of fields that tell upstreams who calls, and that stay in what clients send as they may
// bring credentials, by which routes an upstream gets them as a client wrote them. Collected while the chains
// of a snapshot are built.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/chain/chain.h"
#include "gateway/chain/field_removal.h"
#include "gateway/chain/identity_fields.h"
#include "gateway/config/report.h"

namespace sluice::server {

class KeptIdentity {
 public:
  // What is told until end_chain() is told by filters of one chain of that route.
  void begin_chain(std::string_view route);
  // A filter, or something else of a route, tells who calls in that field; `at` is where that is written.
  // `replaces` what a client has sent there.
  void tells(std::string_view name, const std::string& at, bool replaces);
  void end_chain(const std::vector<chain::Link>& links);

  // After all chains. A field that every chain replaces or removes needs no warning.
  void warn(const chain::IdentityFields& fields, const config::Report& report) const;

 private:
  struct OneChain {
    std::string route;
    std::vector<std::string> replaced;
    std::vector<std::shared_ptr<const chain::FieldRemoval>> removals;
    bool leaves(std::string_view name) const;
  };
  // The routes, each once, as a sentence begins with them; "" for none.
  std::string leaving(std::string_view name) const;

  std::vector<std::pair<std::string, std::string>> told_;  // fields, and where the first is written
  std::vector<OneChain> chains_;
  bool in_chain_ = false;
};

}  // namespace sluice::server
