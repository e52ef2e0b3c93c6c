// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/lexer.h"

#include <algorithm>

#include "gateway/base/ascii.h"

namespace sluice::expression {
namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return letter(c) || base::is_digit(c); }
bool in_number(char c) { return in_name(c) || c == '.'; }

}  // namespace

std::string_view Lexer::run(bool (*belongs)(char)) noexcept {
  std::size_t begin = at_;
  while (at_ < text_.size() && belongs(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

Token Lexer::next() {
  while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  Token token;
  token.offset = at_;
  if (at_ == text_.size()) return token;
  char c = text_[at_];
  if (c == '"' || c == '\'') return quoted();
  if (letter(c)) {
    token.kind = Token::Kind::name;
    token.word = run(in_name);
    return token;
  }
  if (base::is_digit(c)) {
    token.kind = Token::Kind::number;
    token.word = run(in_number);
    return token;
  }
  for (std::string_view sign : {"==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(",
                                ")",  "[",  "]",  ",",  ".",  "-",  "+", "*", "/", "%"})
    if (text_.substr(at_).starts_with(sign)) {
      at_ += sign.size();
      token.kind = Token::Kind::sign;
      token.word = sign;
      return token;
    }
  token.kind = Token::Kind::fault;
  token.text = c == '='   ? "`=` is no operator, `==` compares"
               : c == '&' ? "`&` is no operator, `&&` means and"
               : c == '|' ? "`|` is no operator, `||` means or"
                          : std::string("`") + c + "` has no meaning here";
  return token;
}

bool Lexer::escape(std::string& out) {
  constexpr std::string_view kFrom = "nrt\\\"'", kTo = "\n\r\t\\\"'";
  if (++at_ == text_.size()) return false;
  std::size_t i = kFrom.find(text_[at_++]);
  if (i == std::string_view::npos) return false;
  out += kTo[i];
  return true;
}

Token Lexer::quoted() {
  Token token;
  token.offset = at_;
  token.kind = Token::Kind::text;
  char quote = text_[at_++];
  while (at_ < text_.size() && text_[at_] != quote) {
    if (text_[at_] != '\\') {
      token.text += text_[at_++];
    } else if (!escape(token.text)) {
      token.kind = Token::Kind::fault;
      token.text = "an unknown escape, known are \\n \\r \\t \\\\ \\\" \\'";
      return token;
    }
  }
  if (at_ == text_.size()) {
    token.kind = Token::Kind::fault;
    token.text = "the text is not closed";
    return token;
  }
  ++at_;
  token.word = text_.substr(token.offset, at_ - token.offset);
  return token;
}

}  // namespace sluice::expression
