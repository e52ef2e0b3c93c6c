// SPDX-License-Identifier: Apache-2.0
// Diagnostics: everything that is wrong with a configuration, collected at once and printed with file, line,
// column, the source line and a caret. Every pass over the configuration (bind, check, build) adds to one of
// these; nobody throws, and nothing here may ever show a secret. Control thread only.
#pragma once
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/sources.h"

namespace sluice::config {

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  Place place;
  std::string path;     // "routes[2].match.path"; may be empty
  std::string message;  // one line, no full stop
  std::string hint;     // one line; may be empty
};

// A hint that proposes a word; no hint for an empty word.
std::string did_you_mean(std::string_view word);

class Diagnostics {
 public:
  static constexpr std::size_t kMostKept = 1000;

  Diagnostics();

  void error(Place place, std::string path, std::string message, std::string hint = {});
  void warning(Place place, std::string path, std::string message, std::string hint = {});
  void add(Diagnostic diagnostic);

  bool has_errors() const noexcept { return errors_ > 0; }
  std::size_t errors() const noexcept { return errors_; }
  std::size_t warnings() const noexcept { return warnings_; }
  // By file (in the order of reading), line and column; the same message at the same place appears once. The
  // first kMostKept that were found are kept, the others only counted.
  std::vector<Diagnostic> sorted() const;
  // For people:
  //   gateway.yaml:4:14: error: expected a duration such as 250ms, got 250: add a unit
  //       connect: 250
  //                ^
  //     did you mean "250ms"?
  std::string text() const;
  // For programs: {"errors":1,"warnings":0,"diagnostics":[{"severity":"error","file":...,"line":...}]}.
  std::string json() const;

  Sources& sources() noexcept { return *sources_; }
  const Sources& sources() const noexcept { return *sources_; }
  std::shared_ptr<Sources> shared_sources() const noexcept { return sources_; }

 private:
  std::shared_ptr<Sources> sources_;
  std::vector<Diagnostic> all_;
  std::set<std::pair<Place, std::string>> seen_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

}  // namespace sluice::config
