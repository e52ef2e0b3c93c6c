// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/key_sources.h"

#include <algorithm>
#include <optional>

#include <boost/asio/post.hpp>

#include "gateway/base/log.h"
#include "gateway/base/strings.h"
#include "gateway/jose/provider_metadata.h"
#include "gateway/server/later.h"

namespace sluice::server {

using namespace std::chrono_literals;
using base::Level;
using base::Result;
using base::SteadyTime;

namespace {

std::string name_of(const chain::KeyAddress& a) {
  return a.issuer + '\n' + a.url.text() + (a.discovery ? "\nd" : "\n") + (a.secrets ? "s\n" : "\n") + a.ca;
}

// Where the keys are, by the issuer's metadata: the way to them is no less private than that to the document.
Result<upstream::WebUrl> keys_of_metadata(const jose::ProviderMetadata& metadata,
                                          const chain::KeyAddress& address) {
  auto refuse = [](std::string why) { return base::fail(base::Reason::internal, std::move(why)); };
  auto url = upstream::parse_web_url(metadata.jwks_uri);
  if (!url) return refuse("has no `jwks_uri`");
  if (address.url.private_way() && !url->private_way()) return refuse("has a `jwks_uri` without https");
  return std::move(*url);
}

}  // namespace

struct KeySources::Table : std::enable_shared_from_this<Table> {
  World world;
  std::map<std::string, std::unique_ptr<Entry>> entries;

  // Nobody uses those any more.
  void forget_unused();
};

// One address; lives on the control thread.
class KeySources::Entry {
 public:
  Entry(Table& table, const chain::KeyAddress& address, std::weak_ptr<jose::KeySource> source)
      : table_(table), address_(address), source_(std::move(source)), good_at_(table.world.now()) {}

  std::shared_ptr<jose::KeySource> source() const { return source_.lock(); }
  bool answered() const noexcept { return good_ + bad_ > 0; }
  KeysReport report() const {
    return {address_.issuer, std::chrono::duration<double>(table_.world.now() - good_at_).count(), good_,
            bad_};
  }

  // Somebody misses a key. In single flight, and not at once after the last one.
  void want() {
    auto source = source_.lock();
    if (fetching_ || !source) return;
    if (answered() && table_.world.now() < quiet_until_) {
      source->keep(quiet_until_);
      return;
    }
    fetch();
  }
  void fetch() {
    waiting_.reset();
    if (source_.expired()) return;
    asked_ = address_.url;
    ask([this](Result<Fetched> fetched) {
      if (!address_.discovery || !fetched) return heard(std::move(fetched));
      auto metadata = jose::parse_provider_metadata(fetched->body, address_.issuer);
      if (!metadata) return heard(std::move(metadata).unexpected());
      if (auto source = source_.lock()) source->describe(*metadata);
      auto keys = keys_of_metadata(*metadata, address_);
      if (!keys) return heard(std::move(keys).unexpected());
      asked_ = std::move(*keys);
      ask([this](Result<Fetched> set) { heard(std::move(set)); });
    });
  }

 private:
  void ask(FetchDone done) {
    // The hold of the one before is let go of only after the new one is there: `done` may be part of it.
    auto before = std::exchange(fetching_, nullptr);
    fetching_ = table_.world.fetch(asked_, address_.ca, std::move(done));
  }
  void heard(Result<Fetched> fetched) {
    auto hold = std::exchange(fetching_, nullptr);  // what runs this is part of it
    auto source = source_.lock();
    if (!source) return;
    quiet_until_ = table_.world.now() + kQuiet;
    std::string why;
    if (!fetched) {
      why = fetched.error().detail;
    } else if (fetched->body == body_) {
      return good(*source, nullptr, *fetched);
    } else if (auto keys = jose::parse_jwks(fetched->body, address_.secrets); !keys) {
      why = "gives a key set that " + keys.error().detail;
    } else if (keys->empty()) {
      why = "gives a key set without a key that can be used" +
            (keys->left_out.empty() ? std::string() : ": " + keys->left_out.front());
    } else {
      body_ = fetched->body;
      return good(*source, std::make_shared<const jose::KeySet>(std::move(*keys)), *fetched);
    }
    bad(*source, asked_.text() + " " + why);
  }
  void good(jose::KeySource& source, std::shared_ptr<const jose::KeySet> keys, const Fetched& fetched) {
    if (failures_) base::log(Level::info, address_.issuer + ": its keys can be fetched again");
    ++good_;
    failures_ = 0;
    cause_.clear();
    good_at_ = table_.world.now();
    again(freshness(fetched.cache_control, fetched.age));
    bool changed = keys != nullptr;
    source.answer(std::move(keys), changed, quiet_until_);
  }
  void bad(jose::KeySource& source, std::string why) {
    ++bad_;
    ++failures_;
    bool have_keys = !body_.empty();
    if (why != cause_) {
      base::log(Level::warning, address_.issuer + ": " + why +
                                    (have_keys ? "; its last keys stay in use" : "; it has no keys yet"));
      cause_ = why;
    }
    again(retry(failures_, have_keys));
    source.fail(std::move(why), quiet_until_);
  }
  void again(std::chrono::seconds in) {
    waiting_ = table_.world.later(in, [this] { fetch(); });
  }

