// SPDX-License-Identifier: Apache-2.0
// Lexer: the words of a condition, one after the other. Used by compile.cc alone.
#pragma once
#include <string>
#include <string_view>

#include "gateway/expression/expression.h"

namespace sluice::expression {

struct Token {
  enum class Kind : std::uint8_t { end, name, number, text, sign, fault } kind = Kind::end;
  std::string_view word{};  // as written
  std::string text{};       // of a text: what it says; of a fault: what is wrong
  std::size_t offset = 0;

  bool is(std::string_view sign) const noexcept { return kind == Kind::sign && word == sign; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) noexcept : text_(text) {}
  Token next();

 private:
  Token quoted();
  bool escape(std::string& out);
  std::string_view run(bool (*belongs)(char)) noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace sluice::expression
