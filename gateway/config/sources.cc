// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/sources.h"

#include <algorithm>
#include <array>
#include <limits>

#include "gateway/base/hex.h"
#include "gateway/base/strings.h"
#include "gateway/base/utf8.h"
#include "gateway/config/mask.h"

namespace sluice::config {

namespace {

constexpr std::size_t kLongestLine = 20'000;      // bytes; nobody reads an excerpt of a longer one
constexpr std::size_t kWidest = 120;              // characters of an excerpt
constexpr std::size_t kShortestHiddenText = 6;    // shorter ones occur by chance
constexpr std::uint32_t kLinesLookedBack = 2000;  // for the key above a block of text

// As a parameter or a segment of a URI holds it: all but unreserved characters (RFC 3986 section 2.3).
std::string percent_encoded(std::string_view text) {
  std::string out(3 * text.size(), '\0');
  char* to = out.data();
  for (char c : text) {
    const bool kept = (c >= '0' && c <= '9') || (base::lower(c) >= 'a' && base::lower(c) <= 'z') ||
                      std::string_view("-._~").find(c) != std::string_view::npos;
    if (kept) {
      *to++ = c;
    } else {
      to = base::write_percent_encoded(to, static_cast<unsigned char>(c));
    }
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  return out;
}

// The line as characters, each a piece of UTF-8; control characters become blanks.
std::vector<std::string_view> characters_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t n = base::utf8_sequence(line.substr(i));
    out.push_back(n == 0 ? "\uFFFD" : base::is_control(line[i]) ? " " : line.substr(i, n));
    i += std::max<std::size_t>(n, 1);
  }
  return out;
}

bool is_key_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// Where the value that starts at `at` ends, as far as one line tells: at its closing quote, at the end of a
// flow item, or with the line.
std::size_t value_end(const std::vector<std::string_view>& line, std::size_t at, bool in_flow) {
  if (at >= line.size()) return at;
  if (std::string_view quote = line[at]; quote == "\"" || quote == "'") {
    for (std::size_t i = at + 1; i < line.size(); ++i) {
      if (quote == "\"" && line[i] == "\\")
        ++i;
      else if (line[i] == quote)
        return i + 1;
    }
    return line.size();
  }
  if (!in_flow) return line.size();
  for (int depth = 0; at < line.size(); ++at) {
    if (line[at] == "[" || line[at] == "{")
      ++depth;
    else if ((line[at] == "]" || line[at] == "}") && depth-- == 0)
      break;
    else if (line[at] == "," && depth == 0)
      break;
  }
  return at;
}

// A value that is one ${env:}, ${file:} or ${vault:} and nothing else: only its name stands in the file.
bool is_reference(const Sources::Characters& line, std::size_t begin, std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) text += line[i];
  if (text.size() > 1 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0])
    text = text.substr(1, text.size() - 2);
  while (text.ends_with(' ')) text.pop_back();
  bool starts = text.starts_with("${env:") || text.starts_with("${file:") || text.starts_with("${vault:");
  return starts && text.find('}') == text.size() - 1;
}

// Blanks before the text of the line; a list item counts as further in than its key. None for an empty line.
std::size_t indentation(std::string_view line) {
  std::size_t n = line.find_first_not_of(" \t");
  if (n == std::string_view::npos) return std::numeric_limits<std::size_t>::max();
  return line.substr(n).starts_with("- ") ? n + 1 : n;
}

}  // namespace

namespace {

// Where user and password of a URL stand, whose "://" ends at `at`; nothing for none. What people write there
// by mistake may hold a slash or an @, which should have been escaped.
std::size_t userinfo_end(std::string_view text, std::size_t at) {
  auto url = text.substr(at, text.find_first_of(" \t\"'`", at) - at);
  auto last = url.rfind('@');
  if (last == std::string_view::npos) return at;
  auto authority = url.substr(0, url.find_first_of("/?#"));
  if (url.find('@') >= authority.size()) {
    // All of it before a slash: a host, perhaps with a port, or else the beginning of a password.
    auto colon = authority.rfind(':');
    if (colon == std::string_view::npos) return at;
    auto port = authority.substr(colon + 1);
    if (port.find_first_not_of("0123456789") == std::string_view::npos) return at;
  }
  return at + last;
}

// From and to, in bytes.
std::vector<std::pair<std::size_t, std::size_t>> userinfos(std::string_view text) {
  constexpr std::string_view kScheme = "://";
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (std::size_t at = 0; (at = text.find(kScheme, at)) != std::string_view::npos;) {
    at += kScheme.size();
    auto end = userinfo_end(text, at);
    if (end > at) out.emplace_back(at, end);
    at = end;
  }
  return out;
}

}  // namespace

