// SPDX-License-Identifier: Apache-2.0
// The filter `json_limits`: request bodies of JSON are well-formed and within limits, or the request fails
// with 400. The body is judged as it passes, not collected: an upstream that has begun to read it sees the
// request break off, and never its end.
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "gateway/base/strings.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/http/json_scanner.h"
#include "gateway/http/media_type.h"
#include "gateway/http/passing_body.h"
#include "gateway/observe/policy_metrics.h"

namespace sluice::filters {

enum class OtherTypes : std::uint8_t { pass, refuse, judge };

void describe(config::Enumeration<OtherTypes>& e) {
  e.about("json_other_types");
  e.value("pass", OtherTypes::pass, "They pass unseen.");
  e.value("refuse", OtherTypes::refuse, "They are refused.");
  e.value("judge", OtherTypes::judge, "They must be JSON all the same.");
}

struct JsonLimitsConfig {
  std::uint32_t depth = 64;
  std::uint32_t members = 10'000;
  std::uint64_t values = 100'000;
  config::Size string{1024 * 1024};
  config::Size key{1024};
  std::optional<config::Size> size;
  OtherTypes other_types = OtherTypes::pass;
  bool operator==(const JsonLimitsConfig&) const = default;
};

void describe(config::Description<JsonLimitsConfig>& d) {
  using namespace config;
  using namespace config::literals;
  constexpr auto kMost = std::uint32_t{1} << 30;
  d.about("json_limits",
          "Refuses with 400 request bodies that call themselves JSON and are none, or exceed one of these "
          "limits. Compressed ones are refused, as nobody can look into them.");
  d.field("depth", &JsonLimitsConfig::depth, "How deeply arrays and objects may be nested.",
          between(std::uint32_t{1}, http::JsonLimits::kMostDepth));
  d.field("members", &JsonLimitsConfig::members, "How many members one object or array may have.",
          between(std::uint32_t{1}, kMost));
  d.field("values", &JsonLimitsConfig::values, "How many values there may be in all.",
          between(std::uint64_t{1}, std::uint64_t{kMost}));
  d.field("string", &JsonLimitsConfig::string, "How long a string may be, as it is written.",
          between(1_B, 1_GiB));
  d.field("key", &JsonLimitsConfig::key, "How long the name of a member may be.", between(1_B, 1_GiB));
  d.field("size", &JsonLimitsConfig::size, "How long the body may be; more is refused with 413.",
          at_least(1_B), default_is("the limit of the listener"), example("256KiB"));
  d.field(
      "other_types", &JsonLimitsConfig::other_types,
      "Bodies whose Content-Type is neither application/json nor ends in +json. If a request names several "
      "types, one that is suffices to have it judged, and one that is not to have it refused.");
}

namespace {

using base::Reason;
using base::Result;
using base::Task;
using chain::Exchange;
using chain::Step;
using http::FieldId;
using http::Piece;
using observe::Decision;
using View = std::string_view;

// The decisions of one filter, as the worker counts them that a request belongs to.
struct Decisions {
  observe::PolicyMetrics& metrics;
  unsigned worker;
  void count(Decision decision) const { metrics.count(worker, decision); }
};

// What a request says of its body's type, which should be said once: several lines, or several types in one,
// are read by some as the first and by others as the last.
struct Types {
  bool some_json = false, all_json = true;  // of none: neither
};
Types types_of(const http::Fields& fields) noexcept {
  Types out;
  bool any = false;
  for (const http::Field& line : fields.lines()) {
    if (line.dropped || line.id != FieldId::content_type) continue;
    View left = line.value;
    for (bool more = true; more;) {
      std::size_t comma = left.find(',');
      more = comma != View::npos;
      bool json = http::is_json(left.substr(0, comma));
      left.remove_prefix(more ? comma + 1 : left.size());
      out.some_json |= json;
      out.all_json &= json;
      any = true;
    }
  }
  out.all_json &= any;
  return out;
}

class JudgedBody final : public http::PassingBody {
 public:
  JudgedBody(http::BodyPtr source, const http::JsonLimits& limits, std::span<std::uint32_t> members,
             std::uint64_t most, Decisions decisions) noexcept
      : PassingBody(std::move(source)), scanner_(limits, members), left_(most), decisions_(decisions) {}

