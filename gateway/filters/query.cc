// SPDX-License-Identifier: Apache-2.0
// The filter `query`: edits the query that the upstream gets. It works on the query as the client encoded it:
// parameters that no edit touches keep their bytes, names are compared decoded, and what is put in is encoded
// so that no value can become another parameter.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/chain/as_asked.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/field_texts.h"
#include "gateway/chain/registry.h"

namespace sluice::filters {

struct QueryConfig {
  std::vector<std::string> keep, remove;
  config::ByName<std::string> rename;
  chain::FieldTexts when_absent, set, add;
  bool operator==(const QueryConfig&) const = default;
};

namespace {

// Names of parameters are case-sensitive, unlike those of fields.
bool matches(std::string_view glob, std::string_view name) noexcept {
  std::size_t g = 0, n = 0, star = std::string_view::npos, mark = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      mark = n;
    } else if (g < glob.size() && glob[g] == name[n]) {
      ++g;
      ++n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      n = ++mark;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == std::string_view::npos;
}

bool matches_any(const std::vector<std::string>& globs, std::string_view name) noexcept {
  return std::ranges::any_of(globs, [name](const std::string& glob) { return matches(glob, name); });
}

std::string refuse_parameter(const std::string& name) { return name.empty() ? "a name is missing" : ""; }

void check_texts(const chain::FieldTexts& texts, std::string_view setting, bool replaces,
                 const config::Site& at) {
  for (const auto& [name, text] : texts) {
    if (name.empty()) at.error(setting, refuse_parameter(name));
    if (!replaces && text.tells_identity())
      at.error(config::path(setting, name), "tells who calls, and a client could write it itself",
               "use `set`, which replaces what the client wrote");
  }
}

}  // namespace

void describe(config::Description<QueryConfig>& d) {
  using namespace config;
  d.about("query",
          "Edits the query that the upstream gets, in the order keep, remove, rename, default, set, add. "
          "Names are written plainly, as they are when decoded, and are case-sensitive. Values may use "
          "variables; whatever they hold is encoded.");
  d.field("keep", &QueryConfig::keep,
          "Names of the parameters that stay; all others are removed. `*` stands for any characters.",
          one_or_many, each(check(refuse_parameter)), example("[page, \"filter.*\"]"));
  d.field("remove", &QueryConfig::remove, "Names of parameters to remove; `*` stands for any characters.",
          one_or_many, each(check(refuse_parameter)), example("[\"utm_*\", fbclid]"));
  d.field("rename", &QueryConfig::rename, "New names of parameters, by the old ones. Values stay.",
          example("{q: search}"));
  d.field("default", &QueryConfig::when_absent, "Parameters to add where there is none of that name.",
          example("{page: \"1\"}"));
  d.field("set", &QueryConfig::set, "Parameters to set: one each, in place of those of that name.",
          example("{tenant: \"${path.tenant}\"}"));
  d.field("add", &QueryConfig::add, "Parameters to add, whatever is there.", example("{source: gateway}"));
  d.at_least_one({"keep", "remove", "rename", "default", "set", "add"});
  d.check([](const QueryConfig& c, const Site& at) {
    check_texts(c.when_absent, "default", false, at);
    check_texts(c.set, "set", true, at);
    check_texts(c.add, "add", false, at);
    for (const auto& [from, to] : c.rename)
      if (from.empty() || to.empty()) at.error("rename", "a name is missing");
  });
}

namespace {

using chain::Exchange;

struct Renaming {
  std::string from, to, encoded;
};

// The parameters of one query, as texts that are joined by `&` in the end.
class Parameters {
 public:
  // `more`: how many may be added.
  Parameters(std::string_view query, std::size_t more, base::Arena& arena) : arena_(&arena) {
    std::size_t count = more;
    chain::each_parameter(query, [&](std::string_view) { ++count; });
    all_ = arena.array<Parameter>(count);
    chain::each_parameter(query, [&](std::string_view pair) {
      std::string_view name = pair.substr(0, pair.find('='));
      all_[size_++] = {pair, decoded(name), name.size(), false};
    });
  }