  Table& table_;
  const chain::KeyAddress address_;
  const std::weak_ptr<jose::KeySource> source_;
  upstream::WebUrl asked_;
  std::string body_;   // of the last good answer
  std::string cause_;  // of the last failure, "" after none
  unsigned failures_ = 0;
  std::uint64_t good_ = 0, bad_ = 0;
  SteadyTime good_at_, quiet_until_{};
  std::shared_ptr<void> fetching_, waiting_;
};

void KeySources::Table::forget_unused() {
  std::erase_if(entries, [](const auto& e) { return !e.second->source(); });
}

KeySources::KeySources(World world) : table_(std::make_shared<Table>()) { table_->world = std::move(world); }
KeySources::~KeySources() { table_->entries.clear(); }

std::shared_ptr<jose::KeySource> KeySources::of(const chain::KeyAddress& address) {
  table_->forget_unused();
  std::string name = name_of(address);
  if (auto known = table_->entries.find(name); known != table_->entries.end())
    if (auto source = known->second->source()) return source;
  // Called by workers: what they ask for is done here, if this is still there by then.
  auto wanted = [table = std::weak_ptr(table_), post = table_->world.post, name] {
    post([table, name] {
      auto t = table.lock();
      if (!t) return;
      if (auto e = t->entries.find(name); e != t->entries.end()) e->second->want();
    });
  };
  auto source = std::make_shared<jose::KeySource>(std::move(wanted));
  auto& entry = table_->entries[name];
  entry = std::make_unique<Entry>(*table_, address, source);
  entry->fetch();
  return source;
}

std::size_t KeySources::unanswered() {
  table_->forget_unused();
  return static_cast<std::size_t>(std::count_if(table_->entries.begin(), table_->entries.end(),
                                                [](const auto& e) { return !e.second->answered(); }));
}

std::vector<KeysReport> KeySources::report() {
  table_->forget_unused();
  std::vector<KeysReport> out;
  for (const auto& [name, entry] : table_->entries) out.push_back(entry->report());
  return out;
}

std::vector<observe::ScrapeRegistration> KeySources::at_scrape(observe::SeriesStore& store) {
  using observe::Emit;
  using observe::Family;
  std::vector<observe::ScrapeRegistration> out;
  out.push_back(store.at_scrape(Family::sluice_auth_jwks_age_seconds, [this](const Emit& emit) {
    std::map<std::string, double> oldest;  // an issuer may have several addresses
    for (const auto& r : report()) oldest[r.issuer] = std::max(oldest[r.issuer], r.age);
    for (const auto& [issuer, age] : oldest) emit({issuer}, age);
  }));
  out.push_back(store.at_scrape(Family::sluice_auth_jwks_refreshes_total, [this](const Emit& emit) {
    for (const auto& r : report()) {
      emit({r.issuer, "ok"}, static_cast<double>(r.good));
      emit({r.issuer, "failed"}, static_cast<double>(r.bad));
    }
  }));
  return out;
}

KeySources::World KeySources::world(boost::asio::io_context& control, net::Resolver& names,
                                    const base::Clock& clock) {
  World out;
  out.fetch = [&control, &names](const upstream::WebUrl& url, const std::string& ca, FetchDone done) {
    FetchRequest request = request_for(url);
    request.accept = "application/json, application/jwk-set+json";
    request.ca = ca;
    return fetch_http(control, names, std::move(request), std::move(done),
                      {std::chrono::seconds(10), jose::KeySet::kMaxBytes});
  };
  out.later = [&control](std::chrono::seconds in, std::function<void()> then) {
    return later(control, in, std::move(then));
  };
  out.now = [&clock] { return clock.steady(); };
  out.post = [&control](std::function<void()> fn) { boost::asio::post(control, std::move(fn)); };
  return out;
}

std::chrono::seconds KeySources::freshness(std::string_view cache_control, std::string_view age) noexcept {
  std::chrono::seconds out = kUsual;
  std::string_view token;
  while (base::next_token(cache_control, token)) {
    constexpr std::string_view kMaxAge = "max-age=";
    if (base::equal_ignoring_case(token, "no-store") || base::equal_ignoring_case(token, "no-cache"))
      return kSoonest;
    if (!base::equal_ignoring_case(token.substr(0, kMaxAge.size()), kMaxAge)) continue;
    auto seconds = base::parse_decimal(token.substr(kMaxAge.size()));
    if (!seconds) continue;
    auto old = base::parse_decimal(base::trim(age)).value_or(0);
    out = std::chrono::seconds(*seconds > old ? std::min<std::uint64_t>(*seconds - old, 1'000'000) : 0);
  }
  return std::clamp(out, kSoonest, kLatest);
}

std::chrono::seconds KeySources::retry(unsigned failures, bool have_keys) noexcept {
  auto first = have_keys ? kQuiet : 1s;
  auto most = have_keys ? 300s : 30s;
  return std::min(first * (1 << (std::clamp(failures, 1u, 9u) - 1)), most);
}

}  // namespace sluice::server
