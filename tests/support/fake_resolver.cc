// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_resolver.h"

namespace sluice::test {

void FakeLookup::resolves(const std::string& host, const std::vector<std::string>& ips) {
  std::vector<net::Address> addresses;
  for (const auto& ip : ips) addresses.push_back(*net::Address::parse(ip, 0));
  answers_.insert_or_assign(host, net::Addresses(std::move(addresses)));
}

void FakeLookup::fails(const std::string& host, const std::string& error) {
  answers_.insert_or_assign(host, net::Addresses(base::fail(base::Reason::upstream_resolve_failed, error)));
}

std::size_t FakeLookup::answer() {
  auto now = std::exchange(pending_, {});
  for (auto& [host, done] : now) {
    auto at = answers_.find(host);
    if (at != answers_.end()) {
      done(at->second);
    } else {
      done(base::fail(base::Reason::upstream_resolve_failed, "unknown name"));
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
