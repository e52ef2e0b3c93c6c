// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/template.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/variables.h"

namespace sluice::chain {
namespace {

bool in_url(Purpose p) noexcept { return p == Purpose::path || p == Purpose::url; }

// Bytes that one byte of a value can become.
std::size_t worst(Purpose p) noexcept {
  if (in_url(p)) return 3;
  return p == Purpose::json || p == Purpose::html ? kWorstEscape : 1;
}

bool is_value(Form form) noexcept { return form == Form::path_value || form == Form::query_value; }

// The value in the form in which it is escaped for its place: pieces of the path stay encoded in URLs, all
// else is decoded first.
std::string_view as_meant(std::string_view value, Form form, Purpose purpose, base::Arena& arena) {
  if (!is_value(form) || (in_url(purpose) && form == Form::path_value)) return value;
  return decoded(value, form == Form::query_value, arena);
}

bool of_path(Form form) noexcept {
  return form == Form::path || form == Form::path_value || form == Form::uri;
}

}  // namespace

// Puts literals and values behind each other in memory that is large enough.
class Template::Writer {
 public:
  Writer(Purpose purpose, char* begin) noexcept : purpose_(purpose), begin_(begin), out_(begin) {}

  void literal(std::string_view text) noexcept {
    char first = text.front();
    end_segment(first == '/' || first == '?' || first == '#');
    out_ = write_raw(out_, joined(text));
    note_place(text);
    segment_ = !in_query_ && !in_authority_ && text.ends_with('/') ? Segment::begun : Segment::other;
  }
  void value(std::string_view text, Form form) noexcept {
    switch (purpose_) {
      case Purpose::path:
      case Purpose::url:
        note_value(text, form);
        return url_value(text, form);
      case Purpose::field:
        out_ = write_field(out_, text);
        return;
      case Purpose::json:
        out_ = write_json(out_, text);
        return;
      case Purpose::html:
        out_ = write_html(out_, text);
        return;
      case Purpose::text:
        out_ = write_raw(out_, text);
    }
  }
  std::string_view text() const noexcept {
    std::string_view all(begin_, static_cast<std::size_t>(out_ - begin_));
    return purpose_ == Purpose::field ? base::trim(all) : all;
  }

  // Is a whole segment gone, as its values were empty? Asked when all has been written.
  bool lost_segment() const noexcept { return lost_segment_ || segment_ == Segment::empty; }

 private:
  // What has been written behind a literal's slash: nothing yet, empty values alone, or something.
  enum class Segment : std::uint8_t { begun, empty, other };

  void end_segment(bool ends) noexcept { lost_segment_ |= ends && segment_ == Segment::empty; }
  void note_value(std::string_view text, Form form) noexcept {
    if (!text.empty()) {
      end_segment(of_path(form) && text.front() == '/');
      segment_ = Segment::other;
    } else if (segment_ == Segment::begun && !of_path(form)) {
      segment_ = Segment::empty;
    }
  }
  void note_place(std::string_view text) noexcept {
    if (purpose_ != Purpose::url) return;
    in_query_ = in_query_ || text.find_first_of("?#") != std::string_view::npos;
    std::size_t mark = text.find("://");
    if (mark != std::string_view::npos) {
      in_authority_ = text.find_first_of("/?#", mark + 3) == std::string_view::npos;
    } else {
      in_authority_ = in_authority_ && text.find_first_of("/?#") == std::string_view::npos;
    }
  }
  void url_value(std::string_view text, Form form) noexcept {
    bool path = form == Form::path || form == Form::path_value;
    if (in_authority_ && (path || form == Form::uri) && text.starts_with('/')) in_authority_ = false;
    if (path && in_query_) {
      out_ = write_path_in_query(out_, text);
    } else if ((path && !in_authority_) || keeps_its_form(form)) {
      out_ = write_raw(out_, joined(text));
    } else {
      out_ = write_component(out_, text);
    }
  }
  // A query within the query, and path and query in place of the path.
  bool keeps_its_form(Form form) const noexcept {
    if (form == Form::verbatim) return true;
    if (purpose_ != Purpose::url) return false;
    return form == Form::query ? in_query_ : form == Form::uri && !in_query_ && !in_authority_;
  }
  // The part without the slashes that would make a double one with what stands before it: a path that begins
  // with two names another host when it is used as a reference.
  std::string_view joined(std::string_view text) const noexcept {
    if (!in_url(purpose_) || in_query_ || !text.starts_with('/')) return text;
    std::size_t slashes = std::min(text.find_first_not_of('/'), text.size());
    if (out_ == begin_) return text.substr(slashes - 1);
    return out_[-1] == '/' ? text.substr(slashes) : text;
  }

  Purpose purpose_;
  Segment segment_ = Segment::other;
  bool lost_segment_ = false;
  bool in_query_ = false;
  bool in_authority_ = false;  // between "://" and what ends the host
  char* begin_;
  char* out_;
};

Template::Writer Template::written(Exchange& ex, Purpose purpose) const {
  auto values = ex.arena.array<std::string_view>(parts_.size());
  std::size_t room = bytes_.size();
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& p = parts_[i];
    if (!p.variable) continue;
    values[i] = as_meant(p.variable->read(ex, bytes(p), p.id), p.variable->form, purpose, ex.arena);
    if (purpose == Purpose::field && p.variable->identity && !told_by_field(values[i])) values[i] = {};
    room += values[i].size() * worst(purpose);
  }
  Writer out(purpose, ex.arena.chars(room));
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& p = parts_[i];
    if (p.variable) {
      out.value(values[i], p.variable->form);
    } else {
      out.literal(bytes(p));
    }
  }
  return out;
}

std::string_view Template::render(Exchange& ex, Purpose purpose) const {
  return constant() ? std::string_view(bytes_) : written(ex, purpose).text();
}

base::Result<std::string_view> Template::render_place(Exchange& ex, Purpose purpose) const {
  if (constant()) return std::string_view(bytes_);
  Writer out = written(ex, purpose);
  if (out.lost_segment())
    return base::fail(base::Reason::validation, "the request makes a path without one of its segments");
  return out.text();
}

std::string Template::rendered_with(std::string_view value) const {
  std::string out;
  for (const Part& p : parts_) out += p.variable ? value : bytes(p);
  return out;
}

std::vector<std::string_view> Template::captures() const {
  std::vector<std::string_view> names;
  for (const Part& p : parts_)
    if (p.variable && p.variable->name == "path.") names.push_back(bytes(p));
  return names;
}

bool Template::tells_identity() const noexcept {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const Part& p) { return p.variable && p.variable->identity; });
}

}  // namespace sluice::chain
