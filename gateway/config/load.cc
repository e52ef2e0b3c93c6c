// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/load.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "gateway/config/bind.h"
#include "gateway/config/describe.h"
#include "gateway/config/encoding.h"
#include "gateway/config/merge.h"
#include "gateway/config/substitute.h"
#include "gateway/config/tree.h"
#include "gateway/config/yaml.h"

namespace sluice::config {

namespace {

constexpr std::string_view kInclude = "include";
constexpr std::string_view kFiles = "files", kConfine = "confine";  // of an include
// The settings by which Vault is found.
constexpr std::array<std::string_view, 2> kFindVault = {kVault, "resolver"};

// One spelling for one file, as far as the text tells.
std::string normal(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

bool is_pattern(std::string_view path) noexcept {
  return path.find_first_of("*?[") != std::string_view::npos;
}

std::string_view kind_name(Kind kind) noexcept {
  switch (kind) {
    case Kind::scalar:
      return "a text";
    case Kind::sequence:
      return "a list";
    case Kind::mapping:
      return "a mapping";
    default:
      return "nothing";
  }
}

}  // namespace

std::optional<std::vector<Environment::VaultAnswer>> Environment::vault(
    const VaultConfig&, const Document&, const std::vector<std::string>&) const {
  return std::nullopt;
}

class Loader {
 public:
  Loader(Diagnostics& diagnostics, const Environment& environment, VaultUse* vault)
      : diagnostics_(diagnostics),
        environment_(environment),
        document_(diagnostics.shared_sources()),
        vault_(vault) {}

  Document from_file(const std::string& path) {
    auto [text, error] = environment_.read(path, kLargestFile);
    document_.files_.push_back(path);
    if (!text) {
      std::uint32_t file = diagnostics_.sources().add(path, {});
      fail({file, 0, 0}, "cannot read the file: " + error);
      return std::move(document_);
    }
    return from_text(path, std::move(*text));
  }

  Document from_text(const std::string& path, std::string text) {
    const Node* root = parse_file(path, std::move(text), {});
    if (root && document_.complete_) {
      Merger merger(*document_.arena_, diagnostics_);
      gather(path, *root, merger);
      document_.root_ = root->find(kInclude) ? merger.merged(*root) : root;
      if (!waiting_.empty()) ask_vault();
    }
    return std::move(document_);
  }

 private:
  void fail(Place place, std::string message, std::string hint = {}) {
    diagnostics_.error(place, "", std::move(message), std::move(hint));
    document_.complete_ = false;
  }

  // The root of one file; nullptr, and reported, when there is none. `included` is where the file is named.
  const Node* parse_file(const std::string& path, std::string text, Place included) {
    read_[normal(path)] = included;
    Sources& sources = diagnostics_.sources();
    if (text.size() > kLargestFile) {
      fail({sources.add(path, {}), 0, 0}, "larger than " + std::to_string(kLargestFile >> 20) + " MiB",
           "split it with `include`");
      return nullptr;
    }
    text = without_byte_order_mark(text);
    std::uint32_t file = sources.add(path, text);
    if (!confining_.empty()) document_.confined_[file] = confining_;
    Substitution substitution(environment_, directory_of(path), diagnostics_, document_.files_, waiting_);
    TreeBuilder tree(*document_.arena_, diagnostics_, substitution);
    if (!check_encoding(text, file, diagnostics_) || !parse_yaml(text, file, tree, diagnostics_)) {
      document_.complete_ = false;
      return nullptr;
    }
    const Node* root = tree.root();
    bool is_empty = !root || root->kind == Kind::null;
    if (is_empty && included) return nullptr;  // a file in which all is commented out
    if (!is_empty && root->kind == Kind::mapping) return root;
    fail(is_empty ? Place{file, 0, 0} : root->place,
         is_empty ? "the file holds no settings"
                  : "expected a mapping at the top of the file, got " + std::string(kind_name(root->kind)));
    return nullptr;
  }

  // Adds the file's own entries, then those of the files that it includes.
  void gather(const std::string& path, const Node& root, Merger& merger) {
    merger.add(root, kInclude);
    const Node* include = root.find(kInclude);
    if (!include || include->kind == Kind::broken) return;
    open_.push_back(normal(path));
    if (include->kind == Kind::sequence) {
      for (const Node* item : include->items()) include_item(path, *item, merger);
    } else if (include->kind == Kind::scalar || include->kind == Kind::mapping) {
      include_item(path, *include, merger);
    } else {
      fail(include->place, "expected a list of files, got " + std::string(kind_name(include->kind)),
           "as in include: [conf.d/*.yaml]");
    }
    open_.pop_back();
  }

