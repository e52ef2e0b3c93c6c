// SPDX-License-Identifier: Apache-2.0
// QueryRedaction: which query parameters carry secrets and must not reach a log. Built once from the
// configuration; asked on the request path, so it allocates nothing and looks at little more than the
// parameters' names.
#pragma once
#include <bitset>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::observe {

// Stands for a value that was left out.
inline constexpr std::string_view kRedacted = "REDACTED";

class QueryRedaction {
 public:
  // Names of more than 63 bytes are ignored.
  explicit QueryRedaction(std::span<const std::string> names);

  // Is the value of this parameter secret? `name` as sent: percent-encoded, any case.
  bool secret(std::string_view name) const noexcept;
  // Calls piece(text) for consecutive pieces of `url` ("/path?query"), with secret values replaced. An
  // ordinary one is a single piece. Errs on the safe side: "a=token=x" is taken to hold a token.
  template <class F>
  void pieces(std::string_view url, F&& piece) const {
    std::size_t from = 0;  // begin of what was not handed on yet
    std::size_t equals = url.find('?');
    if (!names_.empty())
      while (equals < url.size() && (equals = url.find('=', equals + 1)) < url.size()) {
        if (!secret(name_before(url, equals))) continue;
        piece(url.substr(from, equals + 1 - from));
        piece(kRedacted);
        from = value_end(url, equals + 1);
        equals = from - 1;
      }
    if (from < url.size()) piece(url.substr(from));
  }

 private:
  static bool separates(char c) noexcept { return c == '&' || c == '?' || c == ';' || c == '#' || c == '='; }
  // There is a '?' before `equals`, so both searches end.
  static std::string_view name_before(std::string_view url, std::size_t equals) noexcept {
    std::size_t begin = equals;
    while (!separates(url[begin - 1])) --begin;
    return url.substr(begin, equals - begin);
  }
  static std::size_t value_end(std::string_view url, std::size_t at) noexcept {
    while (at < url.size() && url[at] != '&' && url[at] != ';' && url[at] != '#') ++at;
    return at;
  }
  static std::size_t sketch(std::string_view name) noexcept;

  std::vector<std::string> names_;  // lower case
  std::bitset<256> sketches_;       // of the names: clear for nearly every other name
};

}  // namespace sluice::observe
