// SPDX-License-Identifier: Apache-2.0
// Place and Sources: where something was written, and the texts that were read, so that a diagnostic can show
// the line. Sources also knows what must not be shown: every excerpt and every message passes through it.
// Control thread only.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {

// `file` counts from 1 into Sources, 0 is nowhere; line and column count from 1 in characters, line 0 is the
// file as a whole.
struct Place {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  explicit operator bool() const noexcept { return file != 0; }
  auto operator<=>(const Place&) const = default;
};

class Sources {
 public:
  using Characters = std::vector<std::string_view>;  // of a line, each a piece of UTF-8

  // One source line as it may be shown, and how many characters stand before the place in it.
  struct Excerpt {
    std::string line;
    std::size_t caret = 0;
  };

  // The number of the new source, for Place::file.
  std::uint32_t add(std::string name, std::string text);
  std::string_view name(std::uint32_t file) const noexcept;
  // "gateway.yaml:3:5"; without what the place leaves out.
  std::string text(Place place) const;
  // Secrets as ***, tabs as blanks, long lines cut around the place, endless ones left out. Values under keys
  // that sound secret are hidden too: when a file cannot be parsed, nothing else is known about it.
  Excerpt excerpt(Place place) const;

  // Hides what stands between two places of a file (the end is one past the last character).
  void hide(Place from, std::uint32_t end_line, std::uint32_t end_column);
  // Hides a value wherever a message quotes it. Short ones would garble everything and are left to the
  // caller.
  void hide_text(std::string_view value);
  // Hides the values of this key wherever it stands.
  void hide_key(std::string key) { hidden_keys_.insert(std::move(key)); }
  // `message` without any hidden text.
  std::string masked(std::string message) const;

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
  // For each character of the line: is it part of a secret?
  std::vector<bool> hidden_in(const Source& source, Place place, const Characters& line) const;
  std::vector<std::pair<std::size_t, std::size_t>> after_secret_keys(const Characters& line) const;
  bool is_secret_key(std::string_view key) const;
  // Is the line part of a text, list or mapping whose key, somewhere above, is secret?
  bool below_secret_key(const Source& source, std::uint32_t line) const;

  std::vector<Source> sources_;
  std::vector<Range> hidden_;
  std::vector<std::string> hidden_texts_;
  std::set<std::string, std::less<>> hidden_keys_;
};

// Does a key by this name probably hold a secret? ("password", "client_secret", "api_keys")
bool sounds_secret(std::string_view key) noexcept;
// Is the text of a header field, query parameter or cookie by this name never to be shown? ("Authorization",
// "X-Api-Key", "token")
bool carries_credentials(std::string_view name) noexcept;
// A URI, or a path with its query, with *** for what parameters by such names hold.
std::string without_credentials(std::string_view uri);
// The text with *** for user and password in every URL, however badly it is written.
std::string without_userinfo(std::string text);

}  // namespace sluice::config
