// SPDX-License-Identifier: Apache-2.0
// Fault: what can be wrong with an HTTP/1 head, as the parser hands it around before anybody needs words for
// it. Private to the parser; everybody else gets the Error that explain() makes.
#pragma once
#include <cstddef>
#include <cstdint>

#include "gateway/base/result.h"
#include "gateway/http/h1/head_scanner.h"

namespace sluice::http::h1 {

enum class Fault : std::uint8_t {
  none,
  // Of the syntax.
  incomplete,
  excess,
  method,
  target,
  version,
  status,
  reason,
  line_end,
  name,
  value,
  options,
  length,
  too_many,
  // Of the meaning.
  disguised,
  two_lengths,
  length_and_coding,
  old_coding,
  two_codings,
  coding,
  unknown_coding,
  indispensable,
  too_many_options,
  body,
  expectation,
  uri_length,
  status_range,
  unasked_switch,
  incomplete_switch,
};

// In words, with the reason that a message of that kind is refused for. `line`: number of the field line, for
// faults of one line.
base::Unexpected explain(Fault fault, Message kind, std::size_t line = 0);

}  // namespace sluice::http::h1
