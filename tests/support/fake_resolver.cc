// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_resolver.h"

namespace sluice::test {

void FakeLookup::resolves(const std::string& host, const std::vector<std::string>& ips, base::Duration ttl) {
  std::vector<net::Address> addresses;
  for (const auto& ip : ips) addresses.push_back(*net::Address::parse(ip, 0));
  net::Answer answer{std::move(addresses)};
  answer.ttl = ttl;
  answers(host, std::move(answer));
}

void FakeLookup::places(const std::string& service, std::vector<net::ServicePlace> places,
                        base::Duration ttl) {
  net::Answer answer;
  answer.places = std::move(places);
  answer.ttl = ttl;
  answers(service, std::move(answer));
}

void FakeLookup::fails(const std::string& host, const std::string& error) {
  answers(host, net::failed_answer(error));
}

void FakeLookup::knows_none(const std::string& host) { answers(host, net::no_answer("no such name")); }

std::size_t FakeLookup::answer() {
  auto now = std::exchange(pending_, {});
  for (auto& [host, done] : now) {
    auto at = answers_.find(host);
    if (at != answers_.end()) {
      done(at->second);
    } else {
      done(net::failed_answer("unknown name"));
    }
  }
  return now.size();
}

FakeResolver::FakeResolver() : FakeResolver(std::make_unique<FakeLookup>()) {}

FakeResolver::FakeResolver(std::unique_ptr<FakeLookup> lookup)
    : lookup_(lookup.get()), resolver_(control_, clock_, std::move(lookup)) {}

void FakeResolver::pass(base::Duration time) {
  clock_.advance(time);
  resolver_.tick();
  lookup_->answer();
}

}  // namespace sluice::test
