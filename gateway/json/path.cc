// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/path.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gateway/json/text.h"

namespace sluice::json {
namespace {

bool in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '$' || c == '@' || c == '#' || static_cast<unsigned char>(c) >= 0x80;
}

class Parser {
 public:
  explicit Parser(std::string_view text) noexcept : text_(text) {}

  std::variant<Path, Path::Fault> parse() {
    if (text_.empty()) return Path::Fault{0, "the path is empty"};
    while (at_ < text_.size()) {
      bool good = text_[at_] == '[' ? bracket() : name();
      if (!good) return fault_;
      if (steps_.size() > Path::kMostSteps) return Path::Fault{at_, "the path is too long"};
    }
    return Path(std::move(steps_));
  }

 private:
  bool fail(std::string message) {
    fault_ = {at_, std::move(message)};
    return false;
  }
  bool name() {
    if (at_ > 0) {
      if (text_[at_] != '.') return fail("expected `.` or `[`");
      ++at_;
    }
    std::size_t begin = at_;
    while (at_ < text_.size() && in_name(text_[at_])) ++at_;
    if (at_ == begin) return fail("expected a name; names with other signs are written [\"so\"]");
    steps_.push_back({PathStep::Kind::name, std::string(text_.substr(begin, at_ - begin))});
    return true;
  }
  bool bracket() {
    std::string_view rest = text_.substr(at_ + 1);
    if (rest.starts_with('"')) {
      std::size_t end = rest.find('"', 1);
      if (end == std::string_view::npos || rest.substr(end + 1, 1) != "]") return fail("expected `\"]`");
      steps_.push_back({PathStep::Kind::name, std::string(rest.substr(1, end - 1))});
      at_ += end + 3;
      return true;
    }
    std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return fail("`[` is not closed");
    PathStep step{PathStep::Kind::each};
    if (end != 0) {
      step.kind = PathStep::Kind::index;
      auto read = std::from_chars(rest.data(), rest.data() + end, step.index);
      if (read.ec != std::errc() || read.ptr != rest.data() + end)
        return fail("expected [] for every item, [0] for the first, or [\"a name\"]");
    }
    steps_.push_back(std::move(step));
    at_ += end + 2;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<PathStep> steps_;
  Path::Fault fault_;
};

}  // namespace

std::variant<Path, Path::Fault> Path::parse(std::string_view text) { return Parser(text).parse(); }

bool Path::plain() const noexcept {
  return std::all_of(steps_.begin(), steps_.end(),
                     [](const PathStep& s) { return s.kind == PathStep::Kind::name; });
}

bool Path::many() const noexcept {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const PathStep& s) { return s.kind == PathStep::Kind::each; });
}

std::string Path::text() const {
  std::string out;
  for (const PathStep& s : steps_) {
    if (s.kind == PathStep::Kind::index) {
      out += fmt::format("[{}]", s.index);
    } else if (s.kind == PathStep::Kind::each) {
      out += "[]";
    } else if (!s.name.empty() && std::all_of(s.name.begin(), s.name.end(), in_name)) {
      out += (out.empty() ? "" : ".") + s.name;
    } else {
      out += "[\"" + s.name + "\"]";
    }
  }
  return out;
}

std::optional<std::string_view> member(std::string_view object, std::string_view name) {
  if (!is(object, Type::object)) return std::nullopt;
  std::optional<std::string_view> found;
  Members members(object);
  for (Member m; members.next(m);)
    if (says(m.key, name)) found = m.value;
  return found;
}

std::optional<std::string_view> item(std::string_view array, std::size_t index) {
  if (!is(array, Type::array)) return std::nullopt;
  Items items(array);
  for (std::string_view each; items.next(each); --index)
    if (index == 0) return each;
  return std::nullopt;
}

namespace {

struct Found {
  std::optional<std::string_view> value;
  const char* end;  // of the value that was looked into
};

Found find_at(const char* at, std::span<const PathStep> steps);

// In one pass: what is beside the way is skipped once.
Found find_member(const char* at, std::string_view name, std::span<const PathStep> rest) {
  Found out{std::nullopt, nullptr};
  Members members(std::string_view(at, 1));
  Key key;
  for (const char* value = nullptr; members.begin(key, value);) {
    if (says(key, name)) {
      Found inside = find_at(value, rest);
      out.value = inside.value;
      members.end(inside.end);
    } else {
      members.end(skip_value(value));
    }
  }
  out.end = members.past();
  return out;
}

std::optional<std::string_view> find_in_list(std::string_view list, std::span<const PathStep> steps) {
  auto rest = steps.subspan(1);
  if (steps.front().kind == PathStep::Kind::index) {
    auto found = item(list, steps.front().index);
    return found ? find(*found, rest) : std::nullopt;
  }
  Items items(list);
  for (std::string_view each; items.next(each);)
    if (auto found = find(each, rest)) return found;
  return std::nullopt;
}

Found find_at(const char* at, std::span<const PathStep> steps) {
  if (!steps.empty() && steps.front().kind == PathStep::Kind::name && *at == '{')
    return find_member(at, steps.front().name, steps.subspan(1));
  const char* end = skip_value(at);
  std::string_view whole(at, static_cast<std::size_t>(end - at));
  if (steps.empty()) return {whole, end};
  bool list = steps.front().kind != PathStep::Kind::name && *at == '[';
  return {list ? find_in_list(whole, steps) : std::nullopt, end};
}

}  // namespace

std::optional<std::string_view> find(std::string_view value, std::span<const PathStep> steps) {
  if (steps.empty()) return value;
  if (steps.front().kind == PathStep::Kind::name)
    return is(value, Type::object) ? find_at(value.data(), steps).value : std::nullopt;
  return is(value, Type::array) ? find_in_list(value, steps) : std::nullopt;
}

}  // namespace sluice::json
