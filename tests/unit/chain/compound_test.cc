// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/compound.h"

#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::compound_test {
namespace {

// A part that notes what happens to it.
class Part final : public Authenticator {
 public:
  Part(std::string name, Builder& builder) : Authenticator("part", builder), name_(std::move(name)) {}
  base::Task<Verdict> authenticate(Exchange&) const override {
    said += name_ + " asked\n";
    return name_ == "good" ? Verdict::ok() : Verdict::absent("Part");
  }
  void hide(Exchange&) const override { said += name_ + " hides\n"; }
  void tell_upstream(Exchange&) const override { said += name_ + " tells\n"; }
  base::Task<void> on_response(Exchange&) const override {
    said += name_ + " sees the response\n";
    return {};
  }
  static inline std::string said;

 private:
  std::string name_;
};

// Builds each `use` as a Part of its policy's name.
class PartBuilder final : public Builder {
 public:
  const RouteFacts& route() const override { return plain_.facts; }
  std::shared_ptr<upstream::Upstream> upstream(std::string_view) override { return nullptr; }
  const upstream::TimeoutsConfig& timeouts() const override { return plain_.timeouts(); }
  std::shared_ptr<const Filter> filter(const UseConfig& use, std::string_view) override {
    return std::make_shared<Part>(use.policy, plain_);
  }
  std::shared_ptr<observe::PolicyMetrics> decisions() override { return plain_.decisions(); }
  unsigned workers() const override { return 1; }
  net::CryptoThreads* threads() override { return nullptr; }
  const Revocations* revocations() override { return nullptr; }
  void tells_identity(std::string_view) override {}
  void reads_credential(std::string_view) override {}
  void reads_credential_parameter(std::string_view) override {}
  const std::string& owner() const override { return plain_.owner(); }
  std::shared_ptr<stores::Counters> counters(std::string_view) override { return nullptr; }
  std::string resolved(std::string_view, const std::string& path) const override { return path; }
  std::shared_ptr<const IpList> ip_list(std::string_view, const std::string&) override { return nullptr; }
  stores::Stores& stores() override { return plain_.stores(); }
  observe::SeriesStore& series() override { return plain_.series(); }
  std::shared_ptr<jose::KeySource> issuer_keys(const KeyAddress& a) override { return plain_.issuer_keys(a); }
  void error(std::string_view, std::string, std::string) override {}
  void warning(std::string_view, std::string, std::string) override {}

 private:
  test::FakeBuilder plain_;
};

// Asks one part after the other until one says yes.
class First final : public Compound {
 public:
  First(const std::vector<UseConfig>& parts, Builder& builder) : Compound("first", "of", parts, builder) {}
  base::Task<Verdict> authenticate(Exchange& ex) const override {
    for (std::size_t i = 0; i < parts().size(); ++i) {
      base::Task<Verdict> task = ask(ex, i);
      Verdict verdict = co_await task;
      if (!verdict) continue;
      asked(ex).count_from = static_cast<std::uint16_t>(i);
      asked(ex).count_to = static_cast<std::uint16_t>(i + 1);
      co_return verdict;
    }
    co_return Verdict::absent("First");
  }
};

struct NoContent final : Handler {
  base::Task<base::Result<void>> answer(Exchange& ex) const override {
    ex.response.status = 204;
    return base::Result<void>();
  }
};

std::string happens(const std::vector<UseConfig>& parts) {
  PartBuilder builder;
  auto filter = std::make_shared<First>(parts, builder);
  Chain chain({{filter, {true, true, true}, "first"}}, std::make_shared<NoContent>());
  test::FakeExchange fake;
  Part::said.clear();
  fake.run(chain.run(fake.ex));
  chain.done(fake.ex);
  return Part::said + std::to_string(fake.response().status);
}

TEST(Compound, HandsOnToThePartsThatWereAsked) {
  EXPECT_EQ(happens({{"bad", {}}, {"good", {}}, {"late", {}}}),
            "bad asked\ngood asked\n"
            "bad hides\ngood hides\nlate hides\n"
            "good tells\n"
            "bad sees the response\ngood sees the response\n204");
}

TEST(Compound, HidesNothingOfARequestThatGoesNoFurther) {
  EXPECT_EQ(happens({{"bad", {}}}), "bad asked\nbad sees the response\n401");
}

}  // namespace
}  // namespace sluice::chain::compound_test
