// SPDX-License-Identifier: Apache-2.0
// Reads YAML into a Document: the one place that knows the YAML library. Accepts the part of YAML 1.2 that
// cannot surprise (core schema, no tags, no merge keys, one document, few aliases), replaces ${env:NAME},
// ${file:/path} and ${vault:path#field}, and merges what the top-level `include` names. Everything it
// dislikes becomes a diagnostic; it never throws.
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/diagnostic.h"
#include "gateway/config/node.h"
#include "gateway/config/vault_config.h"

namespace sluice::config {

// What loading may ask of the machine, so that a test owns it.
class Environment {
 public:
  struct Text {
    std::optional<std::string> text;  // none: `error` says why
    std::string error;
  };
  struct Names {
    std::vector<std::string> names;
    std::string error;  // empty when the pattern could be looked up
  };
  virtual ~Environment() = default;
  virtual std::optional<std::string> variable(const std::string& name) const = 0;
  // A whole file of at most `limit` bytes.
  virtual Text read(const std::string& path, std::size_t limit) const = 0;
  // Paths that match a shell pattern, sorted. None is no error.
  virtual Names matches(const std::string& pattern) const = 0;

  // What Vault said about one path.
  struct VaultAnswer {
    std::map<std::string, std::string> fields;
    std::string error, hint;  // `error` says why there are no fields
    std::string stale;        // why Vault could not be asked; the fields are those that it gave before
  };
  // One answer for each of the paths that the document names; waits for Vault, as long as `config` allows.
  // None where there is no Vault to ask, as is so unless somebody wants one to be asked.
  virtual std::optional<std::vector<VaultAnswer>> vault(const VaultConfig& config, const Document& document,
                                                        const std::vector<std::string>& paths) const;
};

// The process environment and the file system.
const Environment& system_environment();

inline constexpr std::size_t kLargestFile = 16u << 20;   // bytes of one YAML file
inline constexpr std::size_t kLargestSecret = 1u << 20;  // bytes of one ${file:} or ${vault:}
inline constexpr std::size_t kDeepest = 64;              // levels of nesting, aliases followed
inline constexpr std::size_t kMostNodes = 4'000'000;     // values, aliases followed
inline constexpr std::size_t kMostIncludedFiles = 10'000;

// The only setting that loading itself knows; schema and reference add it to the root.
inline constexpr std::string_view kIncludeDoc =
    "Files to read as well: a path or pattern (conf.d/*.yaml), or a list of them, relative to this file. "
    "Their lists are put behind ours, their mappings are united with ours; a name may be defined only once.";

// The file and all that it includes. Look at `diagnostics` before using the document. Vault is asked only
// where nothing is wrong so far, and never because a confined file says so.
Document load(const std::string& path, Diagnostics& diagnostics,
              const Environment& environment = system_environment(), VaultUse* vault = nullptr);
// The same from a text; `name` stands for the file in diagnostics and is where relative paths start.
Document parse(std::string text, Diagnostics& diagnostics, const std::string& name = "config.yaml",
               const Environment& environment = system_environment(), VaultUse* vault = nullptr);

}  // namespace sluice::config
