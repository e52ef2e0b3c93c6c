// SPDX-License-Identifier: Apache-2.0
// Builder: what the building pass offers to the filter or handler that is being built: the named things of
// the configuration, and a way to complain at the right line. Implemented by the server layer; lives during
// the build.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {
class Choice;
}
namespace sluice::net {
class CryptoThreads;
}
namespace sluice::observe {
class PolicyMetrics;
}
namespace sluice::jose {
class KeySource;
}
namespace sluice::upstream {
class Upstream;
struct TimeoutsConfig;
}  // namespace sluice::upstream

namespace sluice::stores {
class Stores;
class Counters;
}  // namespace sluice::stores
namespace sluice::observe {
class SeriesStore;
}

namespace sluice::chain {

class Chain;
class Filter;
class Handler;
class Revocations;
struct UseConfig;
class IpList;
struct KeyAddress;

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
  // The filter of an entry `field` inside the settings, for filters that are made of others and list it in
  // Filter::inner(). Null after a diagnostic.
  virtual std::shared_ptr<const Filter> filter(const UseConfig& use, std::string_view field) = 0;
  // The handler at `field` inside the settings, for handlers that are made of others. Never null.
  virtual std::shared_ptr<const Handler> handler(const config::Choice& choice, std::string_view field);
  // Where the filter that is being built counts what it decides; never null.
  virtual std::shared_ptr<observe::PolicyMetrics> decisions() = 0;
  // How many workers serve: Worker::index is below it.
  virtual unsigned workers() const = 0;
  // Threads for computations that would hold up a worker. They outlive every exchange; null where nothing is
  // served and the configuration is only looked at.
  virtual net::CryptoThreads* threads() = 0;
  // Tokens that were taken back, for filters that verify some; it outlives them. Null where nothing is
  // served.
  virtual const Revocations* revocations() = 0;
  // Upstreams are told in this request field who calls. What clients send in a field of that name is removed
  // from every request of every route, unless some filter reads credentials there.
  virtual void tells_identity(std::string_view field_name) = 0;
  // The filter reads the caller's credential in this request field.
  virtual void reads_credential(std::string_view field_name) = 0;
  // The filter reads the caller's credential in this query parameter: its value is for no log, of whatever
  // request, since something else may answer before the filter is asked.
  virtual void reads_credential_parameter(std::string_view name) = 0;
  // By which the state of what is being built is found again at the next load: the name of its policy, or of
  // a filter that was written in place where that was: "orders/rate_limit".
  virtual const std::string& owner() const = 0;
  // What tells the filter that is being built from others of its kind in the same chain: the name of its policy,
  // or "default", "default-2" of those written in place. "" where it is the only one.
  virtual std::string told_apart_by() const { return {}; }
  // The counters of that store, "memory" among them; null where there is none (references were checked
  // before).
  virtual std::shared_ptr<stores::Counters> counters(std::string_view store) = 0;
  // The path of a file that the setting `field` names: relative to the file in which that is written.
  virtual std::string resolved(std::string_view field, const std::string& path) const = 0;
  // The addresses of a file, relative to the configuration's; null after a diagnostic at `field`.
  virtual std::shared_ptr<const IpList> ip_list(std::string_view field, const std::string& path) = 0;
  // What outlives snapshots. Both outlive everything that is built.
  virtual stores::Stores& stores() = 0;
  virtual observe::SeriesStore& series() = 0;
  // The keys of an issuer, kept fresh for as long as somebody holds them; never null.
  virtual std::shared_ptr<jose::KeySource> issuer_keys(const KeyAddress& address) = 0;
  // `field` is a path inside the settings of what is being built, "" for the whole.
  virtual void error(std::string_view field, std::string message, std::string hint = {}) = 0;
  virtual void warning(std::string_view field, std::string message, std::string hint = {}) = 0;
  // May filters harm requests on purpose?
  virtual bool allows_faults() const { return false; }
  // Complains at `field` if there is no upstream of that name. For settings that name one inside a text,
  // which the binder does not see.
  virtual void need_upstream(std::string_view /*name*/, std::string_view /*field*/) {}

 protected:
  ~Builder() = default;
};

}  // namespace sluice::chain
