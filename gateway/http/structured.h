// SPDX-License-Identifier: Apache-2.0
// Structured fields (RFC 8941), as far as signatures and digests are written in them: dictionaries whose
// members are items or inner lists, with parameters. Strict: what the grammar does not allow is an error of
// the whole field, as section 4.2 demands. Views point into the text.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::http {

struct SfParameter {
  std::string_view key;
  // Of the value, which `true` is where none was written.
  enum class Kind : std::uint8_t { boolean, integer, string, token, bytes, decimal } kind = Kind::boolean;
  std::int64_t integer = 0;  // of booleans 0 or 1
  std::string text;          // of strings what they say; of tokens and decimals as written; of bytes decoded
};

struct SfItem {
  SfParameter value;  // without key
  std::vector<SfParameter> parameters;
  std::string_view raw;  // as received, parameters included

  const SfParameter* find(std::string_view key) const noexcept;
};

struct SfMember {
  std::string_view key;
  bool is_list = false;
  std::vector<SfItem> items;            // of an inner list
  SfItem item;                          // of an item; its parameters are those of the member
  std::vector<SfParameter> parameters;  // of an inner list
  std::string_view raw;                 // the value as received, parameters included

  const SfParameter* find(std::string_view parameter) const noexcept;
};

// nullopt if it is no dictionary. The last one of two members with the same key counts, as section 3.2 says.
std::optional<std::vector<SfMember>> parse_sf_dictionary(std::string_view text);

}  // namespace sluice::http
