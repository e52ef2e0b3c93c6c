// SPDX-License-Identifier: Apache-2.0
// FakeLookup and FakeResolver: names that resolve to what a test says, when the test says so. FakeResolver is
// a whole net::Resolver on a virtual clock; nothing runs in the background.
//
//   FakeResolver names;
//   names.lookup().resolves("orders", {"10.0.0.1"});
//   auto watch = names.resolver().watch("orders", 8080, on_change);
//   names.answer();        // the question that watch() asked
//   names.pass(30s * 1.1);  // time passes, the next question is asked and answered
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/net/resolver.h"

namespace sluice::test {

class FakeLookup final : public net::Lookup {
 public:
  void start(const std::string& name, net::Asked /*asked*/, Done done) override {
    questions_.push_back(name);
    pending_.emplace_back(name, std::move(done));
  }

  // What the name stands for from now on. Names that were not mentioned fail with "unknown name".
  void resolves(const std::string& host, const std::vector<std::string>& ips,
                base::Duration ttl = net::Answer::kUnknown);
  void places(const std::string& service, std::vector<net::ServicePlace> places,
              base::Duration ttl = net::Answer::kUnknown);
  void answers(const std::string& name, net::Answer answer) {
    answers_.insert_or_assign(name, std::move(answer));
  }
  void fails(const std::string& host, const std::string& error);
  // There is no such name.
  void knows_none(const std::string& host);
  // Answers what is pending; how many questions that were.
  std::size_t answer();
  std::size_t pending() const noexcept { return pending_.size(); }
  // Every question asked so far.
  const std::vector<std::string>& questions() const noexcept { return questions_; }

 private:
  std::map<std::string, net::Answer> answers_;
  std::vector<std::pair<std::string, Done>> pending_;
  std::vector<std::string> questions_;
};

class FakeResolver {
 public:
  FakeResolver();

  net::Resolver& resolver() noexcept { return resolver_; }
  FakeLookup& lookup() noexcept { return *lookup_; }
  base::VirtualClock& clock() noexcept { return clock_; }
  std::size_t answer() { return lookup_->answer(); }
  // Lets time pass at once, asks what is due then, answers it.
  void pass(base::Duration time);

 private:
  explicit FakeResolver(std::unique_ptr<FakeLookup> lookup);
  boost::asio::io_context control_;  // never run
  base::VirtualClock clock_;
  FakeLookup* lookup_;
  net::Resolver resolver_;
};

}  // namespace sluice::test
