// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/field_texts.h"

#include <fmt/format.h>

#include "gateway/base/strings.h"
#include "gateway/http/hop_by_hop.h"

namespace sluice::chain {
namespace {

// The path of one field; `setting` is a path already.
std::string below(std::string_view setting, std::string_view name) {
  std::string path(setting);
  config::append(path, name);
  return path;
}

}  // namespace

std::string refuse_field(std::string_view name) {
  if (!http::valid_field_name(name)) return fmt::format("`{}` is no name of a header field", name);
  http::FieldId id = http::field_id(name);
  if (id == http::FieldId::host) return "`Host` belongs to the connection and cannot be changed here";
  if (http::connection_level(id))
    return fmt::format(
        "`{}` belongs to the connection or the framing of the message, which are the gateway's",
        http::field_name(id));
  return {};
}

void check_field_texts(const FieldTexts& fields, std::string_view setting, const config::Site& at) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& [name, text] = fields[i];
    std::string path = below(setting, name);
    if (auto wrong = refuse_field(name); !wrong.empty()) at.error(path, wrong);
    if (auto wrong = field_text(text); !wrong.empty()) at.error(path, wrong);
    for (std::size_t j = 0; j < i; ++j)
      if (base::equal_ignoring_case(name, fields[j].first))
        at.error(path, fmt::format("`{}` is the same field as `{}`", name, fields[j].first), "write it once");
  }
}

void note_identity(const FieldTexts& fields, Builder& builder) {
  for (const auto& [name, text] : fields)
    if (text.tells_identity()) builder.tells_identity(name);
}

void check_captures(const FieldTexts& fields, std::string_view setting, Builder& builder) {
  for (const auto& [name, text] : fields) check_captures(text, below(setting, name), builder);
}

}  // namespace sluice::chain
