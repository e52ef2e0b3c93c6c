// SPDX-License-Identifier: Apache-2.0
// Heads from text for the tests of this folder: scanned and parsed as a connection would.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "gateway/http/h1/parser.h"

namespace sluice::http::h1 {

inline std::span<const char> bytes(std::string_view text) { return {text.data(), text.size()}; }

inline std::vector<std::string> lines_of(const Fields& fields) {
  std::vector<std::string> out;
  for (const Field& f : fields.lines())
    if (!f.dropped) out.push_back(std::string(f.name) + ": " + std::string(f.value));
  return out;
}

// A request that went through HeadScanner and parse_request; `verdict` is the first error of the two.
struct Request {
  explicit Request(std::string received, HeadLimits limits = {}) : text(std::move(received)) {
    auto n = HeadScanner(Message::request, limits).scan(bytes(text));
    if (!n) {
      verdict = std::move(n).unexpected();
    } else if (*n == 0) {
      verdict = base::fail(base::Reason::internal, "the test's head is incomplete");
    } else {
      verdict = parse_request(bytes(text).first(*n), limits, head);
    }
  }
  base::Reason reason() const { return verdict ? base::Reason::none : verdict.error().reason; }
  std::string detail() const { return verdict ? "" : verdict.error().detail; }

  std::string text;
  base::Arena arena;
  RequestHead head{arena};
  base::Result<Control> verdict = Control{};
};

struct Response {
  explicit Response(std::string received, Asked asked = {}, HeadLimits limits = {})
      : text(std::move(received)) {
    auto n = HeadScanner(Message::response, limits).scan(bytes(text));
    if (!n) {
      verdict = std::move(n).unexpected();
    } else if (*n == 0) {
      verdict = base::fail(base::Reason::internal, "the test's head is incomplete");
    } else {
      verdict = parse_response(bytes(text).first(*n), limits, asked, head);
    }
  }
  base::Reason reason() const { return verdict ? base::Reason::none : verdict.error().reason; }
  std::string detail() const { return verdict ? "" : verdict.error().detail; }

  std::string text;
  base::Arena arena;
  ResponseHead head{arena};
  base::Result<Control> verdict = Control{};
};

}  // namespace sluice::http::h1
