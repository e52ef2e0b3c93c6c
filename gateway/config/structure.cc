// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/structure.h"

#include <algorithm>
#include <set>

#include <re2/re2.h>

#include "gateway/base/assert.h"
#include "gateway/config/alternatives.h"
#include "gateway/config/field.h"

namespace sluice::config {

namespace {

[[noreturn]] void bug(const std::string& where, const std::string& what) {
  base::assertion_failed(("the description of `" + where + "`: " + what).c_str(), __FILE__, __LINE__);
}

}  // namespace

const Field* StructShape::find(std::string_view key) const noexcept {
  for (const Field& field : fields)
    if (field.name == key) return &field;
  return nullptr;
}

std::size_t field_at(const StructShape& shape, std::size_t offset) {
  for (std::size_t i = 0; i < shape.fields.size(); ++i)
    if (shape.fields[i].offset == offset) return i;
  bug(shape.name, "a shorthand needs its field described before");
}

std::function<bool(std::string_view)> compiled(const std::string& regex) {
  auto pattern = std::make_shared<const re2::RE2>(regex, re2::RE2::Quiet);
  if (!pattern->ok()) bug(regex, "not a regular expression");
  return [pattern](std::string_view text) {
    return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *pattern);
  };
}

void verify(const StructShape& shape) {
  if (shape.name.empty() || shape.doc.empty()) bug(shape.name, "about(name, doc) is missing");
  std::set<std::string_view> names;
  for (const Field& field : shape.fields) {
    if (field.doc.empty()) bug(shape.name, "`" + field.name + "` has no documentation");
    if (!names.insert(field.name).second) bug(shape.name, "`" + field.name + "` is described twice");
  }
  for (const Group& group : shape.groups)
    for (const std::string& name : group.names)
      if (!names.contains(name) && shape.unions.empty()) bug(shape.name, "a group names `" + name + "`");
}

const Alternative& Alternatives::add(Alternative alternative) {
  auto less = [](const auto& a, std::string_view name) { return a->name < name; };
  auto at = std::lower_bound(all_.begin(), all_.end(), std::string_view(alternative.name), less);
  if (at != all_.end() && (*at)->name == alternative.name)
    bug(alternative.name, "this " + what_ + " exists twice");
  return **all_.insert(at, std::make_unique<const Alternative>(std::move(alternative)));
}

const Alternative* Alternatives::find(std::string_view name) const noexcept {
  auto at = std::lower_bound(all_.begin(), all_.end(), name,
                             [](const auto& a, std::string_view n) { return a->name < n; });
  return at != all_.end() && (*at)->name == name ? at->get() : nullptr;
}

}  // namespace sluice::config
