// SPDX-License-Identifier: Apache-2.0
// Report and Site: how a check that runs after binding complains at the right line. Report takes paths from
// the root and serves late passes (ties, references inside texts, files, certificates); Site takes paths from
// one struct and is handed to the struct's own checks.
#pragma once
#include <string>
#include <string_view>

#include "gateway/config/diagnostic.h"
#include "gateway/config/names.h"
#include "gateway/config/node.h"

namespace sluice::config {

class Report {
 public:
  Report(const Document& document, Diagnostics& diagnostics)
      : document_(document), diagnostics_(diagnostics) {}

  // At the place of what was written for `path`, or of the nearest thing around it that was.
  void error(std::string_view path, std::string message, std::string hint = {}) const;
  void warning(std::string_view path, std::string message, std::string hint = {}) const;
  // Complains unless `names` knows the name; true when it does.
  bool reference(const Names& names, std::string_view kind, std::string_view name,
                 std::string_view path) const;
  // "gateway.yaml:3:5", for messages that point at a second place.
  std::string where(std::string_view path) const;
  const Document& document() const noexcept { return document_; }

 private:
  const Document& document_;
  Diagnostics& diagnostics_;
};

class Site {
 public:
  Site(const Report& report, const Node& node, std::string path)
      : report_(report), node_(node), path_(std::move(path)) {}

  // `field` is a path inside the struct; "" complains about the struct as a whole.
  void error(std::string_view field, std::string message, std::string hint = {}) const;
  void warning(std::string_view field, std::string message, std::string hint = {}) const;
  // Was this field of the struct written (and not left to its default)? Shorthands count as the field they
  // stand for only in their long form.
  bool written(std::string_view field) const noexcept { return node_.find(field) != nullptr; }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string full(std::string_view field) const;
  const Report& report_;
  const Node& node_;
  std::string path_;
};

}  // namespace sluice::config
