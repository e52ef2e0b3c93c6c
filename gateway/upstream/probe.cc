// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/probe.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/arena_pool.h"
#include "gateway/base/job.h"
#include "gateway/base/version.h"
#include "gateway/config/amounts.h"
#include "gateway/http/grpc.h"
#include "gateway/http/grpc_health.h"
#include "gateway/http/uri.h"
#include "gateway/net/sleep.h"
#include "gateway/upstream/speak.h"

namespace sluice::upstream {

using base::Reason;
using base::Result;
using base::Task;
using http::FieldId;
using observe::Protocol;

namespace {

// Enough for what a health page has to say. Reading it lets the target close in peace.
constexpr std::size_t kBody = 64 * 1024;

// The connection goes with its probe, whatever becomes of it.
struct Nobody final : http::ClientConnection::Owner {
  void stream_ended(bool /*usable*/) noexcept override {}
  void lost() noexcept override {}
};

Finding failed(std::string cause) { return {CheckResult::failed, std::move(cause)}; }

Finding failed(const base::Error& error) {
  std::string cause(error.detail.empty() ? base::row(error.reason).title : error.detail);
  return {error.reason == Reason::timeout_connect ? CheckResult::timeout : CheckResult::failed, cause};
}

// What a probe needs of an answer, kept beyond its connection.
struct Answer {
  std::optional<base::Error> error;
  int status = 0;
  bool is_grpc = false;
  std::optional<std::string> grpc_status;
  std::string body;
};

void take_grpc_status(const http::Fields& fields, Answer& out) {
  if (const auto* field = fields.find(http::kGrpcStatus)) out.grpc_status = field->value;
}

Task<Result<void>> read_body(http::Body& body, Answer& out) {
  while (out.body.size() < kBody) {
    auto piece = co_await body.read(kBody - out.body.size());
    if (!piece) co_return std::move(piece).unexpected();
    out.body.append(piece->bytes.data(), piece->bytes.size());
    if (piece->trailers) take_grpc_status(*piece->trailers, out);
    if (piece->last) break;
  }
  co_return Result<void>();
}

class Probe {
 public:
  Probe(net::Loop& loop, Target& target, const ProbeSettings& settings) noexcept
      : loop_(loop), target_(target), settings_(settings) {}

  Task<Result<Finding>> run();
  // When the probe has taken too long: by what has come so far.
  Finding overdue() const {
    if (!is_grpc() && answer_.status != 0) return judge(answer_);
    return {CheckResult::timeout, std::string(connected_ ? "no answer" : "no connection") + " within " +
                                      config::to_text(health().timeout)};
  }

 private:
  const HealthConfig& health() const noexcept { return settings_.health; }
  bool is_grpc() const noexcept { return health().type == ProbeKind::grpc; }
  std::string host() const;
  void write_head(http::RequestHead& head) const;
  Task<Result<void>> exchange(http::ClientStream& stream, std::string_view extra, base::Arena& arena);
  Finding judge(const Answer& answer) const;
  Finding judge_grpc(const Answer& answer) const;