  // A pattern, or {files: ..., confine: ...}.
  void include_item(const std::string& from, const Node& item, Merger& merger) {
    if (item.kind != Kind::mapping) return include_pattern(from, item, merger);
    for (const Entry& entry : item.entries())
      if (entry.key != kFiles && entry.key != kConfine)
        fail(entry.key_place, "unknown setting `" + std::string(entry.key) + "`",
             "known here: files, confine");
    const Node* files = item.find(kFiles);
    if (!files) return fail(item.place, "`files` is missing", "as in {files: conf.d/*.yaml}");
    const Node* confine = item.find(kConfine);
    if (confine) confining_.push_back(confine);
    if (files->kind == Kind::sequence) {
      for (const Node* file : files->items()) include_pattern(from, *file, merger);
    } else {
      include_pattern(from, *files, merger);
    }
    if (confine) confining_.pop_back();
  }

  void include_pattern(const std::string& from, const Node& item, Merger& merger) {
    if (item.kind == Kind::broken) return;
    if (item.kind != Kind::scalar || item.text().empty())
      return fail(item.place, "expected the name of a file or a pattern such as conf.d/*.yaml");
    if (item.substituted)
      return fail(item.place, "the name of an included file cannot come from ${env:}, ${file:} or ${vault:}");
    std::string pattern = resolved(directory_of(from), item.text());
    if (!is_pattern(pattern)) return include_file(pattern, item, merger);
    document_.patterns_.push_back(pattern);
    auto [names, error] = environment_.matches(pattern);
    if (!error.empty()) return fail(item.place, "cannot look for " + pattern + ": " + error);
    if (names.empty()) diagnostics_.warning(item.place, "", "no file matches " + pattern);
    for (const std::string& file : names)
      if (normal(file) != open_.back()) include_file(file, item, merger);  // a pattern may match its own file
  }

  void include_file(const std::string& path, const Node& item, Merger& merger) {
    std::string key = normal(path);
    if (auto at = std::find(open_.begin(), open_.end(), key); at != open_.end()) {
      std::string chain;
      for (; at != open_.end(); ++at) chain += *at + " -> ";
      return fail(item.place, "a file must not include itself: " + chain + key);
    }
    if (auto seen = read_.find(key); seen != read_.end()) {
      if (!confining_.empty())
        return fail(item.place, path + " is included already, and would not be confined",
                    "first at " + diagnostics_.sources().text(seen->second));
      diagnostics_.warning(item.place, "", path + " is included already",
                           "first at " + diagnostics_.sources().text(seen->second));
      return;
    }
    if (read_.size() >= kMostIncludedFiles)
      return fail(item.place, "more than " + std::to_string(kMostIncludedFiles) + " files are included");
    document_.files_.push_back(path);
    auto [text, error] = environment_.read(path, kLargestFile);
    if (!text) return fail(item.place, "cannot read " + path + ": " + error);
    if (const Node* root = parse_file(path, std::move(*text), item.place)) gather(path, *root, merger);
  }

  // Is it part of what says where Vault is, and who is asked for its name?
  bool finds_vault(const Node* node) const noexcept {
    for (; node; node = node->parent)
      for (auto setting : kFindVault)
        if (node == document_.root_->find(setting)) return true;
    return false;
  }

  // The first place in it that a confined file has written; nowhere if there is none.
  const Place* confined(const Node& node) const noexcept {
    if (!document_.confinements(node.place).empty()) return &node.place;
    for (const Entry& entry : node.entries()) {
      if (!document_.confinements(entry.key_place).empty()) return &entry.key_place;
      if (const Place* inside = confined(*entry.value)) return inside;
    }
    for (const Node* item : node.items())
      if (const Place* inside = confined(*item)) return inside;
    return nullptr;
  }

  void refuse(Place place, std::string message) {
    auto by = document_.confinements(place);
    diagnostics_.error(place, "", std::move(message),
                       by.empty() ? "" : "confined at " + diagnostics_.sources().text(by.front()->place));
  }

