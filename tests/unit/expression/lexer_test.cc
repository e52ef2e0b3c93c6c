// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/lexer.h"

#include <gtest/gtest.h>

namespace sluice::expression::lexer_test {
namespace {

TEST(Lexer, CutsATextIntoWords) {
  Lexer lexer(R"(a_1.b["c\"d"]>=-1.5e3)");
  std::string words;
  for (Token t = lexer.next(); t.kind != Token::Kind::end; t = lexer.next())
    words += std::string(t.word) + " ";

  EXPECT_EQ(words, R"(a_1 . b [ "c\"d" ] >= - 1.5e3 )");
}

TEST(Lexer, UnderstandsEscapes) {
  EXPECT_EQ(Lexer(R"('a\n\\\'')").next().text, "a\n\\'");
  EXPECT_EQ(Lexer(R"('\x')").next().kind, Token::Kind::fault);
  EXPECT_EQ(Lexer(R"('\)").next().kind, Token::Kind::fault);
}

}  // namespace
}  // namespace sluice::expression::lexer_test
