// SPDX-License-Identifier: Apache-2.0
// SourceTable: finds the living sources of targets again when a new snapshot is built, or makes them. One per
// TargetTable, on the control thread. Sources do not need it to live on, but find nothing new without it.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/net/resolver.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/source.h"

namespace sluice::upstream {

class SourceTable {
 public:
  // Without a resolver names lead nowhere.
  SourceTable(TargetTable& targets, net::Resolver* resolver);
  SourceTable(const SourceTable&) = delete;
  SourceTable& operator=(const SourceTable&) = delete;
  ~SourceTable();

  // Of a target's URL: a name of DNS is followed, a service too, all else is one target.
  std::shared_ptr<Source> of(const std::shared_ptr<TargetGroup>& group, const TargetUrl& url);
  // A list that somebody else fills with parts(); `text` says whose.
  std::shared_ptr<ListSource> list(const std::shared_ptr<TargetGroup>& group, const std::string& text);
  std::vector<ListSource::Part> parts(const std::shared_ptr<TargetGroup>& group,
                                      std::span<const TargetConfig> targets);

  // Called after some source's members have changed.
  void on_change(std::function<void()> changed) { context_->changed = std::move(changed); }
  // How many still wait for their first answer.
  std::size_t unanswered() const;
  void each(const std::function<void(const Source&)>& fn) const;

 private:
  using Key = std::pair<std::string, std::string>;  // upstream and text
  template <class S, class... Arguments>
  std::shared_ptr<S> find_or_make(const std::shared_ptr<TargetGroup>& group, Source::Names names,
                                  Arguments&&... arguments);

  std::shared_ptr<SourceContext> context_;
  net::Resolver* resolver_;
  std::map<Key, std::weak_ptr<Source>> sources_;
  std::size_t sweep_at_ = 64;  // entries; those that are gone are forgotten then
};

}  // namespace sluice::upstream
