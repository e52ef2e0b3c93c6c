// SPDX-License-Identifier: Apache-2.0
// Alternatives: an open set of typed one-key objects, `{jwt: {...}}`, filled at run time. A registry of
// filters or handlers adds one Alternative for each; config binds, documents and writes them without knowing
// what they are. Fill a table before the first bind (static initialisers will do); read-only afterwards.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "gateway/config/shape.h"

namespace sluice::config {

struct Alternative {
  std::string name;     // the key
  std::string doc;      // first sentence: what it does
  std::string example;  // YAML of the settings, "" for none: `{issuer: "https://idp.example.com"}`
  ShapeOf shape = nullptr;
  const std::type_info* type = nullptr;
  std::shared_ptr<void> (*make)() = nullptr;  // default settings
  bool (*equal)(const void*, const void*) = nullptr;
};

class Alternatives {
 public:
  // `what` is one of them in an error: "filter".
  explicit Alternatives(std::string what) : what_(std::move(what)) {}
  Alternatives(const Alternatives&) = delete;
  Alternatives& operator=(const Alternatives&) = delete;

  // A second one of the same name is a bug and ends the process.
  const Alternative& add(Alternative alternative);
  const Alternative* find(std::string_view name) const noexcept;
  // By name.
  const std::vector<std::unique_ptr<const Alternative>>& all() const noexcept { return all_; }
  const std::string& what() const noexcept { return what_; }

 private:
  std::string what_;
  std::vector<std::unique_ptr<const Alternative>> all_;
};

// The member of a config struct that holds one of them. Empty until bound.
class Choice {
 public:
  Choice() = default;
  Choice(const Alternative& kind, std::shared_ptr<const void> value)
      : kind_(&kind), value_(std::move(value)) {}

  explicit operator bool() const noexcept { return kind_ != nullptr; }
  const Alternative* kind() const noexcept { return kind_; }
  std::string_view name() const noexcept {
    return kind_ ? std::string_view(kind_->name) : std::string_view();
  }
  // The settings; nullptr unless they are a C.
  template <class C>
  const C* as() const noexcept {
    return kind_ && *kind_->type == typeid(C) ? static_cast<const C*>(value_.get()) : nullptr;
  }
  // The settings, for who knows the type by the name.
  const std::shared_ptr<const void>& value() const noexcept { return value_; }
  bool operator==(const Choice& other) const {
    return kind_ == other.kind_ && (!kind_ || kind_->equal(value_.get(), other.value_.get()));
  }

 private:
  const Alternative* kind_ = nullptr;
  std::shared_ptr<const void> value_;
};

}  // namespace sluice::config
