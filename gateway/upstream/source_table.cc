// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/source_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/upstream/target_table.h"

namespace sluice::upstream {
namespace {

using Context = std::shared_ptr<SourceContext>;
using Group = std::shared_ptr<TargetGroup>;

// Of a service with more places the first ones, by priority, are used: each is a name that is followed.
constexpr std::size_t kMostPlaces = 500;
// Beside places with a weight those with weight 0 get next to nothing (RFC 2782).
constexpr std::uint32_t kOverZero = 100;

class Fixed final : public Source {
 public:
  Fixed(Context context, Group group, Names names)
      : Source(std::move(context), std::move(group), std::move(names)) {}
  void begin(const TargetUrl& url, net::Resolver* /*resolver*/) {
    replace({{context_->targets->target(group_, url)}});
  }
};

// localhost is one machine, whichever of its addresses the service listens on: one target that tries both.
bool is_one_target(const TargetUrl& url) {
  return !url.path.empty() || url.host == "localhost" || url.host.ends_with(".localhost") ||
         net::Address::parse(url.host, 0).has_value();
}

class Name final : public Source {
 public:
  Name(Context context, Group group, Names names)
      : Source(std::move(context), std::move(group), std::move(names)) {
    moves();
  }
  void begin(const TargetUrl& url, net::Resolver* resolver) {
    url_ = url;
    if (!resolver) return;
    watch_ = resolver->watch(url.host, url.port, [weak = weak_from_this()](const net::Answer& answer) {
      if (auto self = weak.lock()) static_cast<Name&>(*self).take(answer);
    });
  }

 private:
  void take(const net::Answer& answer) {
    if (!context_->targets) return;
    if (!answer.good()) {
      const auto& why = answer.addresses.error().detail;
      return answer.none ? nothing(why) : failed(why);
    }
    Members members;
    for (const auto& a : *answer.addresses) members.push_back({context_->targets->at(group_, url_, a)});
    // In an order of its own: servers turn theirs round with every answer.
    std::ranges::sort(members, {}, [](const Member& m) { return m.target->text(); });
    found(std::move(members));
  }

  TargetUrl url_;
  std::unique_ptr<net::Watch> watch_;
};

class Service final : public ListSource {
 public:
  Service(Context context, Group group, Names names)
      : ListSource(std::move(context), std::move(group), std::move(names)) {
    moves();
  }
  void begin(const TargetUrl& url, net::Resolver* resolver) {
    tls_ = url.tls;
    if (!resolver) return;
    watch_ = resolver->watch_service(url.host, [weak = weak_from_this()](const net::Answer& answer) {
      if (auto self = weak.lock()) static_cast<Service&>(*self).take(answer);
    });
  }

 private:
  void take(const net::Answer& answer) {
    if (!context_->targets) return;
    if (!answer.good()) {
      const auto& why = answer.addresses.error().detail;
      return answer.none ? nothing(why) : failed(why);
    }
    std::span<const net::ServicePlace> places = answer.places;
    auto by_priority = answer.places;
    bool more = places.size() > std::exchange(most_, places.size());
    if (places.size() > kMostPlaces) {
      std::ranges::stable_sort(by_priority, {}, &net::ServicePlace::priority);
      places = std::span(by_priority).first(kMostPlaces);
      if (more)
        base::log(base::Level::warning,
                  fmt::format("upstream {}: of the {} places of {} the first {} are used", upstream(),
                              answer.places.size(), names().name, kMostPlaces));
    }
    bool weighted = std::ranges::any_of(places, [](const auto& p) { return p.weight > 0; });
    bool zeros = std::ranges::any_of(places, [](const auto& p) { return p.weight == 0; });
    std::vector<Part> parts;
    for (const auto& p : places) {
      std::uint32_t weight = std::max<std::uint32_t>(1, p.weight * (weighted && zeros ? kOverZero : 1));
      TargetUrl url{p.host, p.port, {}, tls_};
      parts.push_back({context_->targets->sources().of(group_, url), weight, p.priority, {}});
    }
    says(std::move(parts));
  }

  bool tls_ = false;
  std::size_t most_ = 0;  // places of the last answer
  std::unique_ptr<net::Watch> watch_;
};

}  // namespace

SourceTable::SourceTable(TargetTable& targets, net::Resolver* resolver)
    : context_(std::make_shared<SourceContext>()), resolver_(resolver) {
  context_->targets = &targets;
  if (resolver) context_->clock = &resolver->clock();
}

SourceTable::~SourceTable() {
  context_->targets = nullptr;
  context_->clock = nullptr;
  context_->changed = nullptr;
}

template <class S, class... Arguments>
std::shared_ptr<S> SourceTable::find_or_make(const std::shared_ptr<TargetGroup>& group, Source::Names names,
                                             Arguments&&... arguments) {
  if (sources_.size() >= sweep_at_) {
    std::erase_if(sources_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max(sweep_at_, 2 * sources_.size());
  }
  Key key{group->upstream, names.text};
  auto at = sources_.find(key);
  if (auto known = at == sources_.end() ? nullptr : std::dynamic_pointer_cast<S>(at->second.lock()))
    return known;
  auto made = std::make_shared<S>(context_, group, std::move(names));
  sources_[key] = made;
  if constexpr (sizeof...(arguments) > 0) made->begin(std::forward<Arguments>(arguments)...);
  return made;
}

std::shared_ptr<Source> SourceTable::of(const std::shared_ptr<TargetGroup>& group, const TargetUrl& url) {
  Source::Names names{url.text(), url.authority(), url.host};
  if (url.service) return find_or_make<Service>(group, std::move(names), url, resolver_);
  if (is_one_target(url)) return find_or_make<Fixed>(group, std::move(names), url, resolver_);
  return find_or_make<Name>(group, std::move(names), url, resolver_);
}

std::shared_ptr<ListSource> SourceTable::list(const std::shared_ptr<TargetGroup>& group,
                                              const std::string& text) {
  return find_or_make<ListSource>(group, {text, text, text});
}

std::vector<ListSource::Part> SourceTable::parts(const std::shared_ptr<TargetGroup>& group,
                                                 std::span<const TargetConfig> targets) {
  std::vector<ListSource::Part> out;
  for (const TargetConfig& t : targets) out.push_back({of(group, t.url), t.weight, 0, t.labels()});
  return out;
}

std::size_t SourceTable::unanswered() const {
  if (!resolver_) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(sources_, [](const auto& entry) {
    auto source = entry.second.lock();
    return source && !source->answered();
  }));
}

void SourceTable::each(const std::function<void(const Source&)>& fn) const {
  for (const auto& [key, weak] : sources_)
    if (auto source = weak.lock()) fn(*source);
}

}  // namespace sluice::upstream
