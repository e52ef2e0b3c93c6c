// SPDX-License-Identifier: Apache-2.0
// Arena: bump allocation for what one exchange needs and drops all at once. Nothing allocated here is
// destroyed one by one: make<T>() is for trivially destructible types. Single-threaded; not for long-lived
// data.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice::base {

class Arena {
 public:
  // Size of the block that a recycled arena keeps: an ordinary exchange fits.
  static constexpr std::size_t kFirstBlock = 4096;
#ifdef SLUICE_ASAN
  static constexpr bool kKeepsFirstBlock = false;  // whoever still uses what was forgotten is found out
#else
  static constexpr bool kKeepsFirstBlock = true;
#endif

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // Never null; out of memory ends the process.
  void* allocate(std::size_t size, std::size_t align = alignof(std::max_align_t)) {
    std::size_t at = (used_ + align - 1) & ~(align - 1);
    if (!block_ || at + size > block_->size) return allocate_slow(size, align);
    used_ = at + size;
    return block_->bytes() + at;
  }
  template <class T, class... A>
  T* make(A&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena never runs destructors");
    return new (allocate(sizeof(T), alignof(T))) T(std::forward<A>(args)...);
  }
  template <class T>
  std::span<T> array(std::size_t n) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena never runs destructors");
    return {new (allocate(n * sizeof(T), alignof(T))) T[n], n};
  }
  char* chars(std::size_t n) { return static_cast<char*>(allocate(n, 1)); }
  std::string_view copy(std::string_view s) {
    if (s.empty()) return {};
    char* p = chars(s.size());
    std::memcpy(p, s.data(), s.size());
    return {p, s.size()};
  }
  // The texts joined into one view, in one allocation.
  template <class... S>
  std::string_view join(const S&... parts) {
    std::size_t n = (std::string_view(parts).size() + ... + 0);
    char* p = chars(n);
    char* o = p;
    ((o = append(o, parts)), ...);
    return {p, n};
  }

  // Forgets everything allocated; keeps the first block for the next use.
  void reset() noexcept;
  // Bytes held from the system, for memory accounting.
  std::size_t held() const noexcept { return held_; }

 private:
  struct Block {
    Block* previous;
    std::size_t size;
    char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  };
  static char* append(char* out, std::string_view part) noexcept {
    if (part.empty()) return out;  // memcpy from nowhere is undefined even for no bytes
    std::memcpy(out, part.data(), part.size());
    return out + part.size();
  }
  void* allocate_slow(std::size_t size, std::size_t align);

  Block* block_ = nullptr;
  std::size_t used_ = 0;
  std::size_t held_ = 0;
};

}  // namespace sluice::base
