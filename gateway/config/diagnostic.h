// SPDX-License-Identifier: Apache-2.0
// Diagnostics: everything that is wrong with a configuration, collected at once and printed with file, line,
// column, the source line and a caret. Every pass over the configuration (bind, check, build) adds to one of
// these; nobody throws, and nothing here may ever show a secret. Control thread only.
#pragma once
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

// Where something was written. `file` counts from 1 into Sources, 0 is nowhere; line and column count from 1
// in characters, line 0 is the file as a whole.
struct Place {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  explicit operator bool() const noexcept { return file != 0; }
  auto operator<=>(const Place&) const = default;
};

// The texts that were read, for excerpts, and which parts of them must not be shown.
class Sources {
 public:
  // The number of the new source, for Place::file.
  std::uint32_t add(std::string name, std::string text);
  std::string_view name(std::uint32_t file) const noexcept;
  // Line `place.line` as it may be shown: hidden values as ***, control characters and tabs as blanks.
  std::string line(Place place) const;
  // Hides what stands between two places of one file from every excerpt.
  void hide(Place from, std::uint32_t end_line, std::uint32_t end_column);
  // "gateway.yaml:3:5".
  std::string text(Place place) const;

 private:
  struct Range {
    Place from;
    std::uint32_t end_line, end_column;
  };
  struct Source {
    std::string name, text;
    std::vector<std::size_t> line_starts;
  };
  std::string_view raw_line(const Source& source, std::uint32_t line) const noexcept;
  bool inside_secret(const Source& source, std::uint32_t line) const;

  std::vector<Source> sources_;
  std::vector<Range> hidden_;
};

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
  Diagnostics();

  void error(Place place, std::string path, std::string message, std::string hint = {});
  void warning(Place place, std::string path, std::string message, std::string hint = {});
  void add(Diagnostic diagnostic);

  bool has_errors() const noexcept { return errors_ > 0; }
  std::size_t errors() const noexcept { return errors_; }
  std::size_t warnings() const noexcept { return warnings_; }
  // By file (in the order of reading), line and column; the same message at the same place appears once.
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
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

}  // namespace sluice::config
