// SPDX-License-Identifier: Apache-2.0
// BodySender: writes a head that lies in memory and the Body behind it, with the framing that the head
// announced. The first piece leaves with the head when it is there; large bodies of known length go through
// the kernel where both ends allow it. Both sides of HTTP/1 use it; one message each.
#pragma once
#include <limits>
#include <optional>

#include "gateway/http/body.h"
#include "gateway/http/head.h"
#include "gateway/net/loop.h"
#include "gateway/net/scope_timer.h"
#include "gateway/net/write.h"

namespace sluice::http::h1 {

// How sending ended. When `body` is set the body could not be read, else the transport could not be written.
struct Sent {
  net::Written written;
  std::optional<base::Error> body;
  explicit operator bool() const noexcept { return written && !body; }
};

class BodySender {
 public:
  // Body bytes asked for at once; what lies in a buffer already is less.
  static constexpr std::size_t kPiece = net::BufferPool::kBody;
  // Bodies from this size on are worth a pipe.
  static constexpr std::uint64_t kSplice = 64 * 1024;

  // `sent` counts what leaves. `timeout` is for each wait for a reader that does not read. The arena must
  // outlive the sending.
  BodySender(net::Loop& loop, net::Transport& to, base::Arena& arena, base::Duration timeout,
             std::uint64_t& sent) noexcept
      : loop_(&loop), to_(&to), arena_(&arena), timeout_(timeout), sent_(&sent) {}

  // Whoever reads must keep it. It must outlive the sending.
  void keep_pace(net::Pace& pace) noexcept { pace_ = &pace; }

  // Whoever reads takes no trailers, though the framing has room for them. Before the body's end.
  void leave_out_trailers() noexcept { takes_trailers_ = false; }
  // Did the body have trailers that were not sent?
  bool trailers_dropped() const noexcept { return trailers_dropped_; }

  // Head and body, null for none, to the end. `head` and `body` must outlive the task.
  base::Task<Sent> send(std::string_view head, Body* body, Framing::Kind framing);
  // The head, and the first piece if it is there without waiting; more() tells whether rest() must follow.
  base::Task<Sent> start(std::string_view head, Body* body, Framing::Kind framing);
  bool more() const noexcept { return more_; }
  // How long the reader has let us wait, so far.
  base::Duration waited() const noexcept { return waited_; }
  base::Task<Sent> rest(Body& body);
  // Everything that `body` gives, as it is and however long it takes: for connections that have switched
  // protocols. Tells the other side when the body has ended.
  base::Task<Sent> tunnel(Body& body, net::ScopeTimer& idle);

 private:
  base::Task<Sent> write_later(base::Task<net::Written> writing);
  base::Task<Sent> put(std::string_view head, const base::Result<Piece>& piece);
  static constexpr std::size_t kJoin = 2048;  // bytes; more are gathered by the kernel
  const Fields* trailers_to_send(const Piece& piece) noexcept;
  std::size_t gather(std::string_view head, const Piece& piece);
  std::size_t join_small(std::size_t n);
  base::Task<Sent> start_then_rest(base::Task<Sent> start, Body& body);
  base::Task<Sent> until_verbatim(Body& body);
  base::Task<Sent> pump(Body& body, net::Transport& from, net::ScopeTimer& idle);
  base::Task<Sent> splice(Body& body, net::Transport& from);
  base::Task<Sent> splice_through(Body& body, net::Transport& from, const net::Pipe& pipe, std::size_t& held);

  net::Loop* loop_;
  net::Transport* to_;
  base::Arena* arena_;
  base::Duration timeout_;
  net::Pace* pace_ = nullptr;
  std::uint64_t* sent_;
  Framing::Kind framing_ = Framing::Kind::none;
  bool more_ = false;
  bool takes_trailers_ = true;
  bool trailers_dropped_ = false;
  base::Duration waited_{};
  std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();  // of an announced length
  std::optional<base::Task<base::Result<Piece>>> first_;            // begun by start(), awaited by rest()
  net::Buffer joined_;  // what join_small() made, until it is written
  iovec pieces_[4];
  char chunk_head_[24];
};

}  // namespace sluice::http::h1
