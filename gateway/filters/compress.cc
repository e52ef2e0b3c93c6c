// SPDX-License-Identifier: Apache-2.0
// The filter `compress`: gives responses of text the content coding that the client likes best (RFC 9110
// section 12.5.3). Bodies stream through; where the service pauses in one of unknown length, nothing of it is
// held back. What must not be changed or would gain nothing stays as it is.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"
#include "gateway/http/encoder.h"
#include "gateway/http/grpc.h"
#include "gateway/http/media_type.h"
#include "gateway/http/recoded_body.h"
#include "gateway/http/semantics.h"
#include "gateway/http/vary.h"

namespace sluice::filters {

using http::Coding;

enum class CompressCoding : std::uint8_t { gzip, br, zstd };

void describe(config::Enumeration<CompressCoding>& e) {
  e.about("compress_coding");
  e.value("gzip", CompressCoding::gzip, "Read by everything.");
  e.value("br", CompressCoding::br, "Brotli: smaller than gzip. Browsers take it over TLS only.");
  e.value("zstd", CompressCoding::zstd, "Zstandard: as small as gzip or smaller, and several times faster.");
}

struct CompressLevels {
  int gzip = http::levels(Coding::gzip).usual;
  int br = http::levels(Coding::br).usual;
  int zstd = http::levels(Coding::zstd).usual;
  bool operator==(const CompressLevels&) const = default;
};

void describe(config::Description<CompressLevels>& d) {
  using namespace config;
  auto range = [](Coding c) { return between(http::levels(c).least, http::levels(c).most); };
  d.about("compress_levels", "How hard each coding tries: higher is smaller, and slower.");
  d.field("gzip", &CompressLevels::gzip, "Of gzip.", range(Coding::gzip));
  d.field("br", &CompressLevels::br, "Of br. From 5 on it costs many times more.", range(Coding::br));
  d.field("zstd", &CompressLevels::zstd, "Of zstd.", range(Coding::zstd));
}

struct CompressConfig {
  std::vector<CompressCoding> codings = {CompressCoding::zstd, CompressCoding::br, CompressCoding::gzip};
  CompressLevels levels;
  std::vector<std::string> types = {"text/*",           "*/*+json",
                                    "*/*+xml",          "application/json",
                                    "application/xml",  "application/javascript",
                                    "application/wasm", "application/x-ndjson",
                                    "font/otf",         "font/ttf",
                                    "image/bmp",        "image/x-icon"};
  config::Size min_length{1024};
  bool event_streams = false;
  bool operator==(const CompressConfig&) const = default;
};

void describe(config::Description<CompressConfig>& d) {
  using namespace config;
  using namespace config::literals;
  d.about("compress",
          "Compresses responses for clients that accept it. Left alone: what is compressed already, parts "
          "(206), `Cache-Control: no-transform`, gRPC.");
  d.field("codings", &CompressConfig::codings,
          "Codings to choose from. The client's weights decide, this order where they are equal.",
          one_or_many, unique, non_empty);
  d.field("levels", &CompressConfig::levels, "How hard to try.");
  d.field("types", &CompressConfig::types, "Content types; `*` stands for anything.", one_or_many, unique,
          non_empty, each(pattern("[^ ;,/]+/[^ ;,/]+", "a content type such as text/*")));
  d.field("min_length", &CompressConfig::min_length,
          "Shorter bodies stay as they are, if their length is known.", at_least(0_B));
  d.field("event_streams", &CompressConfig::event_streams,
          "Compresses text/event-stream too. Each event still leaves at once.");
}

namespace {

using base::Result;
using base::Task;
using chain::Exchange;
using http::FieldId;
using View = std::string_view;

constexpr Coding of(CompressCoding c) noexcept {
  return c == CompressCoding::gzip ? Coding::gzip : c == CompressCoding::br ? Coding::br : Coding::zstd;
}

class Encoded final : public http::RecodedBody {
 public:
  Encoded(http::BodyPtr source, const Exchange& ex, http::EncoderPtr encoder, bool flushes)
      : RecodedBody(std::move(source), ex.worker.loop, ex.arena, flushes), encoder_(std::move(encoder)) {}

