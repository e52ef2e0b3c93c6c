// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/stapler.h"

#include <algorithm>
#include <set>

#include "gateway/base/log.h"
#include "gateway/net/tls_certificate.h"

namespace sluice::server {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kSoonest = 1min, kLatest = 12h, kLongestRetry = 1h;

}  // namespace

std::shared_ptr<net::Staple> StapleTable::of(const std::string& name, X509* certificate, X509* issuer,
                                             const net::OcspResponder& responder) {
  std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  auto& known = known_[net::byte_sequence(certificate) + net::byte_sequence(issuer)];
  auto staple = known.lock();
  if (!staple) {
    staple = std::make_shared<net::Staple>(name, certificate, issuer, responder);
    known = staple;
  }
  return staple;
}

// Half of what is left, not of the whole: responders hand out answers that they made days ago.
std::chrono::seconds Stapler::renewal(std::time_t expires, std::time_t now) noexcept {
  return std::clamp(std::chrono::seconds((expires - now) / 2), kSoonest, kLatest);
}

std::chrono::seconds Stapler::retry(unsigned failures) noexcept {
  return std::min(kSoonest * (1 << (std::clamp(failures, 1u, 7u) - 1)), kLongestRetry);
}

void Stapler::use(const Staples& staples) {
  std::set<const net::Staple*> wanted;
  for (const auto& staple : staples) wanted.insert(staple.get());
  std::erase_if(entries_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  for (const auto& staple : staples) {
    auto [entry, added] = entries_.try_emplace(staple.get());
    if (!added) continue;
    entry->second.staple = staple;
    ask(entry->second);
  }
}

void Stapler::ask(Entry& entry) {
  entry.waiting.reset();
  entry.asking = world_.ask(
      *entry.staple, [this, &entry](base::Result<std::string> body) { heard(entry, std::move(body)); });
}

void Stapler::heard(Entry& entry, base::Result<std::string> body) {
  net::Staple& staple = *entry.staple;
  std::time_t now = world_.now();
  std::string cause;
  if (!body) {
    cause = staple.responder().url + " " + body.error().detail;
  } else if (auto answer = net::believe_ocsp(*body, staple.certificate(), staple.issuer(), now); !answer) {
    cause = "the answer of " + staple.responder().url + " " + answer.error().detail;
  } else {
    auto expires = answer->expires;
    staple.put(std::move(*answer));
    world_.count(true);
    if (entry.failures) base::log(base::Level::info, staple.name() + ": OCSP answers come again");
    entry.failures = 0;
    entry.cause.clear();
    return again(entry, renewal(expires, now));
  }
  world_.count(false);
  ++entry.failures;
  if (cause != entry.cause) {
    bool demanded = net::must_staple(staple.certificate()) && !staple.answer(now);
    base::log(base::Level::warning, staple.name() + ": no new OCSP answer to staple: " + cause +
                                        (demanded ? "; clients refuse this certificate without one" : ""));
    entry.cause = std::move(cause);
  }
  again(entry, retry(entry.failures));
}

void Stapler::again(Entry& entry, std::chrono::seconds in) {
  entry.waiting = world_.later(in, [this, &entry] { ask(entry); });
}

}  // namespace sluice::server
