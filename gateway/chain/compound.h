// SPDX-License-Identifier: Apache-2.0
// Compound: an authenticator that is made of others and decides by what they say. Base of the filters `any`
// and `all`; hands on to the parts that were asked what happens later.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/chain/authenticator.h"
#include "gateway/chain/use.h"

namespace sluice::chain {

class Compound : public Authenticator {
 public:
  // Complains at `field` about parts that do not find out who calls.
  Compound(std::string_view kind, std::string_view field, const std::vector<UseConfig>& parts,
           Builder& builder);

  void hide(Exchange& ex) const override;
  void tell_upstream(Exchange& ex) const override;
  base::Task<void> on_response(Exchange& ex) const override;
  void on_done(const Exchange& ex) const noexcept override;
  std::span<const std::shared_ptr<const Filter>> inner() const override { return filters_; }

 protected:
  // What is kept for an exchange.
  struct Asked {
    std::uint16_t count = 0;    // parts asked, from the first
    std::uint16_t answers = 0;  // the part whose verdict is the answer
    bool refused = false;       // by that part
    // Parts by whose verdicts the request passes: from the first one up to, and without, the second one. None
    // until authenticate() says so. A good verdict of a part that does not stand here counts for nothing, and
    // the identity that it came with may be gone.
    std::uint16_t count_from = 0, count_to = 0;
    std::span<Verdict> verdicts;  // of the parts asked
  };
  Asked& asked(Exchange& ex) const { return ex.local<Asked>(*this); }
  std::span<const Authenticator* const> parts() const noexcept { return parts_; }
  // One of the parts is asked; counts what it says unless it had nothing to judge.
  base::Task<Verdict> ask(Exchange& ex, std::size_t part) const;

 private:
  base::Task<void> tell(Exchange& ex, std::uint16_t at, base::Task<void> pending) const;

  std::vector<std::shared_ptr<const Filter>> filters_;
  std::vector<const Authenticator*> parts_;
};

}  // namespace sluice::chain
