// SPDX-License-Identifier: Apache-2.0
// Source: where targets of an upstream come from, as it lives: a number, which is one target for ever; a name
// of DNS, whose every address is one; a service of DNS (SRV); a list from a file or from people. What it has
// found changes while snapshots stay. Found again by upstream and text at reload (source_table.h), so that
// what it knows outlives them. Control thread, but for members() and the rest that says so.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/upstream/target.h"
#include "gateway/upstream/target_labels.h"

namespace sluice::upstream {

class TargetTable;

// The product, within what balancers can add up, and slow start divide.
std::uint32_t times(std::uint32_t weight, std::uint32_t factor) noexcept;

// A target with its share of the requests that go to its source.
struct Member {
  std::shared_ptr<Target> target;
  std::uint32_t weight = 1;    // at least 1
  std::uint32_t priority = 0;  // those with the lowest get everything, as long as one of them is usable
  bool operator==(const Member&) const = default;
};
using Members = std::vector<Member>;

// What all sources share: how targets are made, and who is told of changes.
struct SourceContext {
  TargetTable* targets = nullptr;      // null once it is gone
  const base::Clock* clock = nullptr;  // null where nothing is looked up
  std::function<void()> changed;       // a source has other members than before
};

class Source : public std::enable_shared_from_this<Source> {
 public:
  // How long a source that has nothing any more keeps what it had.
  static constexpr base::Duration kGrace = std::chrono::minutes(5);

  // `text` as it was written: "http://orders:8080"; `shown` for pages: "orders:8080"; `name` for complaints:
  // "orders".
  struct Names {
    std::string text, shown, name;
  };
  Source(std::shared_ptr<SourceContext> context, std::shared_ptr<TargetGroup> group, Names names);
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source();

  const std::string& upstream() const noexcept { return group_->upstream; }
  const Names& names() const noexcept { return names_; }
  // Never null. Any thread; takes a lock: for when the group's version has changed.
  std::shared_ptr<const Members> members() const;
  // False until it is known what the source has, or that it cannot be known.
  virtual bool answered() const noexcept { return answered_.load(std::memory_order_acquire); }
  // Why there are no members. Any thread.
  base::Error why_empty() const;
  // Targets that left it and still have requests.
  std::vector<std::shared_ptr<Target>> draining() const;
  // What was written about its members; the first word about a target counts.
  virtual void tell_labels(LabelsByTarget& /*out*/) const {}
  // A snapshot that draws from it is in force: what is found first from now on was only late to be found, and
  // need not come up slowly.
  void put_in_force() noexcept { in_force_ = true; }
  virtual void set_grace(base::Duration grace) { grace_ = grace; }
  // The listener hears of each change of members, as long as it lives.
  void tell(const std::shared_ptr<Source>& listener);

  // For metrics. Those of names that DNS tells are not shown: labels are what was written.
  void show() noexcept;
  struct Facts {
    bool shown = false;  // was written down
    bool moves = false;  // may change at all
    std::uint64_t updates = 0, failures = 0, empties = 0;
    base::WallTime last_success{};
    bool kept = false;  // what it has now is what it had before it had nothing
  };
  Facts facts() const;

 protected:
  // The members from now on, whatever they are.
  void replace(Members fresh);
  // The source has said what there is, that there is nothing, or could not be asked. Not `asked`: it has said
  // nothing since, and only time has passed.
  void found(Members fresh);
  void nothing(const std::string& why, bool asked = true);
  void failed(std::string why);
  void no_longer_empty() noexcept { empty_since_ = {}; }
  void moves() noexcept { facts_.moves = true; }
  base::Duration grace() const noexcept { return grace_; }
  // A source that this one is made of has other members, or has been answered.
  virtual void part_changed() {}
  // It has had nothing for too long.
  virtual void forget() {}

  const std::shared_ptr<SourceContext> context_;
  const std::shared_ptr<TargetGroup> group_;

 private:
  void tell_listeners();

  const Names names_;
  base::Duration grace_ = kGrace;
  std::vector<std::weak_ptr<Source>> listeners_;
  base::SteadyTime empty_since_{};
  bool in_force_ = false;
  bool had_members_ = false;
  std::atomic<bool> answered_{false};

  mutable std::mutex mutex_;  // guards the rest
  std::shared_ptr<const Members> members_;
  std::vector<std::weak_ptr<Target>> left_;
  std::string why_;
  Facts facts_;
};

// A list of other sources: what a file or somebody says, or the places of a service.
class ListSource : public Source {
 public:
  using Source::Source;
  struct Part {
    std::shared_ptr<Source> source;
    std::uint32_t weight = 1;
    std::uint32_t priority = 0;
    std::shared_ptr<const TargetLabels> labels{};
  };
  // What the list says now. Until the new parts are known, and if nothing can be found out about any of them,
  // those of before stay beside them.
  void says(std::vector<Part> parts);
  // Before the first word: these stay until what it says is known.
  void takes_over_from(std::vector<Part> parts);
  // The list is empty, or cannot be read.
  void says_nothing(const std::string& why) { nothing(why); }
  // Nobody has read it again: is the grace over?
  void still_says_nothing(const std::string& why) { nothing(why, false); }
  // Ends the time of an empty list: nobody knows what it says now.
  void cannot_be_read(std::string why) {
    no_longer_empty();
    failed(std::move(why));
  }
  bool answered() const noexcept override;
  void set_grace(base::Duration grace) override;
  void tell_labels(LabelsByTarget& out) const override;
  using Source::moves;

 private:
  void part_changed() override;
  void forget() override;
  Members merged();

  std::vector<Part> parts_, before_;
  bool said_ = false;
};

}  // namespace sluice::upstream
