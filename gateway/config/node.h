// SPDX-License-Identifier: Apache-2.0
// Node and Document: a configuration as it was written, each value with its place. Made by load.h, read by
// the binder and by late passes that must say where something stands. Immutable once loaded; knows nothing of
// settings.
#pragma once
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/config/sources.h"

namespace sluice::config {

class Node;
// `broken` stands for a value that was complained about already: nobody complains about it again.
enum class Kind : std::uint8_t { null, scalar, sequence, mapping, broken };

struct Entry {
  std::string_view key;
  Place key_place;
  const Node* value = nullptr;
};

// Lives in its document. A value written as an alias is a node of its own (with the alias's place) that
// shares the children of the node it stands for.
class Node {
 public:
  Kind kind = Kind::null;
  bool quoted = false;       // scalar in quotes or a block scalar: never a number, boolean or null
  bool substituted = false;  // holds text from ${env:} or ${file:}: secret, and quotes no longer say its type
  Place place;
  std::uint32_t end_line = 0;
  std::uint32_t end_column = 0;  // one past the last character
  const Node* parent = nullptr;
  const Node* defined = nullptr;  // for an alias: the node with the anchor

  std::string_view text() const noexcept { return kind == Kind::scalar ? text_ : std::string_view(); }
  std::span<const Entry> entries() const noexcept { return entries_; }
  std::span<const Node* const> items() const noexcept { return items_; }
  // Of a mapping, by its key; nullptr when there is none. Large mappings are searched through an index.
  const Node* find(std::string_view key) const noexcept;

  // For those who build the tree. The views must live as long as the node.
  void set_text(std::string_view text) noexcept { text_ = text; }
  void set_items(std::span<const Node* const> items) noexcept { items_ = items; }
  // Copies the entries, whose keys must differ, and their index into the arena.
  void set_entries(std::span<const Entry> entries, base::Arena& arena);
  void share_children_of(const Node& other) noexcept {
    text_ = other.text_;
    entries_ = other.entries_;
    items_ = other.items_;
    index_ = other.index_;
  }

 private:
  std::string_view text_;
  std::span<const Entry> entries_;
  std::span<const Node* const> items_;
  const std::uint32_t* index_ = nullptr;  // of entries_ by key, for large mappings
};

// Copies share what was read.
class Document {
 public:
  explicit Document(std::shared_ptr<Sources> sources)
      : sources_(std::move(sources)), arena_(std::make_shared<base::Arena>()) {}

  // nullptr when nothing could be read.
  const Node* root() const noexcept { return root_; }
  // Was every file read whole? If not, missing names may be ours, and references are not checked.
  bool complete() const noexcept { return complete_; }
  // Every file that was read or looked for, secrets of ${file:} included: what a file watch must look at.
  const std::vector<std::string>& files() const noexcept { return files_; }
  // Every pattern by which files were looked for: what matches it later belongs to the configuration too.
  const std::vector<std::string>& patterns() const noexcept { return patterns_; }
  // The `confine` of every include by which the file of that place came in, outermost first. Loading only
  // keeps them; what they mean is for those to say who know what the file holds.
  std::span<const Node* const> confinements(Place place) const noexcept;
  // The node at a path such as "routes[2].match.path"; nullptr when it was not written.
  const Node* find(std::string_view path) const noexcept;
  // The same, or else the nearest node on the way to it: where a complaint about the path belongs.
  const Node* nearest(std::string_view path) const noexcept;
  // Place of nearest(path); nowhere for an empty document.
  Place place(std::string_view path) const noexcept;
  // The path by which the node is reached from the root.
  std::string path_of(const Node& node) const;
  const Sources& sources() const noexcept { return *sources_; }

 private:
  friend class Loader;
  std::shared_ptr<Sources> sources_;
  std::shared_ptr<base::Arena> arena_;
  const Node* root_ = nullptr;
  bool complete_ = true;
  std::vector<std::string> files_;
  std::vector<std::string> patterns_;
  std::map<std::uint32_t, std::vector<const Node*>> confined_;  // by file
};

// Appends to a path: `.name` (or `["a.b"]` for a name that needs it), `[3]`.
void append(std::string& path, std::string_view name);
void append(std::string& path, std::size_t index);

// One step of a path: a name, or an index into a list.
struct PathStep {
  std::string name;
  std::optional<std::size_t> index;
};
// Takes the first step off the path; none at its end, and when it is not a path.
std::optional<PathStep> next_step(std::string_view& path);

// path("routes", 2, "match") is "routes[2].match".
template <class... Parts>
std::string path(const Parts&... parts) {
  std::string out;
  [[maybe_unused]] auto add = [&](const auto& part) {
    if constexpr (std::integral<std::remove_cvref_t<decltype(part)>>)
      append(out, static_cast<std::size_t>(part));
    else
      append(out, std::string_view(part));
  };
  (add(parts), ...);
  return out;
}

}  // namespace sluice::config
