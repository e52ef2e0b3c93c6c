// SPDX-License-Identifier: Apache-2.0
// KeySources: fetches the keys of issuers and keeps them fresh, for as long as a filter uses them. The first
// time at once, then when the answer's Cache-Control says so; at once again, but no more than once in ten
// seconds, when a token names a key that is not known. While an issuer is down its last good keys stay.
// Control thread; what it needs of the world is given to it, so that tests own time and issuers.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/chain/key_address.h"
#include "gateway/jose/key_source.h"
#include "gateway/observe/series.h"
#include "gateway/server/http_fetch.h"

namespace sluice::server {

// What is shown of an issuer in metrics.
struct KeysReport {
  std::string issuer;
  double age = 0;  // seconds since the keys were last confirmed; of none yet since they were first wanted
  std::uint64_t good = 0, bad = 0;
};

class KeySources {
 public:
  struct World {
    // Both give a hold: when that is destroyed, nothing is called any more.
    std::function<std::shared_ptr<void>(const upstream::WebUrl&, const std::string& ca, FetchDone)> fetch;
    std::function<std::shared_ptr<void>(std::chrono::seconds, std::function<void()>)> later;
    std::function<base::SteadyTime()> now;
    std::function<void(std::function<void()>)> post;  // runs it on the control thread; called on any
  };
  // A new key id or a failure is asked about again no sooner than after this.
  static constexpr std::chrono::seconds kQuiet{10};
  static constexpr std::chrono::seconds kSoonest{60}, kUsual{600}, kLatest{3600};

  explicit KeySources(World world);
  // The real one; all must outlive it.
  static World world(boost::asio::io_context& control, net::Resolver& names, const base::Clock& clock);
  KeySources(const KeySources&) = delete;
  ~KeySources();

  // Found again by address. Begins to fetch if it is new.
  std::shared_ptr<jose::KeySource> of(const chain::KeyAddress& address);
  // How many have not been answered or failed yet.
  std::size_t unanswered();
  std::vector<KeysReport> report();
  // The same as metrics. This must outlive the registrations.
  std::vector<observe::ScrapeRegistration> at_scrape(observe::SeriesStore& store);

  // When to fetch again after an answer with these fields.
  static std::chrono::seconds freshness(std::string_view cache_control, std::string_view age) noexcept;
  // The same after that many failures in a row.
  static std::chrono::seconds retry(unsigned failures, bool have_keys) noexcept;

 private:
  class Entry;
  struct Table;
  std::shared_ptr<Table> table_;
};

}  // namespace sluice::server
