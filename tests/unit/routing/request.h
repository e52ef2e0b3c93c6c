// SPDX-License-Identifier: Apache-2.0
// Shorthand of the routing tests: requests without a connection, patterns and routes from text, a condition
// on a field.
#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/http/head.h"
#include "gateway/routing/example.h"
#include "gateway/routing/match.h"

namespace sluice::routing {

// A request head that owns its bytes.
class Request {
 public:
  Request(std::string method, std::string host, std::string path)
      : method_(std::move(method)), host_(std::move(host)), path_(std::move(path)) {
    head_.method = http::method(method_);
    head_.method_text = method_;
    head_.host = host_;
    head_.path = path_;
  }
  explicit Request(std::string path) : Request("GET", "api.example.com", std::move(path)) {}
  Request(const Request&) = delete;

  Request& with(std::string_view name, std::string_view value) {
    head_.fields.add(arena_.copy(name), arena_.copy(value));
    return *this;
  }
  Request& query(std::string_view text) {
    head_.query = arena_.copy(text);
    head_.has_query = true;
    return *this;
  }
  const http::RequestHead& head() const { return head_; }

 private:
  base::Arena arena_;
  std::string method_, host_, path_;
  http::RequestHead head_{arena_};
};

// "name: value" of a field, or "name=value" as the whole query.
class TestCondition : public Condition {
 public:
  TestCondition(Kind kind, std::string name, std::string value)
      : kind_(kind), name_(std::move(name)), value_(std::move(value)) {}
  Kind kind() const noexcept override { return kind_; }
  bool fits(const Arrival& arrival) const noexcept override {
    if (kind_ == Kind::query) return arrival.head.query == value_;
    const http::Field* f = arrival.head.fields.find(name_);
    return f && f->value == value_;
  }
  bool meet(Example& example) const override {
    if (kind_ == Kind::query) return false;
    example.add_field(name_, value_);
    return true;
  }
  bool excludes(const Condition& other) const noexcept override {
    auto* o = dynamic_cast<const TestCondition*>(&other);
    return o && o->kind_ == kind_ && o->name_ == name_ && o->value_ != value_;
  }
  std::string text() const override { return name_ + ": " + value_; }

 private:
  Kind kind_;
  std::string name_, value_;
};

inline std::shared_ptr<const Condition> header(std::string name, std::string value) {
  return std::make_shared<TestCondition>(Condition::Kind::header, std::move(name), std::move(value));
}
inline std::shared_ptr<const Condition> query(std::string value) {
  return std::make_shared<TestCondition>(Condition::Kind::query, "query", std::move(value));
}

template <class T>
T parsed(Parsed<T> result) {
  if (auto* f = std::get_if<PatternFault>(&result)) throw std::runtime_error(f->text);
  return std::get<T>(std::move(result));
}
inline PathPattern path(std::string_view text) { return parsed(parse_path(text)); }
inline HostPattern host(std::string_view text) { return parsed(parse_host(text)); }

// One match; "" is no condition on the host, {} none on the method.
inline Match match(std::string_view h, std::string_view p, std::vector<std::string> methods = {}) {
  Match m;
  if (!h.empty()) m.hosts.push_back(host(h));
  m.paths.push_back(path(p));
  m.methods = std::move(methods);
  return m;
}
inline RouteMatches route(std::string name, Match m, int priority = 0) {
  return {std::move(name), priority, {std::move(m)}};
}
// A route named as its path.
inline RouteMatches route(std::string_view p, std::vector<std::string> methods = {}) {
  return route(std::string(p), match("", p, std::move(methods)));
}

}  // namespace sluice::routing