 private:
  Result<Piece> pass(Result<Piece> piece) override {
    if (!piece) return piece;
    if (piece->bytes.size() > left_) return fail({Reason::body_too_large, {}});
    left_ -= piece->bytes.size();
    // HTTP/2 may say after all bytes that these were the last; the upstream must not have them before the
    // verdict.
    bool complete = piece->last || length() == std::uint64_t{0};
    empty_ = empty_ && piece->bytes.empty();
    bool good = scanner_.feed({piece->bytes.data(), piece->bytes.size()}) &&
                (!complete || empty_ || scanner_.finish());
    if (!good) return fail({Reason::validation, "the body " + std::string(scanner_.fault())});
    if (complete) judge(Decision::allow);
    return piece;
  }

  Result<Piece> fail(base::Error error) {
    judge(Decision::deny);
    abandon();
    return base::Unexpected{std::move(error)};
  }

  void judge(Decision decision) {
    if (!std::exchange(judged_, true)) decisions_.count(decision);
  }

  http::JsonScanner scanner_;
  std::uint64_t left_;
  Decisions decisions_;
  bool empty_ = true;  // so far; a body of no bytes is none, whatever its framing
  bool judged_ = false;
};

class JsonLimitsFilter final : public chain::Filter {
 public:
  JsonLimitsFilter(const JsonLimitsConfig& c, chain::Builder& builder)
      : size_(c.size ? c.size->bytes : std::numeric_limits<std::uint64_t>::max()),
        other_types_(c.other_types),
        decisions_(builder.decisions()) {
    limits_.depth = c.depth;
    limits_.members = c.members;
    limits_.values = c.values;
    limits_.string = static_cast<std::uint32_t>(c.string.bytes);
    limits_.key = static_cast<std::uint32_t>(c.key.bytes);
  }

  Task<Step> on_request(Exchange& ex) const override {
    const Decisions decisions{*decisions_, ex.worker.index};
    const bool seen = ex.request_body && ex.request.upgrade.empty();
    const Types types = seen ? types_of(ex.request.fields) : Types{};
    if (!seen || (!types.some_json && other_types_ == OtherTypes::pass)) {
      decisions.count(Decision::allow);
      return Step::next;
    }
    if (auto wrong = what_is_wrong(ex, types); wrong.reason != Reason::none) {
      decisions.count(Decision::deny);
      return chain::reply(ex, wrong.reason, wrong.detail);
    }
    ex.request_body =
        http::make_body<JudgedBody>(ex.arena, std::move(ex.request_body), limits_,
                                    ex.arena.array<std::uint32_t>(limits_.depth), size_, decisions);
    return Step::next;
  }

 private:
  // Of what the head says already.
  struct Wrong {
    Reason reason = Reason::none;
    View detail = {};
  };
  Wrong what_is_wrong(const Exchange& ex, const Types& types) const {
    if (!types.all_json && other_types_ == OtherTypes::refuse)
      return {Reason::validation, "the body must be JSON, and Content-Type say so"};
    View coding = ex.request.fields.value(FieldId::content_encoding);
    if (!coding.empty() && !base::equal_ignoring_case(coding, "identity"))
      return {Reason::validation, "the body must not be compressed"};
    auto length = ex.request_body->length();
    return length && *length > size_ ? Wrong{Reason::body_too_large} : Wrong{};
  }

  http::JsonLimits limits_;
  std::uint64_t size_;
  OtherTypes other_types_;
  std::shared_ptr<observe::PolicyMetrics> decisions_;
};

const chain::FilterKind<JsonLimitsFilter, JsonLimitsConfig> kJsonLimits{
    "json_limits", chain::Stage::admit, "Refuses JSON bodies that are none or too complex.", "{depth: 32}"};

}  // namespace
}  // namespace sluice::filters
