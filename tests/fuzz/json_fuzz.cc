// SPDX-License-Identifier: Apache-2.0
// JSON: the first line is a path and a second one, the rest a value. check() says of it what the plain way
// says. What it accepts is walked, shaped and merged, and what comes of it is JSON again, with no name twice
// in an object that had it once; nothing is read outside the text and its padding.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/assert.h"
#include "gateway/json/merge.h"
#include "gateway/json/shape.h"

#include "tests/unit/json/plain.h"
#include "tests/unit/json/repeats.h"

namespace sluice::json {
namespace {

struct Padded {
  explicit Padded(std::string_view text) : bytes(new char[text.size() + kPadding]()), size(text.size()) {
    text.copy(bytes.get(), size);
  }
  std::string_view text() const { return {bytes.get(), size}; }
  std::unique_ptr<char[]> bytes;
  std::size_t size;
};

void expect_json(const Output& out) { SLUICE_ASSERT(!check(Padded(out.text()).text())); }

std::size_t walk(std::string_view value) {
  std::size_t n = 1;
  if (is(value, Type::object)) {
    Members members(value);
    for (Member m; members.next(m);) n += walk(m.value);
  } else if (is(value, Type::array)) {
    Items items(value);
    for (std::string_view i; items.next(i);) n += walk(i);
  }
  SLUICE_ASSERT(skip_value(value.data()) == value.data() + value.size());
  return n;
}

void look_into(std::string_view value, const Path& a, const Path& b) {
  base::Arena arena;
  walk(value);
  if (auto found = find(value, a.steps())) walk(*found);
  if (a.plain()) {
    std::string_view found;
    SLUICE_ASSERT(!check(value, a.steps(), found));
    SLUICE_ASSERT(found == find(value, a.steps()).value_or(std::string_view()));
  }
  for_each(value, b.steps(), [&](std::string_view v) { plain(v, arena); });
  Shape shape;
  shape.only(a);
  shape.drop(b);
  shape.rename(a, "new");
  shape.move(a, b);
  Output shaped;
  shape.apply(value, shaped);
  expect_json(shaped);
  Shape named;
  named.rename(a, "a");
  named.rename(b, "b");
  Output renamed;
  named.apply(value, renamed);
  expect_json(renamed);
  if (!repeats_a_name(value)) {
    SLUICE_ASSERT(!repeats_a_name(shaped.text()));
    SLUICE_ASSERT(!repeats_a_name(renamed.text()));
  }
  if (a.plain()) {
    // In one pass the same comes out.
    std::string_view found;
    Output apart, at_once;
    SLUICE_ASSERT(!shape.check_and_apply(value, a.steps(), found, at_once));
    if (found.data()) shape.apply(found, apart);
    SLUICE_ASSERT(apart.text() == at_once.text());
  }
  for (auto policy :
       {OnConflict::error, OnConflict::first, OnConflict::last, OnConflict::deep, OnConflict::concat}) {
    Merge merge(arena);
    std::vector<PathStep> place;
    for (const PathStep& s : a.steps())
      if (s.kind == PathStep::Kind::name) place.push_back(s);
    merge.add("one", {}, value, policy);
    merge.add("two", place, value, policy);
    Padded other(shaped.text());
    merge.add("three", {}, other.text(), policy);
    Output merged;
    merge.write(merged);
    expect_json(merged);
  }
}

void run(std::string_view input) {
  std::size_t line = std::min(input.find('\n'), input.size());
  std::string_view paths = input.substr(0, line);
  std::size_t space = std::min(paths.find(' '), paths.size());
  Padded text(input.substr(std::min(line + 1, input.size())));
  auto fault = check(text.text());
  SLUICE_ASSERT(PlainCheck::of(text.text()) ==
                (fault ? std::to_string(fault->offset) + ": " + fault->message : ""));
  if (fault) return;
  auto a = Path::parse(paths.substr(0, space));
  auto b = Path::parse(paths.substr(std::min(space + 1, paths.size())));
  Path first = std::holds_alternative<Path>(a) ? std::get<Path>(a) : Path();
  Path second = std::holds_alternative<Path>(b) ? std::get<Path>(b) : Path();
  if (!first.empty()) SLUICE_ASSERT(std::holds_alternative<Path>(Path::parse(first.text())));
  look_into(trimmed(text.text()), first, second);
}

}  // namespace
}  // namespace sluice::json

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::json::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
