// SPDX-License-Identifier: Apache-2.0
// The insides of JSON strings: what they say, and how something is said in them; and Output, to which JSON is
// written. Values that are copied need neither.
#pragma once
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/json/scan.h"

namespace sluice::json {

// Grows as it is written to; what was written ends with kPadding bytes that may be read (see scan.h). Out of
// memory ends the process.
class Output {
 public:
  Output() = default;
  explicit Output(std::size_t expected) { reserve(expected); }

  void reserve(std::size_t more);
  Output& operator<<(std::string_view text) {
    if (text.size() > room_ - size_) reserve(text.size());
    if (!text.empty()) std::memcpy(bytes_.get() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  // The same for a text that has kPadding bytes behind it that may be read: in whole blocks, which takes less
  // for short ones.
  void copy(std::string_view text) {
    constexpr std::size_t kShort = 4 * kPadding;
    if (text.size() > kShort || text.size() >= room_ - size_) {
      *this << text;
      return;
    }
    for (std::size_t i = 0; i < text.size(); i += kPadding)
      std::memcpy(bytes_.get() + size_ + i, text.data() + i, kPadding);
    size_ += text.size();
  }
  Output& operator<<(char c) { return *this << std::string_view(&c, 1); }
  // As the inside of a string: what needs it is escaped, what is not UTF-8 becomes U+FFFD.
  void escape(std::string_view text);
  // Takes back what was written behind the first `size` bytes.
  void cut(std::size_t size) noexcept { size_ = size; }

  std::size_t size() const noexcept { return size_; }
  std::string_view text() const noexcept { return {bytes_.get(), size_}; }

 private:
  struct Free {
    void operator()(char* p) const noexcept { std::free(p); }
  };
  std::unique_ptr<char, Free> bytes_;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

// What a string says. `raw` is its inside, without the quotes. The view is `raw` itself if nothing is
// escaped. A half of a surrogate pair becomes U+FFFD.
std::string_view unescaped(std::string_view raw, base::Arena& arena);
// Does the name, as written in an object, say `name`?
bool says(std::string_view raw, std::string_view name);
inline bool says(const Key& key, std::string_view name) {
  return key.escaped ? says(key.text, name) : key.text == name;
}
// A value as plain text: what a string says, of all others their JSON.
std::string_view plain(std::string_view value, base::Arena& arena);
// With quotes, for what is written when the configuration is read.
std::string quoted(std::string_view text);

}  // namespace sluice::json
