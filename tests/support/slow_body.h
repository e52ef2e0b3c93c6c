// SPDX-License-Identifier: Apache-2.0
// SlowBody: a body of scripted pieces with pauses between them, and read_all(), which reads one to its end
// although it waits. For the tests of bodies around bodies.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/job.h"
#include "gateway/http/body.h"
#include "gateway/net/turn.h"

namespace sluice::test {

class SlowBody final : public http::Body {
 public:
  // A piece each; a pause before those that begin with "|", which is not part of them.
  SlowBody(net::Loop& loop, std::vector<std::string> pieces, const http::Fields* trailers = nullptr)
      : loop_(&loop), pieces_(std::move(pieces)), trailers_(trailers) {}

  base::Task<base::Result<http::Piece>> read(std::size_t /*at_most*/) override {
    std::string& now = pieces_[next_];
    if (!now.starts_with('|')) return next();
    now.erase(0, 1);
    return slowly();
  }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  void abandon() noexcept override { abandoned = true; }

  bool abandoned = false;

 private:
  base::Result<http::Piece> next() {
    const std::string& now = pieces_[next_++];
    if (now == "<error>") return base::fail(base::Reason::upstream_reset);
    bool last = next_ == pieces_.size();
    return http::Piece{{now.data(), now.size()}, last, last ? trailers_ : nullptr};
  }
  base::Task<base::Result<http::Piece>> slowly() {
    auto turn = net::turn(*loop_);
    auto outcome = co_await turn;
    if (outcome == base::Outcome::cancelled) co_return base::fail(turn.why());
    co_return next();
  }

  net::Loop* loop_;
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
  const http::Fields* trailers_;
};

// What a body came to.
struct WholeBody {
  std::vector<std::string> pieces;
  base::Reason error = base::Reason::none;
  const http::Fields* trailers = nullptr;
  bool ended = false;

  std::string text() const {
    std::string out;
    for (const auto& piece : pieces) out += piece;
    return out;
  }
};

inline base::Task<void> collect(http::Body& body, std::size_t at_most, WholeBody& out) {
  for (;;) {
    auto piece = co_await body.read(at_most);
    if (!piece) {
      out.error = piece.error().reason;
      co_return;
    }
    out.pieces.emplace_back(piece->bytes.data(), piece->bytes.size());
    if (!piece->last) continue;
    out.trailers = piece->trailers;
    out.ended = true;
    co_return;
  }
}

inline WholeBody read_all(net::Loop& loop, http::Body& body, std::size_t at_most = 1 << 20) {
  WholeBody out;
  base::Scope scope;
  base::Job<void> job(&scope);
  job.start(collect(body, at_most, out));
  while (job.running()) loop.run_once(std::chrono::hours(1));
  return out;
}

}  // namespace sluice::test
