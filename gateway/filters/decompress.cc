// SPDX-License-Identifier: Apache-2.0
// The filter `decompress`: takes the content coding off responses for clients that do not accept it, or for
// filters that look into them, and off requests. A few bytes can stand for gigabytes: how much may come out,
// and how much of how little, is bounded. Bodies stream.
#include <limits>
#include <string>

#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"
#include "gateway/http/decoder.h"
#include "gateway/http/recoded_body.h"
#include "gateway/http/semantics.h"
#include "gateway/http/vary.h"

namespace sluice::filters {

enum class DecompressResponses : std::uint8_t { unaccepted, always, never };

void describe(config::Enumeration<DecompressResponses>& e) {
  e.about("decompress_responses");
  e.value("unaccepted", DecompressResponses::unaccepted,
          "Those in a coding that the client does not accept.");
  e.value("always", DecompressResponses::always, "All, so that filters before this one can look into them.");
  e.value("never", DecompressResponses::never, "None.");
}

struct DecompressConfig {
  DecompressResponses responses = DecompressResponses::unaccepted;
  bool requests = false;
  config::Size max_size{64U << 20};
  std::uint32_t max_ratio = 100;
  bool operator==(const DecompressConfig&) const = default;
};

void describe(config::Description<DecompressConfig>& d) {
  using namespace config;
  using namespace config::literals;
  d.about("decompress",
          "Decompresses gzip, deflate, br and zstd. What exceeds a limit breaks off: requests with 413, "
          "responses with 502 if nothing of them has left. Messages in several codings pass as they are.");
  d.field("responses", &DecompressConfig::responses, "Which responses.");
  d.field("requests", &DecompressConfig::requests, "Request bodies too; the service then gets them plain.");
  d.field("max_size", &DecompressConfig::max_size, "How many bytes may come out.", at_least(1_B));
  d.field("max_ratio", &DecompressConfig::max_ratio,
          "How many times more may come out than was read. Judged from the first 1 MiB on.",
          at_least(std::uint32_t{2}));
  d.check([](const DecompressConfig& c, const Site& at) {
    if (c.responses == DecompressResponses::never && !c.requests)
      at.error("responses", "with `never`, and without `requests`, this filter does nothing");
  });
}

namespace {

using base::Reason;
using base::Result;
using base::Task;
using chain::Exchange;
using http::Coding;
using http::FieldId;

struct Limits {
  std::uint64_t size, ratio;
};
constexpr std::uint64_t kFree = 1U << 20;  // short bodies may be of zeros

// Whose body it is decides what is said of it.
enum class Side : std::uint8_t { request, response };

class Decoded final : public http::RecodedBody {
 public:
  Decoded(http::BodyPtr source, const Exchange& ex, Coding coding, const Limits& limits, Side side)
      : RecodedBody(std::move(source), ex.worker.loop, ex.arena, false),
        decoder_(http::make_decoder(coding)),
        coding_(coding),
        limits_(limits),
        side_(side) {}

 private:
  Result<http::Encoder::Progress> recode(std::span<const char> in, std::span<char> out,
                                         http::Push push) override {
    auto [taken, made, fault] = decoder_->decode(in, out);
    read_ += taken;
    given_ += made;
    if (given_ > limits_.size) return too_large("is larger than allowed when it is decompressed");
    if (given_ > kFree && given_ / limits_.ratio > read_) return too_large("is compressed more than allowed");
    bool drained = taken == in.size() && made < out.size();
    bool stuck = taken == 0 && made == 0 && !in.empty();
    if (fault != http::Decoder::Fault::none || stuck) return damaged("is no valid ");
    if (drained && push == http::Push::finish && !decoder_->complete()) return damaged("breaks off in its ");
    return http::Encoder::Progress{taken, made, drained};
  }
  base::Unexpected too_large(std::string what) const {
    return base::fail(side_ == Side::request ? Reason::body_too_large : Reason::response_invalid,
                      "the body " + std::move(what));
  }
  base::Unexpected damaged(std::string what) const {
    return base::fail(side_ == Side::request ? Reason::validation : Reason::response_invalid,
                      "the body " + what + std::string(http::name(coding_)));
  }

  std::unique_ptr<http::Decoder> decoder_;
  Coding coding_;
  Limits limits_;
  Side side_;
  std::uint64_t read_ = 0, given_ = 0;
};

bool known(Coding coding) noexcept { return coding != Coding::identity && coding != Coding::other; }

class Decompress final : public chain::Filter {
 public:
  explicit Decompress(const DecompressConfig& c)
      : responses_(c.responses), requests_(c.requests), limits_{c.max_size.bytes, c.max_ratio} {}

  Task<chain::Step> on_request(Exchange& ex) const override {
    auto& fields = ex.request.fields;
    Seen& seen = ex.local<Seen>(*this);
    if (responses_ == DecompressResponses::unaccepted) {
      http::AcceptedCodings accepted(fields);
      for (std::size_t i = 0; i < http::kCodings; ++i)
        if (accepted.takes(static_cast<Coding>(i))) seen.taken |= std::uint8_t{1} << i;
    }
    if (!requests_ || !ex.request_body || !ex.request.upgrade.empty()) return chain::Step::next;
    Coding coding = http::content_coding(fields);
    if (!known(coding) || http::no_transform(fields)) return chain::Step::next;
    http::recoded(fields, Coding::identity);
    ex.request_body =
        http::make_body<Decoded>(ex.arena, std::move(ex.request_body), ex, coding, limits_, Side::request);
    return chain::Step::next;
  }

  Task<void> on_response(Exchange& ex) const override {
    auto& fields = ex.response.fields;
    Coding coding = http::content_coding(fields);
    if (responses_ == DecompressResponses::never || !known(coding) || !whole(ex)) return {};
    if (responses_ == DecompressResponses::unaccepted) {
      http::add_vary(fields, http::field_name(FieldId::accept_encoding));
      if (ex.local<Seen>(*this).taken >> static_cast<unsigned>(coding) & 1) return {};
    }
    http::recoded(fields, Coding::identity);
    if (ex.response_body)
      ex.response_body = http::make_body<Decoded>(ex.arena, std::move(ex.response_body), ex, coding, limits_,
                                                  Side::response);
    return {};
  }

 private:
  struct Seen {
    std::uint8_t taken = 0;  // codings that the client accepts, a bit each
  };

  // No part of a response, which cannot be decoded by itself, and nothing that must stay as it is.
  static bool whole(const Exchange& ex) {
    const auto& head = ex.response;
    return head.status >= 200 && head.status != 206 && !head.fields.find("Content-Range") &&
           !http::no_transform(head.fields);
  }

  DecompressResponses responses_;
  bool requests_;
  Limits limits_;
};

const chain::FilterKind<Decompress, DecompressConfig> kDecompress{
    "decompress", chain::Stage::shape, "Decompresses responses and requests.", "{requests: true}"};

}  // namespace
}  // namespace sluice::filters
