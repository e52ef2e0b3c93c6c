// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/request_conditions.h"

#include "gateway/base/strings.h"
#include "gateway/chain/cookies.h"
#include "gateway/chain/escape.h"
#include "gateway/config/mask.h"
#include "gateway/config/sources.h"
#include "gateway/routing/example.h"

namespace sluice::routing {
namespace {

using http::FieldId;
using FoundValue = std::optional<std::string_view>;

// Where a value is put together that does not stand in the head as it is asked for. Until the next one: the
// arena would grow with every route that asks.
std::string& scratch() {
  thread_local std::string text;
  text.clear();
  return text;
}

// One value of a request, and what is asked of it.
class ValueCondition : public Condition {
 public:
  ValueCondition(Kind kind, std::string_view what, std::string name, ValueRule rule)
      : kind_(kind), what_(what), name_(std::move(name)), rule_(std::move(rule)) {}

  Kind kind() const noexcept final { return kind_; }
  bool fits(const Arrival& arrival) const noexcept final { return rule_.fits(value(arrival.head)); }
  bool excludes(const Condition& other) const noexcept final {
    const auto* o = dynamic_cast<const ValueCondition*>(&other);
    return o && o->what_ == what_ && same_name(o->name_) && rule_.excludes(o->rule_);
  }
  bool meet(Example& example) const final {
    auto sample = rule_.sample();
    if (!sample) return false;
    if (*sample) add(example, **sample);
    return true;
  }
  std::string text() const final {
    bool hidden = !rule_.about_presence() && config::carries_credentials(name_);
    return std::string(what_) + " " + name_ + ": " + (hidden ? std::string(config::kMask) : rule_.text());
  }

 protected:
  const std::string& name() const noexcept { return name_; }

 private:
  virtual FoundValue value(const http::RequestHead& head) const noexcept = 0;
  virtual void add(Example& example, std::string_view sample) const = 0;
  virtual bool same_name(std::string_view other) const noexcept { return other == name_; }

  Kind kind_;
  std::string_view what_;
  std::string name_;
  ValueRule rule_;
};

class HeaderCondition final : public ValueCondition {
 public:
  HeaderCondition(std::string name, ValueRule rule)
      : ValueCondition(Kind::header, "header", std::move(name), std::move(rule)),
        id_(http::field_id(this->name())),
        upgrade_(base::equal_ignoring_case(this->name(), "Upgrade")) {}

 private:
  FoundValue value(const http::RequestHead& head) const noexcept override {
    if (upgrade_) return head.upgrade.empty() ? FoundValue() : head.upgrade;
    if (id_ != FieldId::other && !head.fields.may_have(http::field_set(id_))) return std::nullopt;
    FoundValue found;
    std::size_t lines = 0;
    for (const http::Field& line : head.fields.lines()) {
      if (!is_ours(line)) continue;
      if (lines++ == 0) found = line.value;
    }
    return lines > 1 ? joined(head.fields) : found;
  }
  bool is_ours(const http::Field& line) const noexcept {
    if (line.dropped || line.id != id_) return false;
    return id_ != FieldId::other || base::equal_ignoring_case(line.name, name());
  }
  std::string_view joined(const http::Fields& fields) const {
    std::string& out = scratch();
    bool first = true;
    for (const http::Field& line : fields.lines()) {
      if (!is_ours(line)) continue;
      if (!first) out.append(", ");
      out.append(line.value);
      first = false;
    }
    return out;
  }
  void add(Example& example, std::string_view sample) const override { example.add_field(name(), sample); }
  bool same_name(std::string_view other) const noexcept override {
    return base::equal_ignoring_case(other, name());
  }

  FieldId id_;
  bool upgrade_;
};

class QueryCondition final : public ValueCondition {
 public:
  QueryCondition(std::string name, ValueRule rule)
      : ValueCondition(Kind::query, "query", std::move(name), std::move(rule)) {}

 private:
  FoundValue value(const http::RequestHead& head) const noexcept override {
    auto written = chain::query_parameter(head.query, name());
    if (!written || written->find_first_of("%+") == std::string_view::npos) return written;
    std::string& out = scratch();
    out.resize(written->size());
    out.resize(static_cast<std::size_t>(chain::write_decoded(out.data(), *written, true) - out.data()));
    return out;
  }
  void add(Example& example, std::string_view sample) const override {
    example.add_parameter(name(), sample);
  }
};

class CookieCondition final : public ValueCondition {
 public:
  CookieCondition(std::string name, ValueRule rule)
      : ValueCondition(Kind::header, "cookie", std::move(name), std::move(rule)) {}

 private:
  FoundValue value(const http::RequestHead& head) const noexcept override {
    if (!head.fields.may_have(http::field_set(FieldId::cookie))) return std::nullopt;
    auto found = chain::find_cookie(head.fields, name());
    return found.count > 0 ? FoundValue(found.value) : std::nullopt;
  }
  void add(Example& example, std::string_view sample) const override { example.add_cookie(name(), sample); }
};

}  // namespace

std::shared_ptr<const Condition> header_condition(std::string name, ValueRule rule) {
  return std::make_shared<HeaderCondition>(std::move(name), std::move(rule));
}
std::shared_ptr<const Condition> query_condition(std::string name, ValueRule rule) {
  return std::make_shared<QueryCondition>(std::move(name), std::move(rule));
}
std::shared_ptr<const Condition> cookie_condition(std::string name, ValueRule rule) {
  return std::make_shared<CookieCondition>(std::move(name), std::move(rule));
}

}  // namespace sluice::routing
