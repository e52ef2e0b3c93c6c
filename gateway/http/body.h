// SPDX-License-Identifier: Apache-2.0
// Body: one direction of a message, pulled by whoever needs the bytes; not reading is backpressure. Made by
// connections, wrapped by filters that change bodies, read by the other side's connection. Lives in the
// exchange's arena and is destroyed with the exchange at the latest.
#pragma once
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/http/fields.h"

namespace sluice::net {
class Transport;
}

namespace sluice::http {

// What one read gave. `bytes` are valid until the next call on the same body; they may be empty.
struct Piece {
  std::span<const char> bytes;
  bool last = false;                 // nothing follows; further reads say the same, without bytes
  const Fields* trailers = nullptr;  // with `last`: the trailer section, if there was one
};

class Body {
 public:
  virtual ~Body() = default;
  // The next piece of at most `at_most` bytes; waits if there is none yet. After an error the body is of no
  // use.
  virtual base::Task<base::Result<Piece>> read(std::size_t at_most) = 0;
  // Bytes still to come, if known before they are read.
  virtual std::optional<std::uint64_t> length() const noexcept = 0;
  // The reader will not come back; what is left of the message is thrown away or the connection closed.
  virtual void abandon() noexcept {}

  // For moving large bodies inside the kernel: the transport whose next length() bytes are this body as it
  // is, or null when bytes are buffered, framed, encrypted or wrapped. Of a tunnel, which has no length: the
  // transport all of whose bytes are the body, encrypted or not.
  virtual net::Transport* verbatim_source() noexcept { return nullptr; }
  // That many bytes were taken from verbatim_source() directly.
  virtual void took(std::uint64_t /*bytes*/) noexcept {}
  // How long a read from verbatim_source() may wait, and what a failed one means.
  virtual base::Duration verbatim_timeout() const noexcept { return {}; }
  virtual base::Error verbatim_failure(base::Outcome /*outcome*/, base::Reason /*why*/) {
    return {base::Reason::internal, {}};
  }
};

struct DestroyBody {
  void operator()(Body* b) const noexcept { b->~Body(); }
};
// The memory belongs to an arena. Null: no body.
using BodyPtr = std::unique_ptr<Body, DestroyBody>;

template <class B, class... A>
BodyPtr make_body(base::Arena& arena, A&&... args) {
  return BodyPtr(new (arena.allocate(sizeof(B), alignof(B))) B(std::forward<A>(args)...));
}

// A body that is there already. The text must outlive it.
class TextBody final : public Body {
 public:
  explicit TextBody(std::string_view text) noexcept : left_(text) {}
  base::Task<base::Result<Piece>> read(std::size_t at_most) override {
    auto now = left_.substr(0, at_most);
    left_.remove_prefix(now.size());
    return base::Result<Piece>(Piece{{now.data(), now.size()}, left_.empty(), nullptr});
  }
  std::optional<std::uint64_t> length() const noexcept override { return left_.size(); }

 private:
  std::string_view left_;
};

}  // namespace sluice::http
