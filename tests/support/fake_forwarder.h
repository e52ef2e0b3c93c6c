// SPDX-License-Identifier: Apache-2.0
// Takes the place of the handler that forwards, for filters that call an upstream (chain/call.h): answers
// every call with what the test says, and keeps what was asked.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/chain/call.h"
#include "gateway/net/signal.h"

#include "tests/support/fake_stream.h"

namespace sluice::test {

struct FakeService {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  base::Reason fails = base::Reason::none;
  std::vector<std::string> asked;  // "POST /introspect\nName: value\n...\nbody"
  net::Signal* until = nullptr;    // the answer to one call comes when it is told, the others at once
};
inline FakeService fake_service;

inline void answer_calls_with(int status, std::vector<std::pair<std::string, std::string>> fields = {},
                              std::string body = {}) {
  fake_service = {status, std::move(fields), std::move(body), base::Reason::none, {}, nullptr};
}
inline void fail_calls(base::Reason reason) { fake_service = {0, {}, {}, reason, {}, nullptr}; }

// What a filter says that has to wait for nothing but such a call.
inline std::optional<chain::Step> step_of(const chain::Filter& filter, chain::Exchange& ex) {
  auto out = std::make_shared<std::optional<chain::Step>>();
  base::spawn(ex.scope,
              [](const chain::Filter* f, chain::Exchange* x,
                 std::shared_ptr<std::optional<chain::Step>> step) -> base::Task<void> {
                auto asking = f->on_request(*x);
                *step = co_await asking;
              }(&filter, &ex, out));
  return *out;
}

namespace detail {

struct FakeForwarder final : chain::Handler {
  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override {
    FakeService& s = fake_service;
    s.asked.push_back(std::string(ex.request.method_text) + " " + std::string(ex.request.target) + "\n" +
                      lines(ex.request.fields) + (ex.request_body ? "\n" + drained(*ex.request_body) : ""));
    if (auto* until = std::exchange(s.until, nullptr)) return later(ex, *until);
    return now(ex);
  }

 private:
  static base::Task<base::Result<void>> later(chain::Exchange& ex, net::Signal& until) {
    auto waiting = until.wait(base::Duration::zero());
    co_await waiting;
    co_return now(ex);
  }
  static base::Result<void> now(chain::Exchange& ex) {
    const FakeService& s = fake_service;
    if (s.fails != base::Reason::none) return base::fail(s.fails);
    ex.response.status = s.status;
    for (const auto& [name, value] : s.fields) ex.response.fields.add(name, value);
    if (!s.body.empty()) ex.response_body = http::make_body<http::TextBody>(ex.arena, s.body);
    return base::Result<void>();
  }
};

inline const chain::CallsGoThrough kFakeForwarder{
    [](const chain::CallSettings&, chain::Builder&) -> std::shared_ptr<const chain::Handler> {
      return std::make_shared<FakeForwarder>();
    }};

}  // namespace detail
}  // namespace sluice::test