std::string without_userinfo(std::string text) {
  auto all = userinfos(text);
  for (auto at = all.rbegin(); at != all.rend(); ++at) text.replace(at->first, at->second - at->first, kMask);
  return text;
}

bool sounds_secret(std::string_view key) noexcept {
  static constexpr std::array<std::string_view, 15> kWords = {
      "*password*", "*passwd*",      "*passphrase*", "*secret*",   "*token",
      "*tokens",    "*credential*",  "*private*",    "*api_key*",  "*apikey*",
      "*api-key*",  "*signing_key*", "*pwd",         "*hmac_key*", "*authorization"};
  return !key.empty() && std::any_of(kWords.begin(), kWords.end(),
                                     [&](std::string_view glob) { return base::glob_match(glob, key); });
}

bool carries_credentials(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 4> kWords = {"*cookie", "*token*", "*signature*", "*key*"};
  return sounds_secret(name) || std::any_of(kWords.begin(), kWords.end(), [&](std::string_view glob) {
           return base::glob_match(glob, name);
         });
}

std::string without_credentials(std::string_view uri) {
  const std::size_t mark = uri.find('?');
  if (mark == uri.npos) return std::string(uri);
  std::string out(uri.substr(0, mark + 1));
  for (std::string_view rest = uri.substr(mark + 1); !rest.empty();) {
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    const std::size_t equals = parameter.find('=');
    const bool hidden = equals != parameter.npos && carries_credentials(parameter.substr(0, equals));
    out.append(hidden ? parameter.substr(0, equals + 1) : parameter);
    if (hidden) out.append(kMask);
    if (parameter.size() < rest.size()) out += '&';
    rest.remove_prefix(std::min(parameter.size() + 1, rest.size()));
  }
  return out;
}

std::uint32_t Sources::add(std::string name, std::string text) {
  Source source{std::move(name), std::move(text), {0}};
  const std::string& t = source.text;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (t[i] == '\r' && i + 1 < t.size() && t[i + 1] == '\n') continue;
    if (t[i] == '\n' || t[i] == '\r') source.line_starts.push_back(i + 1);
  }
  sources_.push_back(std::move(source));
  return static_cast<std::uint32_t>(sources_.size());
}

std::string_view Sources::name(std::uint32_t file) const noexcept {
  return file == 0 || file > sources_.size() ? std::string_view() : std::string_view(sources_[file - 1].name);
}

std::string Sources::text(Place place) const {
  std::string out(name(place.file));
  if (place.line == 0) return out;
  out += ':' + std::to_string(place.line);
  if (place.column) out += ':' + std::to_string(place.column);
  return out;
}

std::string_view Sources::raw_line(const Source& source, std::uint32_t line) const noexcept {
  if (line == 0 || line > source.line_starts.size()) return {};
  std::size_t begin = source.line_starts[line - 1];
  std::size_t end = line < source.line_starts.size() ? source.line_starts[line] : source.text.size();
  std::string_view out = std::string_view(source.text).substr(begin, end - begin);
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.remove_suffix(1);
  return out;
}

void Sources::hide(Place from, std::uint32_t end_line, std::uint32_t end_column) {
  hidden_.push_back({from, end_line, end_column});
}

void Sources::hide_text(std::string_view value) {
  if (value.size() < kShortestHiddenText) return;
  hidden_texts_.emplace_back(value);
  if (auto in_uri = percent_encoded(value); in_uri != value) hidden_texts_.push_back(std::move(in_uri));
}

std::string Sources::masked(std::string message) const {
  for (const std::string& hidden : hidden_texts_)
    for (std::size_t at = 0; (at = message.find(hidden, at)) != std::string::npos; at += kMask.size())
      message.replace(at, hidden.size(), kMask);
  return without_userinfo(std::move(message));
}

bool Sources::is_secret_key(std::string_view key) const {
  return sounds_secret(key) || hidden_keys_.contains(key);
}

