// SPDX-License-Identifier: Apache-2.0
// Compositions: sections with a line `%%` between them. The first is the settings of a composition in YAML,
// each of the others what one call is answered: a line with status and perhaps content coding, then the body.
// Answers come in several orders; whatever the order, the composition gives the same, and it is JSON.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/handlers/compose.h"
#include "gateway/json/scan.h"
#include "gateway/json/text.h"
#include "gateway/net/signal.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::compose {
namespace {

using base::Result;
using base::Task;

struct Said {
  int status = 200;
  std::string coding, body;
};
std::vector<Said> said;                // by call
std::vector<net::Signal*> unanswered;  // calls that wait, as they came
std::size_t calls_made = 0;            // while a plan is built

// Takes the place of the handler that forwards.
class Service final : public chain::Handler {
 public:
  explicit Service(std::size_t call) : call_(call) {}
  Task<Result<void>> answer(chain::Exchange& ex) const override {
    base::Scope* scope = co_await base::this_scope();
    net::Signal now(ex.worker.loop.wheel());
    unanswered.push_back(&now);
    auto outcome = co_await now.wait({});
    std::erase(unanswered, &now);
    if (outcome != base::Outcome::ready) co_return base::fail(scope->why());
    const Said& s = said[call_ % said.size()];
    ex.response.status = s.status;
    if (!s.coding.empty()) ex.response.fields.add("Content-Encoding", s.coding);
    if (!s.body.empty()) ex.response_body = http::make_body<http::TextBody>(ex.arena, s.body);
    co_return Result<void>();
  }

 private:
  std::size_t call_;
};

void take_calls() {
  static const chain::CallsGoThrough kService{
      [](const chain::CallSettings&, chain::Builder&) -> std::shared_ptr<const chain::Handler> {
        return std::make_shared<Service>(calls_made++);
      }};
}

struct Outcome {
  bool ended = false, good = false;
  int status = 0;
  std::string partial, body, why;
  bool operator==(const Outcome&) const = default;
};

Task<void> ask(const handlers::Compose& handler, chain::Exchange& ex, Outcome& out) {
  auto answering = handler.answer(ex);
  auto answered = co_await answering;
  out.good = static_cast<bool>(answered);
  out.status = ex.response.status;
  if (!answered) out.why = answered.error().detail;
  out.partial =
      std::string(ex.response.fields.find("Sluice-Partial") ? ex.response.fields.find("Sluice-Partial")->value
                                                            : std::string_view());
  for (bool last = !ex.response_body || !answered; !last;) {
    auto piece = co_await ex.response_body->read(1000);
    SLUICE_ASSERT(piece);
    out.body.append(piece->bytes.data(), piece->bytes.size());
    last = piece->last;
  }
  out.ended = true;
}

// `order`: 0 as they came, 1 the last one first, others anything.
Outcome outcome_of(const handlers::Compose& handler, unsigned order) {
  test::FakeExchange fake("/page/7?q=a%20b", "GET");
  fake.request().fields.add("Accept-Encoding", "gzip");
  fake.captures({{"id", "7"}});
  Outcome out;
  fake.run(ask(handler, fake.ex, out));
  for (unsigned turn = order;; turn = turn * 31 + order) {
    while (base::run_ready()) {
    }
    if (unanswered.empty()) break;
    std::size_t i = order == 0 ? 0 : order == 1 ? unanswered.size() - 1 : turn % unanswered.size();
    unanswered[i]->notify();
  }
  SLUICE_ASSERT(out.ended);
  fake.worker.background.cancel(base::Reason::client_closed);  // calls that nobody waits for
  while (base::run_ready()) {
  }
  return out;
}

bool is_json(std::string_view text) {
  json::Output padded;
  padded << text;
  return !json::check(padded.text());
}

// Sorted, as only their order may differ.
std::vector<std::string> lines_of(std::string_view body) {
  std::vector<std::string> out;
  while (!body.empty()) {
    std::size_t n = std::min(body.find('\n'), body.size() - 1) + 1;
    out.emplace_back(body.substr(0, n));
    SLUICE_ASSERT(is_json(out.back()));
    body.remove_prefix(n);
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool same(const Outcome& a, const Outcome& b, const Plan& plan) {
  if (!plan.stream || a.status != 200) return a == b;
  return b.status == 200 && lines_of(a.body) == lines_of(b.body);
}

void compose(std::string_view settings) {
  config::Diagnostics diagnostics;
  auto document = config::parse(std::string(settings), diagnostics);
  auto config = config::bind<ComposeConfig>(document, diagnostics);
  if (!diagnostics.text().empty()) return;
  test::FakeBuilder builder;
  builder.facts.captures = {"id"};
  calls_made = 0;
  handlers::Compose handler(config, builder);
  if (builder.problems.find("error: ") != std::string::npos) return;
  // A second time nothing is asked for what was kept: then there is no order.
  for (const auto& [name, call] : config.calls)
    if (call.cache) return void(outcome_of(handler, 0));
  Outcome first = outcome_of(handler, 0);
  bool merged = first.good && first.status == 200 && !config.raw && !config.stream;
  if (merged && !first.body.empty()) SLUICE_ASSERT(is_json(first.body));
  for (unsigned order : {1U, 7U, 12'345U})
    SLUICE_ASSERT(same(first, outcome_of(handler, order), handler.plan()));
}

std::string_view section(std::string_view& rest) {
  std::size_t end = rest.find("\n%%\n");
  std::string_view out = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 4);
  return out;
}

void run(std::string_view input) {
  take_calls();
  if (input.size() > 16 * 1024) return;
  std::string_view settings = section(input);
  said.clear();
  while (!input.empty() && said.size() < 64) {
    std::string_view text = section(input);
    std::size_t line = std::min(text.find('\n'), text.size());
    Said one;
    const char* end = text.data() + line;
    auto read = std::from_chars(text.data(), end, one.status);
    if (read.ec != std::errc() || one.status < 200 || one.status > 599) one.status = 200;
    if (read.ptr < end) one.coding.assign(read.ptr + 1, end);
    if (!http::valid_field_value(one.coding)) one.coding.clear();
    one.body = text.substr(std::min(line + 1, text.size()));
    said.push_back(std::move(one));
  }
  if (said.empty()) said.emplace_back();
  compose(settings);
}

}  // namespace
}  // namespace sluice::compose

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::compose::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
