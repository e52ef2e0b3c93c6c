// SPDX-License-Identifier: Apache-2.0
// ComposeConfig: what an operator writes for the handler `compose`. Checked and compiled into a Plan when the
// route is built.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/compose/shaping.h"
#include "gateway/config/describe.h"
#include "gateway/http/head.h"
#include "gateway/json/merge.h"
#include "gateway/json/scan.h"
#include "gateway/upstream/health_config.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::compose {

// "users:/users/${path.id}": whom, and for what.
struct CallTarget {
  std::string upstream, uri;
  bool operator==(const CallTarget&) const = default;
};
void describe(config::Text<CallTarget>& t);

// What may go along of the client's request; nothing by itself.
struct PassConfig {
  bool all = false;  // every header but those about the body and about copies, the whole query
  std::vector<std::string> headers;  // by name
  std::vector<std::string> query;
  bool body = false;
  bool operator==(const PassConfig&) const = default;
};
void describe(config::Description<PassConfig>& d);

// When a fallback takes the place of an answer: "timeout", "404", "5xx", or "skipped", if there was no call.
struct FallbackCase {
  enum class Kind : std::uint8_t { error, timeout, skipped, status } kind = Kind::error;
  int from = 0, to = 0;  // of Kind::status
  bool operator==(const FallbackCase&) const = default;
};
void describe(config::Text<FallbackCase>& t);

struct JoinConfig {
  std::string on, with;
  std::optional<std::string> as;
  bool operator==(const JoinConfig&) const = default;
};
void describe(config::Description<JoinConfig>& d);

enum class Format : std::uint8_t { json, xml, text };
void describe(config::Enumeration<Format>& e);

enum class Expect : std::uint8_t { any, object, array };
void describe(config::Enumeration<Expect>& e);

// How long answers are kept, and in how much memory.
struct KeepConfig {
  config::Duration for_{};
  config::Size size{16U << 20};
  bool operator==(const KeepConfig&) const = default;
};
void describe(config::Description<KeepConfig>& d);

struct CallConfig {
  std::optional<CallTarget> get, post, put, patch, delete_;
  std::optional<std::string> route;  // in place of those
  config::ByName<std::string> path;  // that it captures
  config::ByName<std::string> headers, query;
  std::optional<std::string> body;
  std::optional<config::Json> json;
  PassConfig forward;
  std::optional<config::Duration> timeout;
  std::optional<upstream::RetryConfig> retry;
  std::optional<upstream::HedgeConfig> hedge;
  config::Size max_body{4U << 20};
  std::optional<KeepConfig> cache;

  std::optional<std::string> when;
  bool required = false;
  std::vector<upstream::StatusRange> success = {upstream::StatusRange{200, 299}};
  std::optional<config::Json> fallback;
  std::vector<FallbackCase> fallback_on;

  std::optional<std::string> each;
  std::uint32_t concurrency = 8;
  std::uint32_t batch = 1;
  std::uint32_t at_most = 1000;

  Format format = Format::json;
  std::vector<std::string> xml_lists;
  Expect expect = Expect::any;
  std::optional<std::string> pick;
  std::vector<std::string> only, drop;
  config::ByName<std::string> rename, move, append;
  std::optional<JoinConfig> join;
  std::optional<std::string> zip;
  std::optional<std::string> as;
  bool hide = false;
  bool shadow = false;
  std::optional<json::OnConflict> on_conflict;
  std::vector<std::string> response_headers;
  bool operator==(const CallConfig&) const = default;

  // The one that was written; the method too.
  const CallTarget& target() const;
  http::Method method() const;
  std::string_view method_key() const;
  // Of its value, the fallback included, where it is known without asking.
  std::optional<json::Type> known_type() const;
  Shaping shaping() const noexcept { return {only, drop, rename, move, append}; }
};
void describe(config::Description<CallConfig>& d);

// Values that are there whatever the services say.
struct StaticConfig {
  std::optional<config::Json> always, complete, partial;
  bool operator==(const StaticConfig&) const = default;
};
void describe(config::Description<StaticConfig>& d);

struct ComposeConfig {
  config::ByName<CallConfig> calls;
  std::optional<config::Duration> timeout;
  std::optional<json::OnConflict> on_conflict;  // last
  StaticConfig data;
  std::optional<config::Json> json;
  std::optional<std::string> raw;
  std::vector<std::string> only, drop;
  config::ByName<std::string> rename, move, append;
  std::optional<std::string> errors;
  bool error_bodies = false;
  bool stream = false;
  std::optional<std::string> completed_header;
  bool server_timing = false;
  bool operator==(const ComposeConfig&) const = default;

  // Of the whole answer.
  Shaping shaping() const noexcept { return {only, drop, rename, move, append}; }
};
void describe(config::Description<ComposeConfig>& d);

}  // namespace sluice::compose

namespace sluice::json {
void describe(config::Enumeration<OnConflict>& e);
}
