// SPDX-License-Identifier: Apache-2.0
// The filter `body_limit`: request bodies of a route are no longer than that. Refused at once by their
// Content-Length, before anything of them is read; without one they are counted as they pass. The limit of
// the listener is judged before, and cannot be raised here; calls of gRPC that it does not
// concern have no other.
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/http/passing_body.h"

namespace sluice::filters {

struct BodyLimitConfig {
  config::Size max{10U << 20};
  bool operator==(const BodyLimitConfig&) const = default;
};

void describe(config::Description<BodyLimitConfig>& d) {
  using namespace config;
  using namespace config::literals;
  d.about("body_limit",
          "Refuses longer request bodies with 413. `limits.body` of the listener holds as well, for all "
          "routes; this one can only be lower, but for calls of gRPC that `limits.body` does not concern.");
  d.field("max", &BodyLimitConfig::max, "How long a body may be.", at_least(0_B));
  d.shorthand(&BodyLimitConfig::max);
}

namespace {

using base::Reason;
using base::Result;
using base::Task;
using http::Piece;

class CountedBody final : public http::PassingBody {
 public:
  CountedBody(http::BodyPtr source, std::uint64_t most) noexcept
      : PassingBody(std::move(source)), left_(most) {}

 private:
  Result<Piece> pass(Result<Piece> piece) override {
    if (!piece) return piece;
    if (piece->bytes.size() > left_) {
      abandon();
      return base::fail(Reason::body_too_large, {});
    }
    left_ -= piece->bytes.size();
    return piece;
  }

  std::uint64_t left_;
};

class BodyLimit final : public chain::Filter {
 public:
  explicit BodyLimit(const BodyLimitConfig& c) : max_(c.max.bytes) {}

  Task<chain::Step> on_request(chain::Exchange& ex) const override {
    if (!ex.request_body || !ex.request.upgrade.empty()) return chain::Step::next;
    auto length = ex.request_body->length();
    if (length && *length > max_) return chain::reply(ex, Reason::body_too_large);
    // A body of known length has that length.
    if (!length) ex.request_body = http::make_body<CountedBody>(ex.arena, std::move(ex.request_body), max_);
    return chain::Step::next;
  }

 private:
  std::uint64_t max_;
};

const chain::FilterKind<BodyLimit, BodyLimitConfig> kBodyLimit{
    "body_limit", chain::Stage::admit, "Refuses request bodies that are too long.", "1MiB"};

}  // namespace
}  // namespace sluice::filters
