// SPDX-License-Identifier: Apache-2.0
// Builder: what the building pass offers to the filter or handler that is being built: the named things of
// the configuration, and a way to complain at the right line. Implemented by the server layer; lives during
// the build.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::upstream {
class Upstream;
struct TimeoutsConfig;
}  // namespace sluice::upstream

namespace sluice::chain {

class Chain;

// The route that something is built for.
struct RouteFacts {
  std::string name;
  // Names that the route's path patterns capture; of several patterns those that all of them capture.
  std::vector<std::string> captures;
  // Does some pattern tell Exchange::matched_prefix? All do but expressions.
  bool prefix = true;
};

class Builder {
 public:
  virtual const RouteFacts& route() const = 0;
  // The upstream of that name; null after a diagnostic when there is none (references were checked before).
  virtual std::shared_ptr<upstream::Upstream> upstream(std::string_view name) = 0;
  // The route's own timeouts, which go over those of an upstream.
  virtual const upstream::TimeoutsConfig& timeouts() const = 0;
  // `field` is a path inside the settings of what is being built, "" for the whole.
  virtual void error(std::string_view field, std::string message, std::string hint = {}) = 0;
  virtual void warning(std::string_view field, std::string message, std::string hint = {}) = 0;

 protected:
  ~Builder() = default;
};

}  // namespace sluice::chain
