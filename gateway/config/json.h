// SPDX-License-Identifier: Apache-2.0
// JsonWriter: writes JSON text member by member, in the order of the calls, without a tree in between. For
// the schema, diagnostics and the admin interface; cold paths only.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

class JsonWriter {
 public:
  // `indent` spaces for each level; 0 writes one line.
  explicit JsonWriter(int indent = 0) : indent_(indent) {}

  JsonWriter& object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  // The name of the member whose value comes next.
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::uint64_t value) { return raw(std::to_string(value)); }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  // A value that is JSON already.
  JsonWriter& raw(std::string_view json);
  // key and text in one.
  JsonWriter& member(std::string_view name, std::string_view value) { return key(name).text(value); }

  // What was written; complete once every object and array is closed.
  const std::string& str() const noexcept { return out_; }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  void new_line();

  int indent_;
  std::string out_;
  std::vector<bool> has_members_;
  bool after_key_ = false;
};

// The text in quotes, escaped; invalid UTF-8 becomes U+FFFD.
std::string json_quoted(std::string_view text);

}  // namespace sluice::config
