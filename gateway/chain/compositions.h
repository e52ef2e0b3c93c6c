// SPDX-License-Identifier: Apache-2.0
// Compositions: the compositions of other routes, for one that calls them. Implemented by Builders that know
// all routes; whoever wants it asks its Builder by dynamic_cast.
#pragma once
#include <memory>
#include <string_view>

#include "gateway/chain/builder.h"

namespace sluice::chain {

class Compositions {
 public:
  struct OtherRoute {
    std::shared_ptr<const Handler> handler;
    RouteFacts facts;
  };
  // That of the route of this name: the same one that answers requests of that route. Without a handler after
  // a diagnostic at `field`: there is none, or it would contain itself.
  virtual OtherRoute composition(std::string_view route, std::string_view field) = 0;

 protected:
  ~Compositions() = default;
};

}  // namespace sluice::chain
