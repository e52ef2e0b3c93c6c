// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/config/diagnostic.h"
#include "gateway/expression/written.h"
#include "gateway/observe/log_fields.h"
#include "gateway/observe/log_line.h"

namespace sluice::observe {

using expression::Fault;
using expression::Part;
using expression::Symbol;
using expression::Type;
using expression::Value;

namespace {

Type expression_type(LogKind kind) noexcept {
  switch (kind) {
    case LogKind::text:
    case LogKind::optional_text:
    case LogKind::url:
    case LogKind::optional_url:
    case LogKind::word:
    case LogKind::optional_word:
      return Type::text;
    case LogKind::attempts:
    case LogKind::names:
      return Type::collection;
    default:
      return Type::number;
  }
}

bool may_be_asked(LogField field) noexcept { return field != LogField::time && field != LogField::claims; }

class FieldNames final : public expression::Names {
 public:
  std::variant<Symbol, Fault> find(std::span<const Part> path) override {
    auto field = path.size() == 1 ? find_log_field(path[0].name) : std::nullopt;
    if (field && may_be_asked(*field))
      return Symbol{expression_type(kind(*field)), static_cast<std::uint32_t>(*field)};
    std::vector<std::string_view> known;
    for (std::string_view name : log_field_names())
      if (may_be_asked(*find_log_field(name))) known.push_back(name);
    auto near = base::nearest(path[0].name, known);
    return Fault{0,
                 fmt::format("`{}` is no field of the access log that a condition can look at", path[0].name),
                 near.empty() || near == path[0].name ? fmt::format("it has {}", fmt::join(known, ", "))
                                                      : config::did_you_mean(near)};
  }
};

class Targets final : public expression::Collection {
 public:
  explicit Targets(std::span<const AttemptRecord> all) noexcept : all_(all) {}
  std::size_t size() const noexcept override { return all_.size(); }
  bool contains(const Value& v) const noexcept override {
    return v.kind == Value::Kind::text &&
           std::any_of(all_.begin(), all_.end(), [&](const AttemptRecord& a) { return a.target == v.text; });
  }

 private:
  std::span<const AttemptRecord> all_;
};

class FieldValues final : public expression::Values {
 public:
  explicit FieldValues(const AccessRecord& record) noexcept
      : record_(record),
        targets_(record.attempts),
        partial_(record.partial),
        groups_(record.groups),
        scopes_(record.scopes) {}

  Value value(std::uint32_t slot) const override {
    if (const auto* list = list_of(static_cast<LogField>(slot))) return Value::of(*list);
    const AccessRecord& r = record_;
    switch (static_cast<LogField>(slot)) {
#define FIELD(name, kind, limit, value) \
  case LogField::name:                  \
    return kind(value);
#include "gateway/observe/log_fields.def"
    }
    return {};
  }

 private:
  // One for each kind.
  static Value text(std::string_view v) noexcept { return Value::of(v); }
  static Value optional_text(std::string_view v) noexcept { return Value::of(v); }
  static Value url(std::string_view v) noexcept { return Value::of(v); }
  static Value optional_url(std::string_view v) noexcept { return Value::of(v); }
  static Value word(std::string_view v) noexcept { return Value::of(v); }
  static Value optional_word(std::string_view v) noexcept { return Value::of(v); }
  static Value number(std::uint64_t v) noexcept {
    constexpr std::uint64_t kMost = INT64_MAX;
    return Value::of(static_cast<std::int64_t>(std::min(v, kMost)));
  }
  static Value optional_number(std::optional<std::uint64_t> v) noexcept { return v ? number(*v) : Value(); }
  static Value ms(base::Duration v) noexcept { return Value::of(static_cast<double>(v.count()) / 1e6); }
  static Value optional_ms(std::optional<base::Duration> v) noexcept { return v ? ms(*v) : Value(); }
  static Value us(base::Duration v) noexcept { return Value::of(static_cast<double>(v.count()) / 1e3); }
  static Value time(base::WallTime) noexcept { return {}; }
  Value attempts(std::span<const AttemptRecord>) const noexcept { return Value::of(targets_); }
  static Value names(std::span<const std::string_view>) noexcept { return {}; }  // of list_of()
  static Value claims(std::span<const ClaimRecord>) noexcept { return {}; }

  const expression::Texts* list_of(LogField field) const noexcept {
    switch (field) {
      case LogField::partial:
        return &partial_;
      case LogField::groups:
        return &groups_;
      case LogField::scopes:
        return &scopes_;
      default:
        return nullptr;
    }
  }

  const AccessRecord& record_;
  Targets targets_;
  expression::Texts partial_, groups_, scopes_;
};

}  // namespace

std::variant<LogCondition, Fault> LogCondition::compile(std::string_view text) {
  FieldNames names;
  auto made = expression::Expression::compile(text, names);
  if (auto* fault = std::get_if<Fault>(&made)) return std::move(*fault);
  LogCondition out;
  out.expression_ = std::get<expression::Expression>(std::move(made));
  return out;
}

bool LogCondition::holds(const AccessRecord& record) const { return expression_.holds(FieldValues(record)); }

void describe(config::Text<LogCondition>& t) {
  t.about("log_condition", "a condition such as status >= 500");
  t.example("status >= 500 || duration_ms > 1000");
  expression::describe_written(t);
}

}  // namespace sluice::observe
