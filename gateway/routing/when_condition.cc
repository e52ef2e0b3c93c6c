// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/when_condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/cookies.h"
#include "gateway/chain/escape.h"
#include "gateway/config/diagnostic.h"
#include "gateway/http/joined_value.h"
#include "gateway/http/stream.h"

namespace sluice::routing {
namespace {

using expression::Fault;
using expression::Part;
using expression::Symbol;
using expression::Type;
using expression::Value;
using View = std::string_view;

View header(const Arrival& a, View name) {
  return http::joined_value(a.head.fields, http::field_id(name), name).value_or(View());
}
View query(const Arrival& a, View name) {
  View written = chain::query_parameter(a.head.query, name).value_or(View());
  return chain::decoded(written, true, a.head.fields.arena());
}
View cookie(const Arrival& a, View name) { return chain::find_cookie(a.head.fields, name).value; }
View client_ip(const Arrival& a, View) {
  return a.connection ? a.connection->peer.ip(a.head.fields.arena().chars(net::Address::kLongestIp)) : View();
}
View scheme(const Arrival& a, View) { return a.connection ? View(a.connection->scheme()) : View(); }
View listener(const Arrival& a, View) { return a.connection ? View(a.connection->listener->name) : View(); }
View sni(const Arrival& a, View) {
  return a.connection && a.connection->tls ? a.connection->tls->sni : View();
}

struct Name {
  View text;  // ends in a dot when a name of the client's follows
  View (*read)(const Arrival& arrival, View argument);
};
constexpr Name kNames[] = {
    {"header.", header},
    {"query.", query},
    {"cookie.", cookie},
    {"request.method", [](const Arrival& a, View) { return a.head.method_text; }},
    {"request.host", [](const Arrival& a, View) { return a.head.host; }},
    {"request.path", [](const Arrival& a, View) { return a.head.path; }},
    {"request.query", [](const Arrival& a, View) { return a.head.query; }},
    {"request.scheme", scheme},
    {"client.ip", client_ip},
    {"listener.name", listener},
    {"tls.sni", sni},
};

struct Read {
  const Name* name;
  std::string argument;
};

class MatchNames final : public expression::Names {
 public:
  std::variant<Symbol, Fault> find(std::span<const Part> path) override {
    std::string text = expression::joined(path);
    for (const Name& name : kNames) {
      bool open = name.text.ends_with('.');
      if (open ? !(View(text).starts_with(name.text) && text.size() > name.text.size()) : text != name.text)
        continue;
      reads.push_back({&name, open ? text.substr(name.text.size()) : ""});
      return Symbol{Type::text, static_cast<std::uint32_t>(reads.size() - 1)};
    }
    return unknown(path.front().name, text);
  }
  std::vector<Read> reads;

 private:
  static Fault unknown(const std::string& root, const std::string& text) {
    if (root == "claim" || root == "consumer" || root == "credential")
      return {0, "who calls is not known yet when a route is chosen", "use the handler `branch`"};
    if (text == "request.time") return {0, "routes are chosen without a clock", "use the handler `branch`"};
    std::vector<View> known;
    for (const Name& name : kNames) known.push_back(name.text);
    View near = base::nearest(text, known);
    std::string hint =
        near.empty() ? fmt::format("known here: {}", fmt::join(known, ", ")) : config::did_you_mean(near);
    return {0, fmt::format("`{}` is nothing that a match can look at", text.empty() ? root : text),
            std::move(hint)};
  }
};

class ArrivalValues final : public expression::Values {
 public:
  ArrivalValues(const std::vector<Read>& reads, const Arrival& arrival) noexcept
      : reads_(reads), arrival_(arrival) {}
  Value value(std::uint32_t slot) const override {
    const Read& read = reads_[slot];
    return Value::of(read.name->read(arrival_, read.argument));
  }

 private:
  const std::vector<Read>& reads_;
  const Arrival& arrival_;
};

class WhenCondition final : public Condition {
 public:
  WhenCondition(expression::Expression expression, std::vector<Read> reads)
      : expression_(std::move(expression)), reads_(std::move(reads)) {}
  Kind kind() const noexcept override { return Kind::other; }
  bool fits(const Arrival& arrival) const noexcept override {
    return expression_.holds(ArrivalValues(reads_, arrival));
  }
  std::string text() const override { return "when " + expression_.text(); }

 private:
  expression::Expression expression_;
  std::vector<Read> reads_;
};

}  // namespace

std::variant<std::shared_ptr<const Condition>, Fault> when_condition(std::string_view text) {
  MatchNames names;
  auto made = expression::Expression::compile(text, names);
  if (auto* fault = std::get_if<Fault>(&made)) return std::move(*fault);
  return std::make_shared<const WhenCondition>(std::get<expression::Expression>(std::move(made)),
                                               std::move(names.reads));
}

}  // namespace sluice::routing
