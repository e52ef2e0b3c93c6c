// SPDX-License-Identifier: Apache-2.0
// Variables: what `${...}` in a Template may name, in one table. A variable reads the exchange as it is when
// the text is rendered: filters that ran before may have changed the path or the fields. Whoever renders a
// text for the client sees to it that the method, the path and the query are the client's (as_asked.h).
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/http/fields.h"

namespace sluice::chain {

struct Exchange;

// In which form a value comes.
enum class Form : std::uint8_t {
  plain,       // as it is
  verbatim,    // cannot break out of any place: hosts, schemes
  path,        // a piece of the normalised path, as it is where a URL is not wanted
  path_value,  // the same, decoded where a URL is not wanted
  uri,         // path and query, encoded
  query,       // the whole query, encoded as the client sent it
  query_value  // one parameter of it, decoded where a URL is not wanted
};

struct Variable {
  std::string_view name;  // "client.ip"; "path." when a name follows
  std::string_view doc;
  Form form;
  // `argument`: the name behind the dot; `id` is the argument's for "header.".
  std::string_view (*read)(Exchange& ex, std::string_view argument, http::FieldId id);
  bool identity = false;  // says who calls: clients may not say it themselves

  bool takes_name() const noexcept { return name.ends_with('.'); }
};

std::span<const Variable> variables() noexcept;

}  // namespace sluice::chain
