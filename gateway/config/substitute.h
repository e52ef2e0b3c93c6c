// SPDX-License-Identifier: Apache-2.0
// ${env:NAME} and ${file:/path} inside scalars, replaced while the file is read. Every other ${...} belongs
// to the time of the request and stays as written, and so does $${...}. What was put in is secret, and is not
// searched again.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/diagnostic.h"
#include "gateway/config/load.h"

namespace sluice::config {

class Substitution {
 public:
  // `directory` is where relative paths start; files that are read are added to `files`.
  Substitution(const Environment& environment, std::string directory, Diagnostics& diagnostics,
               std::vector<std::string>& files)
      : environment_(environment),
        directory_(std::move(directory)),
        diagnostics_(diagnostics),
        files_(files) {}

  // Is there anything to replace?
  static bool wanted(std::string_view text) noexcept;
  // The text with everything replaced; none when something is missing, which has then been reported at
  // `place`.
  std::optional<std::string> replace(std::string_view text, Place place);

 private:
  std::optional<std::string> lookup(std::string_view source, Place place);
  std::optional<std::string> variable(std::string_view name, Place place);
  std::optional<std::string> file(std::string_view path, Place place);

  const Environment& environment_;
  std::string directory_;
  Diagnostics& diagnostics_;
  std::vector<std::string>& files_;
};

// `path` as seen from `directory`; absolute paths stay as they are.
std::string resolved(std::string_view directory, std::string_view path);
// The directory part of a path, "" if there is none.
std::string directory_of(std::string_view path);

}  // namespace sluice::config
