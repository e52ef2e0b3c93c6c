// SPDX-License-Identifier: Apache-2.0
// Golden diagnostics: a file with a configuration, a line `-----`, and what the gateway says about it. Works
// with any check, so that each root configuration can have a folder of goldens:
//
//   version: 2
//   -----
//   gateway.yaml:1:10: error: must be at most 1, got 2
//     version: 2
//              ^
//
// A line `===== conf.d/a.yaml` begins a further file (for `include` and ${file:}), `===== $NAME=value` sets a
// variable; nothing else of the machine is seen. Run with SLUICE_UPDATE_GOLDENS=1 to write down what is said
// now.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gateway/config/load.h"

namespace sluice::golden {

// Everything after loading: bind, check, build. Adds to the diagnostics.
using Check = std::function<void(const config::Document&, config::Diagnostics&)>;

class Golden final : public config::Environment {
 public:
  // Fails the running test when the file cannot be read.
  explicit Golden(const std::string& path);

  // What the check says, in the words that people see.
  std::string said(const Check& check) const;
  const std::string& expected() const noexcept { return expected_; }
  // Replaces the expected part of the file.
  void rewrite(const std::string& said) const;

  std::optional<std::string> variable(const std::string& name) const override;
  Text read(const std::string& path, std::size_t limit) const override;
  Names matches(const std::string& pattern) const override;

 private:
  std::string path_;
  std::string written_;   // the file up to the dashes
  std::string expected_;  // and after them
  std::map<std::string, std::string> files_, variables_;
};

// The *.golden files of a folder (from the root of the repository), sorted; never empty without a failure at
// run time.
std::vector<std::string> goldens_in(const std::string& folder);
// "tests/config/sample/unknown_key.golden" as the name of a test.
std::string test_name(const std::string& path);
// Compares, or rewrites when asked to.
void expect_golden(const std::string& path, const Check& check);

}  // namespace sluice::golden
