// SPDX-License-Identifier: Apache-2.0
// The describing API: every layer writes one description of each setting next to its config struct, and from
// that one line come the parser, the default, the bounds, the error text, the JSON Schema and the reference
// page. Descriptions must not read files, look at other settings' values or fail.
//
//   struct Timeouts {
//     config::Duration connect = 2s;                       // the default is the struct's own
//     std::optional<config::Duration> total;               // none unless written
//     bool operator==(const Timeouts&) const = default;
//   };
//   // Found by its argument, in the namespace of the struct.
//   inline void describe(config::Description<Timeouts>& d) {
//     using namespace config;
//     d.about("timeouts", "How long each phase of an exchange may take.");
//     d.field("connect", &Timeouts::connect, "Time to establish a connection.", at_least(1ms),
//             example("500ms"));
//     d.field("total", &Timeouts::total, "Time for the whole exchange, all attempts included.");
//     d.check([](const Timeouts& t, const Site& at) {
//       if (t.total && *t.total < t.connect) at.error("total", "is shorter than connect");
//     });
//   }
//
// Members may be: bool, integers, double, std::string, Duration, Size, Rate, Percent, Secret, Json, described
// structs, enums and texts, and std::vector, ByName and std::optional of these. Options are in options.h.
#pragma once
#include <concepts>
#include <string>
#include <utility>

#include "gateway/config/alternatives.h"
#include "gateway/config/field.h"
#include "gateway/config/options.h"
#include "gateway/config/report.h"
#include "gateway/config/structure.h"
#include "gateway/config/types.h"
#include "gateway/config/values.h"

namespace sluice::config {

template <class T>
class Description {
 public:
  explicit Description(StructShape& shape)
      : shape_(shape), sample_(static_cast<const T*>(shape.defaults.get())) {}

  // First: the name of the structure (its heading and schema definition; unique) and what it is for.
  Description& about(std::string name, std::string doc) {
    shape_.name = std::move(name);
    shape_.doc = std::move(doc);
    return *this;
  }
  // Members of a base class of T may be described too.
  template <class M, class B, class... O>
    requires std::derived_from<T, B>
  Description& field(std::string name, M B::* member, std::string doc, const O&... options) {
    Field f;
    f.name = std::move(name);
    f.doc = std::move(doc);
    f.offset = offset(member);
    f.shape = &shape_of<M>;
    (apply_to_field<M>(f, options), ...);
    shape_.fields.push_back(std::move(f));
    return *this;
  }
  // Exactly one key of the table stands beside the fields: `{jwt: {...}}`, `respond: {...}`. Optional without
  // `required`.
  Description& one_of(Choice T::* member, const Alternatives& table, std::string doc) {
    shape_.unions.push_back({std::move(doc), offset(member), &table, false});
    return *this;
  }
  Description& one_of(Choice T::* member, const Alternatives& table, std::string doc, Required) {
    shape_.unions.push_back({std::move(doc), offset(member), &table, true});
    return *this;
  }

  // A bare scalar (or list, if the field is one) in place of the mapping is short for this field alone:
  // `health: /healthz` for `health: {path: /healthz}`. The field must have been described.
  template <class M, class B>
    requires std::derived_from<T, B>
  Description& shorthand(M B::* member) {
    shape_.shorthands.push_back(index_of(offset(member)));
    return *this;
  }
  // A bare word in place of the mapping: d.word("none", "Never retries.", [](Retry& r) { r.attempts = 0; }).
  template <class F>
  Description& word(std::string text, std::string doc, F apply) {
    shape_.words.push_back(
        {std::move(text), std::move(doc), [apply](void* p) { apply(*static_cast<T*>(p)); }});
    return *this;
  }

  // Rules between fields, checked and written into the schema. Keys of a one_of table may be named too.
  Description& exactly_one(std::vector<std::string> names) {
    return group(HowMany::exactly_one, std::move(names));
  }
  Description& at_most_one(std::vector<std::string> names) {
    return group(HowMany::at_most_one, std::move(names));
  }
  Description& at_least_one(std::vector<std::string> names) {
    return group(HowMany::at_least_one, std::move(names));
  }
  // Any other rule: fn(const T&, const Site&). Runs when the struct itself was read without an error.
  template <class F>
  Description& check(F fn) {
    shape_.checks.push_back([fn](const void* p, const Site& at) { fn(*static_cast<const T*>(p), at); });
    return *this;
  }
  // It says what the text by some name is to be like: a header field, for instance. In a mapping by such names
  // it is hidden where the text would be.
  Description& about_a_text() {
    shape_.about_a_text = true;
    return *this;
  }
  // YAML of the whole structure, for the reference page.
  Description& example(std::string yaml) {
    shape_.examples.push_back(std::move(yaml));
    return *this;
  }

 private:
  template <class M, class B>
  std::size_t offset(M B::* member) const {
    return static_cast<std::size_t>(reinterpret_cast<const char*>(&(sample_->*member)) -
                                    reinterpret_cast<const char*>(sample_));
  }
  std::size_t index_of(std::size_t field_offset) const { return config::field_at(shape_, field_offset); }
  Description& group(HowMany how_many, std::vector<std::string> names) {
    shape_.groups.push_back({how_many, std::move(names)});
    return *this;
  }
  StructShape& shape_;
  const T* sample_;
};

// An Alternative whose settings are a described C.
template <class C>
Alternative alternative(std::string name, std::string doc, std::string example = {}) {
  return {
      std::move(name),
      std::move(doc),
      std::move(example),
      &shape_of<C>,
      &typeid(C),
      [] { return std::shared_ptr<void>(std::make_shared<C>()); },
      [](const void* a, const void* b) { return *static_cast<const C*>(a) == *static_cast<const C*>(b); }};
}

}  // namespace sluice::config
