// SPDX-License-Identifier: Apache-2.0
// ${env:NAME} and ${file:/path} inside scalars, replaced while the file is read, and ${vault:path#field},
// which has to wait until all of the document is there: it says where the Vault is, and Vault is asked once
// for everything. Every other ${...} belongs to the time of the request and stays as written, and so does
// $${...}. What was put in is secret, and is not searched again.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/diagnostic.h"
#include "gateway/config/load.h"

namespace sluice::config {

// A text that waits for Vault, with the node that it belongs to.
struct LateText {
  Node* node;
  std::string text;
  std::string directory;
};

// What Vault has said, by path.
using VaultAnswers = std::map<std::string, Environment::VaultAnswer, std::less<>>;

class Substitution {
 public:
  // `directory` is where relative paths start; files that are read are added to `files`, texts that
  // wait for Vault to `waiting`.
  Substitution(const Environment& environment, std::string directory, Diagnostics& diagnostics,
               std::vector<std::string>& files, std::vector<LateText>& waiting)
      : environment_(environment),
        directory_(std::move(directory)),
        diagnostics_(diagnostics),
        files_(files),
        waiting_(waiting) {}

  // Is there anything to replace?
  static bool wanted(std::string_view text) noexcept;
  // The text with everything replaced; none when something is missing, which has then been reported at
  // `place`.
  std::optional<std::string> replace(std::string_view text, Place place);

  // Must it wait for Vault?
  static bool late(std::string_view text) noexcept;
  void postpone(Node& node, std::string_view text);
  // `node` has the text of `target`, which may be waiting.
  void repeat(Node& node, const Node& target);
  // From now on ${vault:} is replaced too.
  void answer_by(const VaultAnswers& answers) noexcept { answers_ = &answers; }
  // What of Vault a text names. What cannot be a reference is reported by replace().
  static void add_references(std::string_view text, std::vector<VaultReference>& out);

 private:
  std::optional<std::string> lookup(std::string_view source, Place place);
  std::optional<std::string> variable(std::string_view name, Place place);
  std::optional<std::string> file(std::string_view path, Place place);
  std::optional<std::string> vault(std::string_view reference, Place place);

  const Environment& environment_;
  std::string directory_;
  Diagnostics& diagnostics_;
  std::vector<std::string>& files_;
  std::vector<LateText>& waiting_;
  const VaultAnswers* answers_ = nullptr;
};

// `path` as seen from `directory`; absolute paths stay as they are.
std::string resolved(std::string_view directory, std::string_view path);
// The directory part of a path, "" if there is none.
std::string directory_of(std::string_view path);

}  // namespace sluice::config
