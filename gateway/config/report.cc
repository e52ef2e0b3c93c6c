// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/report.h"

#include <fmt/format.h>

#include "gateway/config/mask.h"

namespace sluice::config {

void Report::error(std::string_view path, std::string message, std::string hint) const {
  diagnostics_.error(document_.place(path), std::string(path), std::move(message), std::move(hint));
}

void Report::warning(std::string_view path, std::string message, std::string hint) const {
  diagnostics_.warning(document_.place(path), std::string(path), std::move(message), std::move(hint));
}

bool Report::reference(const Names& names, std::string_view kind, std::string_view name,
                       std::string_view path) const {
  if (names.known(kind, name)) return true;
  const Node* node = document_.nearest(path);
  bool hidden = node && node->substituted;
  if (document_.complete())
    error(path, fmt::format("there is no {} named `{}`", kind, hidden ? kMask : name),
          hidden ? "" : did_you_mean(names.nearest(kind, name)));
  return false;
}

std::string Report::where(std::string_view path) const {
  return document_.sources().text(document_.place(path));
}

std::string Site::full(std::string_view field) const {
  if (field.empty()) return path_;
  if (path_.empty()) return std::string(field);
  return path_ + (field.starts_with('[') ? "" : ".") + std::string(field);
}

void Site::error(std::string_view field, std::string message, std::string hint) const {
  report_.error(full(field), std::move(message), std::move(hint));
}

void Site::warning(std::string_view field, std::string message, std::string hint) const {
  report_.warning(full(field), std::move(message), std::move(hint));
}

}  // namespace sluice::config