// From and to of each value that stands in the line after a secret key.
std::vector<std::pair<std::size_t, std::size_t>> Sources::after_secret_keys(const Characters& line) const {
  std::vector<std::pair<std::size_t, std::size_t>> out;
  bool in_flow = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == "{" || line[i] == "[") in_flow = true;
    if (line[i] != ":") continue;
    std::size_t end = i;
    while (end > 0 && (line[end - 1] == " " || line[end - 1] == "\"" || line[end - 1] == "'")) --end;
    std::size_t start = end;
    while (start > 0 && line[start - 1].size() == 1 && is_key_character(line[start - 1][0])) --start;
    std::string key;
    for (std::size_t k = start; k < end; ++k) key += line[k];
    if (!is_secret_key(key)) continue;
    std::size_t begin = i + 1;
    while (begin < line.size() && line[begin] == " ") ++begin;
    std::size_t stop = value_end(line, begin, in_flow);
    if (!is_reference(line, begin, stop)) out.emplace_back(begin, stop);
    if (stop > i) i = stop - 1;
  }
  return out;
}

bool Sources::below_secret_key(const Source& source, std::uint32_t line) const {
  std::size_t inside = indentation(raw_line(source, line));
  for (std::uint32_t up = line - 1; up > 0 && inside > 0 && line - up < kLinesLookedBack; --up) {
    std::string_view text = raw_line(source, up);
    std::size_t indent = indentation(text);
    if (indent >= inside) continue;
    inside = indent;
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t-\"'")));
    std::size_t key = 0;
    while (key < text.size() && is_key_character(text[key])) ++key;
    if (key < text.size() &&
        (text[key] == ':' || text[key] == '"' || text[key] == '\'' || text[key] == ' ') &&
        is_secret_key(text.substr(0, key)))
      return true;
  }
  return false;
}

std::vector<bool> Sources::hidden_in(const Source& source, Place place, const Characters& line) const {
  std::size_t length = line.size();
  if (below_secret_key(source, place.line)) return std::vector<bool>(length, true);
  std::vector<bool> out(length, false);
  auto cover = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < std::min(end, length); ++i) out[i] = true;
  };
  for (auto [begin, end] : after_secret_keys(line)) cover(begin, end);
  // A private key that somebody has pasted where its path should stand.
  std::size_t pem = raw_line(source, place.line).find("-----BEGIN"), bytes = 0;
  for (std::size_t i = 0; i < length; bytes += line[i++].size())
    if (bytes >= pem) out[i] = true;
  std::string shown;
  for (std::string_view character : line) shown += character;
  for (auto [begin, end] : userinfos(shown)) {
    bytes = 0;
    for (std::size_t i = 0; i < length; bytes += line[i++].size())
      if (bytes >= begin && bytes < end) out[i] = true;
  }
  for (const Range& r : hidden_) {
    if (r.from.file != place.file || place.line < r.from.line || place.line > r.end_line) continue;
    cover(place.line == r.from.line ? r.from.column - 1 : 0,
          place.line == r.end_line ? r.end_column - 1 : length);
  }
  return out;
}

Sources::Excerpt Sources::excerpt(Place place) const {
  Excerpt out;
  if (place.file == 0 || place.file > sources_.size() || place.line == 0) return out;
  const Source& source = sources_[place.file - 1];
  std::string_view raw = raw_line(source, place.line);
  if (raw.size() > kLongestLine) return out;
  Characters line = characters_of(raw);
  std::vector<bool> hidden = hidden_in(source, place, line);

  std::size_t at = place.column ? place.column - 1 : 0;
  std::size_t begin = at > kWidest * 3 / 4 ? at - kWidest / 2 : 0;
  std::size_t end = std::min(line.size(), begin + kWidest);
  std::size_t width = 0, mask_at = 0;
  bool only_blanks = true, in_mask = false;
  auto put = [&](std::string_view text, std::size_t its_width) {
    out.line += text;
    width += its_width;
  };
  if (begin > 0) put("...", 3);
  for (std::size_t i = begin; i < end; ++i) {
    only_blanks = only_blanks && line[i] == " ";
    bool masked_here = hidden[i] && !only_blanks;  // indentation gives nothing away
    if (masked_here && !in_mask) {
      mask_at = width;
      put(kMask, kMask.size());
    }
    if (i == at) out.caret = masked_here ? mask_at : width;
    if (!masked_here) put(line[i], 1);
    in_mask = masked_here;
  }
  if (at >= end) out.caret = width;
  if (end < line.size()) put("...", 3);
  return out;
}

}  // namespace sluice::config