 private:
  Result<http::Encoder::Progress> recode(std::span<const char> in, std::span<char> out,
                                         http::Push push) override {
    return encoder_->encode(in, out, push);
  }
  http::EncoderPtr encoder_;
};

// The content's length, if somebody says: of an answer to HEAD its field.
std::optional<std::uint64_t> length_of(const Exchange& ex) {
  if (ex.response_body) return ex.response_body->length();
  return base::parse_decimal(ex.response.fields.value(FieldId::content_length));
}

class Compress final : public chain::Filter {
 public:
  explicit Compress(const CompressConfig& c)
      : types_(c.types), min_length_(c.min_length.bytes), event_streams_(c.event_streams) {
    for (auto coding : c.codings) codings_.push_back(of(coding));
    levels_[static_cast<std::size_t>(Coding::gzip)] = c.levels.gzip;
    levels_[static_cast<std::size_t>(Coding::br)] = c.levels.br;
    levels_[static_cast<std::size_t>(Coding::zstd)] = c.levels.zstd;
  }

  // Now, as filters behind this one may ask the service for something else.
  Task<chain::Step> on_request(Exchange& ex) const override {
    http::AcceptedCodings accepted(ex.request.fields);
    Coding chosen = http::no_transform(ex.request.fields) ? Coding::identity : accepted.best(codings_);
    // What holds up to a megabyte each is not begun while memory is short.
    if (ex.worker.loop.buffers().frugal() && !accepted.refuses_identity()) chosen = Coding::identity;
    ex.local<Choice>(*this) = {chosen, chosen != Coding::identity && accepted.refuses_identity()};
    return chain::Step::next;
  }

  Task<void> on_response(Exchange& ex) const override {
    auto& fields = ex.response.fields;
    Choice choice = ex.local<Choice>(*this);
    if (ex.response.status == 304) {
      // Of what would have been compressed: then its ETag was weak.
      if (choice.coding == Coding::identity) return {};
      http::add_vary(fields, http::field_name(FieldId::accept_encoding));
      http::weaken_etag(fields);
      return {};
    }
    if (!fit(ex, choice.must)) return {};
    http::add_vary(fields, http::field_name(FieldId::accept_encoding));
    if (choice.coding == Coding::identity) return {};
    http::recoded(fields, choice.coding);
    if (!ex.response_body) return {};
    auto length = ex.response_body->length();
    auto encoder =
        http::make_encoder(choice.coding, levels_[static_cast<std::size_t>(choice.coding)], length);
    ex.response_body =
        http::make_body<Encoded>(ex.arena, std::move(ex.response_body), ex, std::move(encoder), !length);
    return {};
  }

 private:
  struct Choice {
    Coding coding = Coding::identity;
    bool must = false;  // the client takes nothing as it is
  };

  // Is the response one that is to be compressed, or would be for another client?
  bool fit(const Exchange& ex, bool must) const {
    const auto& head = ex.response;
    const auto& fields = head.fields;
    bool asked_for_head = ex.request.method == http::Method::head;
    bool without = http::bodiless(asked_for_head ? http::Method::get : ex.request.method, head.status);
    if (without || head.status < 200 || (!ex.response_body && !asked_for_head)) return false;
    if (head.status == 206 || fields.find("Content-Range")) return false;
    if (http::content_coding(fields) != Coding::identity || http::no_transform(fields)) return false;
    View type = fields.value(FieldId::content_type);
    if (http::is_grpc_type(type)) return false;
    if (http::is_of_type(type, http::kEventStream) && !event_streams_) return false;
    if (must) return true;
    if (length_of(ex).value_or(std::numeric_limits<std::uint64_t>::max()) < min_length_) return false;
    return text_like(base::trim(type.substr(0, type.find(';'))));
  }
  bool text_like(View type) const {
    return std::ranges::any_of(types_, [type](const std::string& t) { return base::glob_match(t, type); });
  }

  std::vector<Coding> codings_;
  int levels_[http::kCodings] = {};
  std::vector<std::string> types_;
  std::uint64_t min_length_;
  bool event_streams_;
};

const chain::FilterKind<Compress, CompressConfig> kCompress{
    "compress", chain::Stage::shape, "Compresses responses for clients that accept it.",
    "{codings: [br, gzip]}"};

}  // namespace
}  // namespace sluice::filters
