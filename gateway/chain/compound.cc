// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/compound.h"

#include "gateway/config/node.h"

namespace sluice::chain {

using base::Task;

Compound::Compound(std::string_view kind, std::string_view field, const std::vector<UseConfig>& parts,
                   Builder& builder)
    : Authenticator(kind, builder) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string at(field);
    config::append(at, i);
    auto filter = builder.filter(parts[i], at);
    if (!filter) continue;
    if (const auto* part = dynamic_cast<const Authenticator*>(filter.get())) {
      filters_.push_back(std::move(filter));
      parts_.push_back(part);
    } else {
      builder.error(at, "this filter does not find out who calls", "write it in `use`, beside this one");
    }
  }
}

Task<Verdict> Compound::ask(Exchange& ex, std::size_t part) const {
  Asked& state = asked(ex);
  if (state.verdicts.empty()) state.verdicts = ex.arena.array<Verdict>(parts_.size());
  state.count = static_cast<std::uint16_t>(part + 1);
  Task<Verdict> task = parts_[part]->authenticate(ex);
  Verdict verdict = co_await task;
  if (verdict.outcome != Verdict::Outcome::absent || verdict.answer_unavailable)
    parts_[part]->count(ex, verdict);
  state.verdicts[part] = verdict;
  co_return verdict;
}

void Compound::hide(Exchange& ex) const {
  for (const Authenticator* part : parts_) part->hide(ex);
}

// Not by what each of them found out: `all` may have dropped it because of another part, and what is then
// told would be somebody else's identity.
void Compound::tell_upstream(Exchange& ex) const {
  const Asked& state = asked(ex);
  for (std::uint16_t i = state.count_from; i < state.count_to; ++i) parts_[i]->tell_upstream(ex);
}

Task<void> Compound::on_response(Exchange& ex) const {
  std::uint16_t count = asked(ex).count;
  for (std::uint16_t i = 0; i < count; ++i) {
    Task<void> told = parts_[i]->on_response(ex);
    if (!told.await_ready()) return tell(ex, i, std::move(told));
    told.await_resume();
  }
  return {};
}

Task<void> Compound::tell(Exchange& ex, std::uint16_t at, Task<void> pending) const {
  co_await pending;
  std::uint16_t count = asked(ex).count;
  while (++at < count) {
    Task<void> told = parts_[at]->on_response(ex);
    co_await told;
  }
}

void Compound::on_done(const Exchange& ex) const noexcept {
  for (const Authenticator* part : parts_) part->on_done(ex);
}

}  // namespace sluice::chain
