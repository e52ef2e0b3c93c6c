// SPDX-License-Identifier: Apache-2.0
// Status codes as metric labels: a class ("2xx") or, where the operator asks for it, the number.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::observe {

// 1 to 5; 0 for anything that is no status.
constexpr std::size_t code_class(int status) noexcept {
  return status >= 100 && status < 600 ? static_cast<std::size_t>(status) / 100 : 0;
}

constexpr std::string_view class_label(std::size_t code_class) noexcept {
  constexpr std::array<std::string_view, 6> kLabels = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
  return kLabels[code_class];
}

// The text of a code label; keeps the digits of a whole code.
class CodeLabel {
 public:
  CodeLabel(int status, bool full) noexcept {
    if (!full || code_class(status) == 0) {
      text_ = class_label(code_class(status));
      return;
    }
    digits_ = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
               static_cast<char>('0' + status % 10)};
    text_ = {digits_.data(), digits_.size()};
  }
  CodeLabel(const CodeLabel&) = delete;
  CodeLabel& operator=(const CodeLabel&) = delete;
  operator std::string_view() const noexcept { return text_; }  // NOLINT: it is a text

 private:
  std::array<char, 3> digits_{};
  std::string_view text_;
};

// What a key holds of a status: nothing that the label does not show.
constexpr std::uint32_t code_key(int status, bool full) noexcept {
  auto c = static_cast<std::uint32_t>(code_class(status));
  return full && c != 0 ? static_cast<std::uint32_t>(status) : c;
}

}  // namespace sluice::observe
