// SPDX-License-Identifier: Apache-2.0
// LogTemplate: a line of the access log as the operator wrote it: `${client_ip} "${method} ${path}"
// ${status}`. What it may name is in log_fields.def; log_line.h writes it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/config/types.h"
#include "gateway/observe/log_fields.h"

namespace sluice::observe {

class LogTemplate {
 public:
  // Of all that is no field's, so that the length of a line stays bounded.
  static constexpr std::size_t kLongest = 2048;

  // First the text, then the field, if there is one.
  struct Piece {
    std::string text;
    std::optional<LogField> field;
  };

  LogTemplate() = default;
  // Each field once at most, at least one; `$${` is a plain `${`. Without line breaks.
  static std::variant<LogTemplate, config::Complaint> compile(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  const std::vector<Piece>& pieces() const noexcept { return pieces_; }
  bool operator==(const LogTemplate& other) const { return text_ == other.text_; }

 private:
  std::string text_;
  std::vector<Piece> pieces_;
};

void describe(config::Text<LogTemplate>& text);

}  // namespace sluice::observe