  net::Loop& loop_;
  Target& target_;
  const ProbeSettings& settings_;
  bool connected_ = false;
  Answer answer_;
};

Task<Result<Finding>> Probe::run() {
  std::string greeting;
  if (auto version = settings_.proxy_protocol) greeting = net::write_proxy_header(*version, {}, {});
  auto dialled =
      co_await dial(loop_, target_, health().timeout, greeting, Layer::of_url, health().port.value_or(0));
  if (!dialled && dialled.error().where() == base::Where::gateway) co_return std::move(dialled).unexpected();
  if (!dialled) co_return failed(dialled.error());
  connected_ = true;
  if (health().type == ProbeKind::tcp) co_return Finding{CheckResult::passed, "connected"};
  auto spoken = spoken_on(target_, is_grpc() ? ProtocolChoice::h2 : settings_.protocol, *dialled);
  if (!spoken) co_return failed(spoken.error());
  base::ArenaLease arena;
  Nobody owner;
  auto connection = speak(loop_, target_, *spoken, std::move(dialled->transport), owner);
  auto stream = connection->open(*arena, {base::Duration::zero(), base::Duration::zero()});
  std::string_view extra = *spoken == Protocol::h1 ? "Connection: close\r\n" : "";
  auto exchanged = co_await exchange(*stream, extra, *arena);
  if (!exchanged) answer_.error = exchanged.error();
  co_return judge(answer_);
}

// The first final head, and its body.
Task<Result<void>> Probe::exchange(http::ClientStream& stream, std::string_view extra, base::Arena& arena) {
  http::RequestHead head(arena);
  write_head(head);
  std::string message = is_grpc() ? http::grpc_health_request(health().service) : "";
  http::TextBody request(message);
  auto sent = co_await stream.send(head, extra, is_grpc() ? &request : nullptr);
  if (!sent) co_return sent;
  http::ResponseHead response(arena);
  while (response.status < 200) {
    response.fields.clear();
    auto received = co_await stream.receive(response);
    if (!received) co_return received;
  }
  answer_.status = response.status;
  answer_.is_grpc = http::is_grpc(response.fields);
  take_grpc_status(response.fields, answer_);
  auto body = stream.body(arena);
  if (!body) co_return Result<void>();
  auto read = co_await read_body(*body, answer_);
  co_return read;
}

std::string Probe::host() const {
  if (!health().host.empty()) return health().host;
  if (settings_.host.kind == HostPolicy::Kind::literal) return settings_.host.literal;
  return target_.host_field();
}

void Probe::write_head(http::RequestHead& head) const {
  auto& arena = head.fields.arena();
  auto parts = http::split_target(health().path);
  head.method = is_grpc() ? http::Method::post : http::Method::get;
  head.method_text = http::name(head.method);
  if (is_grpc()) {
    head.path = http::kGrpcHealthCheck;
    head.fields.add(FieldId::content_type, http::kGrpcType);
    head.fields.add(http::kGrpcTimeout, http::grpc_timeout(health().timeout, arena));
  } else if (auto path = http::normalise_path(parts.path, arena)) {  // as the configuration was checked for
    head.path = *path;
    head.query = parts.query;
    head.has_query = parts.has_query;
  }
  head.authority = arena.copy(host());
  head.fields.add(FieldId::host, head.authority);
  head.fields.add(FieldId::user_agent, arena.join("sluice/", base::kVersion, " (health check)"));
}

Finding Probe::judge(const Answer& answer) const {
  if (is_grpc()) return judge_grpc(answer);
  // The status has said all, whatever became of the body.
  if (answer.status == 0) return failed(*answer.error);
  bool good = std::ranges::any_of(health().expect,
                                  [&](const StatusRange& range) { return range.holds(answer.status); });
  return {good ? CheckResult::passed : CheckResult::failed, "status " + std::to_string(answer.status)};
}

Finding Probe::judge_grpc(const Answer& answer) const {
  if (answer.error) return failed(*answer.error);
  if (answer.status != 200 || (!answer.is_grpc && !answer.grpc_status))
    return failed("status " + std::to_string(answer.status) + ", and no gRPC");
  auto code = http::grpc_code(answer.grpc_status.value_or(""));
  if (!code) return failed("an answer without a valid grpc-status");
  if (*code == http::GrpcCode::unimplemented)
    return failed("unimplemented: the target has no grpc.health.v1.Health");
  if (*code == http::GrpcCode::not_found)
    return failed("not_found: the target's health service does not know \"" + health().service + "\"");
  if (*code != http::GrpcCode::ok) return failed("grpc-status " + std::string(http::name(*code)));
  auto status = http::parse_grpc_health_response({answer.body.data(), answer.body.size()});
  if (!status) return failed(status.error());
  bool serving = *status == http::ServingStatus::serving;
  return {serving ? CheckResult::passed : CheckResult::failed, std::string(http::name(*status))};
}

Task<Result<Finding>> run_out(net::Loop& loop, const Probe& probe, base::Duration timeout) {
  auto pause = net::sleep(loop, timeout);
  co_await pause;
  co_return probe.overdue();
}

}  // namespace

ProbeSettings probe_settings(const UpstreamConfig& config) {
  return {*config.health, config.spoken(), config.host, config.proxy_protocol};
}

Task<Result<Finding>> probe(net::Loop& loop, Target& target, const ProbeSettings& settings) {
  Probe one(loop, target, settings);
  std::vector<Task<Result<Finding>>> either;
  either.push_back(one.run());
  either.push_back(run_out(loop, one, settings.health.timeout));
  auto first = co_await base::any(std::move(either), Reason::timeout_total);
  co_return std::move(first.second);
}

}  // namespace sluice::upstream
