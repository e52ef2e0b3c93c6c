// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/sample.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/mask.h"

namespace sluice::cli {
namespace {

// They read and change the head alone, and are done when the call returns: no caller, no counter, no clock,
// no other service, no body.
constexpr std::string_view kShown[] = {"headers", "rewrite", "query", "method"};

std::string target_of(const http::RequestHead& head) {
  return fmt::format("{}{}{}", head.path, head.has_query ? "?" : "", head.query);
}

// Those of `from` that `without` does not have as often.
std::vector<std::string> difference(const std::vector<std::string>& from, std::vector<std::string> without) {
  std::vector<std::string> out;
  for (const std::string& line : from) {
    auto same = std::ranges::find(without, line);
    if (same == without.end()) {
      out.push_back(line);
    } else {
      without.erase(same);
    }
  }
  return out;
}

}  // namespace

Sample::Sample(http::RequestHead& request, const http::ConnectionFacts& connection,
               const config::Sources& sources)
    : request_(request),
      connection_(connection),
      sources_(sources),
      peer_ip_(connection.peer.ip()),
      exchange_(*this, worker_, &scope_) {}

bool Sample::can_show(std::string_view kind) noexcept {
  return std::ranges::find(kShown, kind) != std::end(kShown);
}

std::vector<std::string> Sample::lines() const {
  std::vector<std::string> out;
  for (const http::Field& line : request_.fields.lines())
    if (!line.dropped) out.push_back(fmt::format("{}: {}", line.name, line.value));
  return out;
}

std::string Sample::masked(std::string line) const {
  auto colon = line.find(": ");
  if (colon != std::string::npos && config::carries_credentials(std::string_view(line).substr(0, colon)))
    return fmt::format("{}: {}", std::string_view(line).substr(0, colon), config::kMask);
  return sources_.masked(std::move(line));
}

std::string Sample::masked_target() const {
  return sources_.masked(config::without_credentials(target_of(request_)));
}

std::vector<std::string> Sample::pass(const chain::Filter& filter) {
  auto fields = lines();
  std::string method(request_.method_text), target = target_of(request_), shown = masked_target();
  auto step = filter.on_request(exchange_);
  std::vector<std::string> out;
  if (!step.await_ready()) return out;  // none of those shown waits
  if (step.await_resume() == chain::Step::replied)
    return {fmt::format("answer {}: {}", exchange_.response.status, exchange_.detail)};
  if (request_.method_text != method)
    out.push_back(fmt::format("method {} -> {}", method, request_.method_text));
  if (target_of(request_) != target) out.push_back(fmt::format("target {} -> {}", shown, masked_target()));
  auto after = lines();
  for (const std::string& line : difference(fields, after)) out.push_back("- " + masked(line));
  for (const std::string& line : difference(after, fields)) out.push_back("+ " + masked(line));
  return out;
}

}  // namespace sluice::cli
