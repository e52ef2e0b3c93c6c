// SPDX-License-Identifier: Apache-2.0
// Binder: one walk over a document along its description; the work behind bind.h.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/diagnostic.h"
#include "gateway/config/names.h"
#include "gateway/config/node.h"
#include "gateway/config/report.h"
#include "gateway/config/structure.h"

namespace sluice::config {

class Binder {
 public:
  Binder(const Document& document, Diagnostics& diagnostics, Names& names)
      : document_(document), diagnostics_(diagnostics), names_(names), report_(document, diagnostics) {}

  // The way from the root to the current value, on the stack of the walk: a path costs nothing until it is
  // printed.
  struct Step {
    const Step* up = nullptr;
    std::string_view name;  // empty: `index` counts
    std::size_t index = 0;
    bool secret = false;
  };

  // False when something in the value was refused. `rules` may be null.
  bool value(const Shape& shape, const Rules* rules, const Node& node, void* out, const Step& at);
  void check_references();

 private:
  struct Pending {
    const std::string* kind;
    std::string_view name;
    const Node* node;
    Place place;
  };
  bool scalar(const ScalarShape& shape, const Rules* rules, const Node& node, void* out, const Step& at);
  bool list(const ListShape& shape, const Rules* rules, const Node& node, void* out, const Step& at);
  bool map(const MapShape& shape, const Rules* rules, const Node& node, void* out, const Step& at);
  bool json(const Node& node, void* out);
  bool element(const ListShape& shape, const Rules* rules, const Node& node, void* out, const Step& at);

  // What remains to be read of a struct.
  struct Progress {
    const StructShape& shape;
    const Node& node;
    void* out;
    const Step& at;
    std::vector<bool> seen;            // by field
    std::vector<const Entry*> chosen;  // by union
    bool ok = true;
  };
  bool structure(const StructShape& shape, const Node& node, void* out, const Step& at);
  bool short_form(Progress& p);
  bool long_form(Progress& p);
  bool field(const Field& field, Place key_place, const Node& node, Progress& p);
  bool alternative(const Entry& entry, Progress& p);
  void unknown_key(const Entry& entry, Progress& p);
  void check_presence(Progress& p);
  void check_group(const Group& group, Progress& p);
  bool is_present(const Progress& p, std::string_view name) const;

  // Sizes of texts, lists and mappings; then the checks of the rules.
  bool obeys(const Rules* rules, const Node& node, const void* value, const Step& at, bool hidden = false);
  bool has_size(const Rules* rules, std::size_t n, std::string_view unit, const Node& node, const Step& at);
  bool is_unique(const ListShape& shape, const Node& node, const void* list, const Step& at);
  void define(const Rules* rules, std::string_view name, Place place, const Step& at);
  void refer(const std::string& kind, std::string_view name, const Node& node, Place place);

  bool mismatch(const Shape& shape, const Rules* rules, const Node& node, const Step& at);
  void hide(const Node& node);
  // Complains at the node and says where an alias was defined; false.
  bool refuse(const Node& node, const Step& at, std::string message, std::string hint = {},
              std::size_t offset = 0);
  static std::string path(const Step& at);

  const Document& document_;
  Diagnostics& diagnostics_;
  Names& names_;
  Report report_;
  std::vector<Pending> pending_;
};

// What a value of this shape looks like, after "expected ".
std::string expectation(const Shape& shape);
// The value as JSON by the core schema of YAML 1.2.
std::string to_json(const Node& node);
// The field for which a bare value of this kind stands; nullptr if there is none.
const Field* short_for(const StructShape& shape, Kind kind) noexcept;

}  // namespace sluice::config