  template <class Unwanted>
  void drop_if(Unwanted unwanted) {
    for (auto& p : live())
      if (!p.dropped) p.dropped = unwanted(p.name);
  }
  // Each once: a new name that is also an old one stays.
  void rename(std::span<const Renaming> renamings) {
    for (auto& p : live()) {
      auto by = std::ranges::find(renamings, p.name, &Renaming::from);
      if (p.dropped || by == renamings.end()) continue;
      p = {arena_->join(by->encoded, p.pair.substr(p.name_size)), by->to, by->encoded.size(), false};
    }
  }
  bool has(std::string_view name) const noexcept {
    return std::ranges::any_of(all_.first(size_),
                               [name](const Parameter& p) { return !p.dropped && p.name == name; });
  }
  void set(std::string_view name, std::string_view pair, std::size_t name_size) {
    bool done = false;
    for (auto& p : live()) {
      if (p.dropped || p.name != name) continue;
      if (done) {
        p.dropped = true;
      } else {
        p.pair = pair;
        p.name_size = name_size;
        done = true;
      }
    }
    if (!done) add(name, pair, name_size);
  }
  void add(std::string_view name, std::string_view pair, std::size_t name_size) {
    all_[size_++] = {pair, name, name_size, false};
  }

  bool empty() const noexcept {
    return std::ranges::all_of(all_.first(size_), [](const Parameter& p) { return p.dropped; });
  }
  std::string_view text() const {
    std::size_t room = 0;
    for (const auto& p : all_.first(size_)) room += p.pair.size() + 1;
    char* begin = arena_->chars(room);
    char* out = begin;
    for (const auto& p : all_.first(size_)) {
      if (p.dropped) continue;
      if (out != begin) *out++ = '&';
      out = chain::write_raw(out, p.pair);
    }
    return {begin, static_cast<std::size_t>(out - begin)};
  }

 private:
  struct Parameter {
    std::string_view pair;  // encoded, with its name
    std::string_view name;  // decoded
    std::size_t name_size;  // in `pair`
    bool dropped;
  };
  std::span<Parameter> live() noexcept { return all_.first(size_); }
  std::string_view decoded(std::string_view text) const { return chain::decoded(text, true, *arena_); }

  base::Arena* arena_;
  std::span<Parameter> all_;
  std::size_t size_ = 0;
};

class Query final : public chain::Filter {
 public:
  Query(const QueryConfig& c, chain::Builder& builder) : keep_(c.keep), remove_(c.remove) {
    for (const auto& [from, to] : c.rename) rename_.push_back({from, to, chain::component(to)});
    take(c.when_absent, "default", when_absent_, builder);
    take(c.set, "set", set_, builder);
    take(c.add, "add", add_, builder);
  }

  base::Task<chain::Step> on_request(Exchange& ex) const override {
    auto& head = ex.request;
    if (!head.path.starts_with('/')) return chain::Step::next;  // OPTIONS * and CONNECT have no query
    Parameters all(head.query, when_absent_.size() + set_.size() + add_.size(), ex.arena);
    if (!keep_.empty()) all.drop_if([this](std::string_view name) { return !matches_any(keep_, name); });
    if (!remove_.empty()) all.drop_if([this](std::string_view name) { return matches_any(remove_, name); });
    if (!rename_.empty()) all.rename(rename_);
    // Values are read from the query as it came, whatever the edits before have made of it.
    for (const auto& text : when_absent_)
      if (!all.has(text.name)) all.add(text.name, pair(text, ex), text.encoded.size());
    for (const auto& text : set_) all.set(text.name, pair(text, ex), text.encoded.size());
    for (const auto& text : add_) all.add(text.name, pair(text, ex), text.encoded.size());
    chain::keep_line(ex);
    head.has_query = !all.empty();
    head.query = head.has_query ? all.text() : std::string_view{};
    return chain::Step::next;
  }

 private:
  struct Text {
    std::string name, encoded;
    chain::Template value;
  };

  static void take(const chain::FieldTexts& texts, std::string_view setting, std::vector<Text>& out,
                   chain::Builder& builder) {
    chain::check_captures(texts, setting, builder);
    for (const auto& [name, value] : texts) out.push_back({name, chain::component(name), value});
  }
  static std::string_view pair(const Text& text, Exchange& ex) {
    constexpr std::size_t kWorst = 3;  // bytes that one becomes
    std::string_view value = text.value.render(ex, chain::Purpose::text);
    char* begin = ex.arena.chars(text.encoded.size() + 1 + kWorst * value.size());
    char* out = chain::write_raw(begin, text.encoded);
    *out++ = '=';
    out = chain::write_component(out, value);
    return {begin, static_cast<std::size_t>(out - begin)};
  }

  std::vector<std::string> keep_, remove_;
  std::vector<Renaming> rename_;
  std::vector<Text> when_absent_, set_, add_;
};

const chain::FilterKind<Query, QueryConfig> kQuery{"query", chain::Stage::shape,
                                                   "Edits the query that the upstream gets.",
                                                   "{remove: \"utm_*\", set: {source: gateway}}"};

}  // namespace
}  // namespace sluice::filters
