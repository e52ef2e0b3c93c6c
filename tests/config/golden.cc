// SPDX-License-Identifier: Apache-2.0
#include "tests/config/golden.h"

#include <fnmatch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::golden {
namespace {

constexpr std::string_view kDashes = "-----\n";
constexpr std::string_view kFile = "===== ";
constexpr std::string_view kRoot = "gateway.yaml";

std::string whole_file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

Golden::Golden(const std::string& path) : path_(path) {
  std::string text = whole_file(path);
  std::size_t dashes = text.starts_with(kDashes) ? 0 : text.find('\n' + std::string(kDashes));
  if (dashes == std::string::npos) {
    ADD_FAILURE() << path << ": no line of dashes (or no such file)";
    return;
  }
  if (dashes > 0) ++dashes;
  written_ = text.substr(0, dashes);
  expected_ = text.substr(dashes + kDashes.size());

  std::string name(kRoot);
  std::istringstream lines(written_);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kFile)) {
      files_[name] += line + '\n';
      continue;
    }
    name = line.substr(kFile.size());
    std::size_t equals = name.find('=');
    if (name.starts_with('$') && equals != std::string::npos)
      variables_[name.substr(1, equals - 1)] = name.substr(equals + 1);
  }
  files_.try_emplace(std::string(kRoot));
}

std::string Golden::said(const Check& check) const {
  config::Diagnostics diagnostics;
  config::Document document = config::load(std::string(kRoot), diagnostics, *this);
  check(document, diagnostics);
  return diagnostics.text();
}

void Golden::rewrite(const std::string& said) const { std::ofstream(path_) << written_ << kDashes << said; }

std::optional<std::string> Golden::variable(const std::string& name) const {
  auto at = variables_.find(name);
  if (at == variables_.end()) return std::nullopt;
  return at->second;
}

config::Environment::Text Golden::read(const std::string& path, std::size_t) const {
  auto at = files_.find(path);
  if (at == files_.end()) return {std::nullopt, "No such file or directory"};
  return {at->second, {}};
}

config::Environment::Names Golden::matches(const std::string& pattern) const {
  Names out;
  for (const auto& [name, text] : files_)
    if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0) out.names.push_back(name);
  return out;
}

std::vector<std::string> goldens_in(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".golden") out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::string test_name(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string();
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

void expect_golden(const std::string& path, const Check& check) {
  Golden golden(path);
  std::string said = golden.said(check);
  if (std::getenv("SLUICE_UPDATE_GOLDENS")) return golden.rewrite(said);
  EXPECT_EQ(said, golden.expected()) << path << "\n(SLUICE_UPDATE_GOLDENS=1 writes down what is said now)";
}

}  // namespace sluice::golden
