// SPDX-License-Identifier: Apache-2.0
// QueryRedaction: which query parameters carry secrets and must not reach a log. Built once from the
// configuration; asked on the request path, so it allocates nothing and looks at names only.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::observe {

// Stands for a value that was left out.
inline constexpr std::string_view kRedacted = "REDACTED";

class QueryRedaction {
 public:
  explicit QueryRedaction(std::span<const std::string> names);

  // Is the value of this parameter secret? `name` as sent: percent-encoded, any case.
  bool secret(std::string_view name) const noexcept;
  // Calls piece(text) for consecutive pieces of `target` ("/path?query"), with secret values replaced. An
  // ordinary target is one piece.
  template <class F>
  void pieces(std::string_view target, F&& piece) const {
    auto query = target.find('?');
    std::size_t from = 0;  // begin of what was not handed on yet
    for (std::size_t at = query; at < target.size() && !names_.empty();) {
      std::size_t name = at + 1;
      std::size_t end = target.find_first_of("&;#", name);
      if (end > target.size()) end = target.size();
      std::size_t equals = target.substr(0, end).find('=', name);
      if (equals != std::string_view::npos && secret(target.substr(name, equals - name))) {
        piece(target.substr(from, equals + 1 - from));
        piece(kRedacted);
        from = end;
      }
      at = end;
    }
    if (from < target.size()) piece(target.substr(from));
  }

 private:
  std::vector<std::string> names_;  // lower case
  std::uint64_t lengths_ = 0;       // bit n: there is a name of n bytes, at most 63
};

}  // namespace sluice::observe
