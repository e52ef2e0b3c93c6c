// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/accept.h"

#include <algorithm>

#include "gateway/base/strings.h"

namespace sluice::http {
namespace {

// RFC 9110 section 12.4.2; what is no quality counts as none, as whoever wrote it did not mean "any time".
int quality_of(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  if (text.size() > 1 && text[1] != '.') return 0;
  int thousandths = (text[0] - '0') * 1000, place = 100;
  for (char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return 0;
    thousandths += (c - '0') * place;
    place /= 10;
  }
  return std::min(thousandths, 1000);
}

// From 3, the type itself, to 1, anything; 0: it is not in the range.
int specificity(std::string_view range, std::string_view type) noexcept {
  if (base::equal_ignoring_case(range, type)) return 3;
  if (range == "*/*") return 1;
  std::size_t slash = type.find('/') + 1;
  bool family = range.size() == slash + 1 && range.back() == '*' &&
                base::equal_ignoring_case(range.substr(0, slash), type.substr(0, slash));
  return family ? 2 : 0;
}

}  // namespace

Wanted wanted(const Fields& request, std::string_view type) noexcept {
  bool any = false;
  int best = 0;
  Wanted out;
  for (const Field& line : request.lines()) {
    if (line.dropped || line.id != FieldId::accept) continue;
    any = true;
    std::string_view rest = line.value;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find(','), rest.size());
      std::string_view element = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      std::size_t semicolon = std::min(element.find(';'), element.size());
      int fits = specificity(base::trim(element.substr(0, semicolon)), type);
      if (fits <= best) continue;
      best = fits;
      out = {1000, fits > 1};
      for (std::string_view rest_of = element.substr(semicolon); !rest_of.empty();) {
        rest_of.remove_prefix(1);  // the semicolon
        std::size_t next = std::min(rest_of.find(';'), rest_of.size());
        std::string_view parameter = base::trim(rest_of.substr(0, next));
        rest_of.remove_prefix(next);
        if (parameter.starts_with("q=") || parameter.starts_with("Q="))
          out.quality = quality_of(parameter.substr(2));
      }
    }
  }
  return any ? out : Wanted{1000, false};
}

}  // namespace sluice::http