  // Whoever may write a confined file must learn no secret that way, and not whom the token is sent to.
  void refuse_what_vault_must_not_hear() {
    for (const LateText& late : waiting_) {
      if (finds_vault(late.node))
        refuse(late.node->place, "what says where Vault is cannot come from Vault");
      else if (!document_.confinements(late.node->place).empty())
        refuse(late.node->place,
               "a file that is confined cannot hold ${vault:}, which reads what others own");
    }
    for (auto setting : kFindVault) {
      const Node* node = document_.root_->find(setting);
      if (const Place* place = node ? confined(*node) : nullptr)
        refuse(*place, "a file that is confined cannot hold `" + std::string(setting) +
                           "`, which concerns others as well");
    }
  }

  // The settings of Vault; none if they are wrong, which binding the document says.
  std::optional<VaultConfig> vault_config() const {
    VaultConfig config;
    const Node* node = document_.root_->find(kVault);
    if (!node) return config;
    Diagnostics unheard;
    bind(document_, *node, shape_of<VaultConfig>(), &config, unheard);
    if (unheard.has_errors()) return std::nullopt;
    if (const Node* file = node->find("token_file"))
      config.token_file =
          resolved(directory_of(diagnostics_.sources().name(file->place.file)), config.token_file);
    return config;
  }

  // All at once, and then the texts that have waited for it. Not for a document that is refused anyway: it
  // says where the token is sent.
  void ask_vault() {
    refuse_what_vault_must_not_hear();
    std::vector<VaultReference> wanted;
    for (const LateText& late : waiting_) Substitution::add_references(late.text, wanted);
    std::vector<std::string> paths;  // each once, in the order of the document
    std::set<std::string_view> known;
    for (const auto& reference : wanted)
      if (known.insert(reference.path).second) paths.push_back(reference.path);
    auto config = diagnostics_.has_errors() ? std::nullopt : vault_config();
    VaultAnswers answers;
    bool unasked = false;
    if (config && !paths.empty()) {
      auto said = environment_.vault(*config, document_, paths);
      unasked = !said;
      for (std::size_t i = 0; said && i < paths.size(); ++i) answers.emplace(paths[i], std::move((*said)[i]));
    }
    for (const LateText& late : waiting_) fill(late, answers);
    if (unasked)
      diagnostics_.warning(waiting_.front().node->place, "",
                           "nobody asks Vault for its secrets here: what they are for is not looked at",
                           "`--vault` asks");
    if (!vault_) return;
    vault_->unasked = unasked;
    if (config) vault_->config = std::move(*config);
    remember(std::set(wanted.begin(), wanted.end()), answers);
  }

  void fill(const LateText& late, const VaultAnswers& answers) {
    std::vector<LateText> none;
    Substitution substitution(environment_, late.directory, diagnostics_, document_.files_, none);
    substitution.answer_by(answers);
    auto text = substitution.replace(late.text, late.node->place);
    if (!text) late.node->kind = Kind::broken;
    if (text) late.node->set_text(document_.arena_->copy(*text));
  }

  // What a watch has to compare with: the fields that were used, and no others.
  void remember(const std::set<VaultReference>& wanted, const VaultAnswers& answers) {
    for (const auto& [path, field] : wanted) {
      auto answer = answers.find(path);
      if (answer == answers.end()) continue;
      auto value = answer->second.fields.find(field);
      if (value != answer->second.fields.end()) vault_->secrets.push_back({path, field, value->second});
    }
  }

  Diagnostics& diagnostics_;
  const Environment& environment_;
  Document document_;
  VaultUse* vault_;  // null: nobody wants to know
  std::vector<LateText> waiting_;
  std::map<std::string, Place> read_;   // every file so far, and where it was included
  std::vector<std::string> open_;       // the files whose includes are being read, outermost first
  std::vector<const Node*> confining_;  // the `confine` of those includes
};

std::span<const Node* const> Document::confinements(Place place) const noexcept {
  auto found = confined_.find(place.file);
  return found == confined_.end() ? std::span<const Node* const>() : found->second;
}

Document load(const std::string& path, Diagnostics& diagnostics, const Environment& environment,
              VaultUse* vault) {
  return Loader(diagnostics, environment, vault).from_file(path);
}

Document parse(std::string text, Diagnostics& diagnostics, const std::string& name,
               const Environment& environment, VaultUse* vault) {
  return Loader(diagnostics, environment, vault).from_text(name, std::move(text));
}

}  // namespace sluice::config
