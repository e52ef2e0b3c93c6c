// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/diagnostic.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/config/json.h"

namespace sluice::config {

namespace {

std::string_view name(Severity severity) noexcept {
  return severity == Severity::error ? "error" : "warning";
}

// A value quoted in a message may hold line breaks; a diagnostic is one line.
std::string one_line(std::string text) {
  for (char& c : text)
    if (base::is_control(c)) c = ' ';
  return text;
}

}  // namespace

std::string did_you_mean(std::string_view word) {
  if (word.empty()) return {};
  return "did you mean \"" + std::string(word) + "\"?";
}

Diagnostics::Diagnostics() : sources_(std::make_shared<Sources>()) {}

void Diagnostics::error(Place place, std::string path, std::string message, std::string hint) {
  add({Severity::error, place, std::move(path), std::move(message), std::move(hint)});
}

void Diagnostics::warning(Place place, std::string path, std::string message, std::string hint) {
  add({Severity::warning, place, std::move(path), std::move(message), std::move(hint)});
}

void Diagnostics::add(Diagnostic diagnostic) {
  bool full = all_.size() >= kMostKept;
  if (!full && !seen_.emplace(diagnostic.place, diagnostic.message).second) return;
  (diagnostic.severity == Severity::error ? errors_ : warnings_)++;
  if (!full) all_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> out = all_;
  for (Diagnostic& d : out) {
    d.path = one_line(sources_->masked(std::move(d.path)));
    d.message = one_line(sources_->masked(std::move(d.message)));
    d.hint = one_line(sources_->masked(std::move(d.hint)));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.place < b.place; });
  return out;
}

std::string Diagnostics::text() const {
  std::string out;
  for (const Diagnostic& d : sorted()) {
    if (std::string where = sources_->text(d.place); !where.empty()) out += where + ": ";
    out += std::string(name(d.severity)) + ": " + d.message + '\n';
    auto excerpt = sources_->excerpt(d.place);
    if (d.place.line && excerpt.line.find_first_not_of(' ') != std::string::npos)
      out += "  " + excerpt.line + "\n  " + std::string(excerpt.caret, ' ') + "^\n";
    if (!d.hint.empty()) out += "  " + d.hint + '\n';
  }
  if (std::size_t found = errors_ + warnings_; found > all_.size())
    out += "and " + std::to_string(found - all_.size()) + " more\n";
  return out;
}

std::string Diagnostics::json() const {
  JsonWriter json;
  json.object().key("errors").number(errors_).key("warnings").number(warnings_).key("diagnostics").array();
  for (const Diagnostic& d : sorted()) {
    json.object().member("severity", name(d.severity)).member("file", sources_->name(d.place.file));
    json.key("line").number(d.place.line).key("column").number(d.place.column);
    json.member("path", d.path).member("message", d.message).member("hint", d.hint).end_object();
  }
  return json.end_array().end_object().str();
}

}  // namespace sluice::config
