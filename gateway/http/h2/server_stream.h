// SPDX-License-Identifier: Apache-2.0
// One request on an HTTP/2 server connection and its response, as the layers above see it. Owned by the
// connection; lives until Service has answered. Private to h2/server.
#pragma once
#include "gateway/base/arena_pool.h"
#include "gateway/base/frame_pool.h"
#include "gateway/http/connected_stream.h"
#include "gateway/http/h2/heads.h"
#include "gateway/http/h2/server.h"
#include "gateway/http/h2/stream.h"

namespace sluice::http::h2 {

class ServerStream final : public ConnectedStream, public Stream, public base::ListNode {
 public:
  ServerStream(ServerConnection& connection, std::int32_t id);
  static void* operator new(std::size_t n) { return base::FramePool::get(n); }
  static void operator delete(void* p, std::size_t n) noexcept { base::FramePool::put(p, n); }

  base::Arena& arena() noexcept override { return *arena_; }
  RequestHead& request() noexcept override { return request_; }
  BodyPtr take_body() override;
  base::SteadyTime begun() const noexcept override { return begun_; }
  void let_body_run(bool runs) noexcept override { body_runs_ = runs; }
  void relay_expectation() noexcept override { expectation_open_ = false; }
  base::Task<base::Result<void>> send_interim(const ResponseHead& head) override;
  base::Task<base::Result<void>> send(ResponseHead& head, BodyPtr& body) override;
  bool head_sent() const noexcept override { return head_sent_; }
  BodyPtr switch_protocols(net::ScopeTimer& idle) override;
  // One bad request says nothing about the other streams: what a client may do is up to Conduct.
  void close_after() noexcept override {}
  std::uint64_t bytes_received() const noexcept override { return bytes_received_; }
  std::uint64_t bytes_sent() const noexcept override { return bytes_sent_; }
  base::Duration client_wait() const noexcept override { return waited(); }

  // --- For the connection, from its events.
  bool on_field(std::string_view name, std::string_view value);
  // The header block is complete; true when it was the head.
  bool on_block_end(bool last);
  // False: the body is longer than was announced.
  bool on_data(std::span<const char> bytes);
  bool on_data_end();
  void count_received(std::size_t bytes) noexcept { bytes_received_ += bytes; }
  void count_sent(std::size_t bytes) noexcept { bytes_sent_ += bytes; }
  // A message that breaks RFC 9113 section 8.1.1.
  void malformed(const char* detail) noexcept;

  // --- For the connection, around Service.
  base::Scope& scope() noexcept { return scope_; }
  bool started() const noexcept { return started_; }
  void set_started() noexcept { started_ = true; }
  const std::optional<base::Error>& fault() const noexcept { return fault_; }
  // What is left undone when Service has returned.
  void finish() noexcept;

 private:
  class RequestBody;
  base::Task<base::Result<void>> finish_sending(base::Task<Sent> sending);
  base::Task<base::Result<void>> send_switched(ResponseHead& head, Body& body);
  base::Result<void> result_of(const Sent& sent);
  void say_why(const base::Error& error);
  base::Error ended_early() const;

  ServerConnection* connection_;
  base::ArenaLease arena_;
  base::Scope scope_;
  RequestHead request_;
  std::optional<RequestReader> reader_;  // of the head, until it is complete
  std::optional<TrailerReader> trailers_reader_;
  Fields trailers_;
  Control control_;
  LengthCheck length_;
  std::optional<base::Error> fault_;  // why the request is refused
  std::uint64_t bytes_received_ = 0;
  std::uint64_t bytes_sent_ = 0;
  base::SteadyTime begun_;
  std::uint32_t reset_code_ = NGHTTP2_CANCEL;  // if the response stays incomplete
  net::ScopeTimer* idle_ = nullptr;            // of the tunnel, once protocols have been switched
  bool body_taken_ = false;
  bool expectation_open_ = false;
  bool body_runs_ = false;
  bool head_sent_ = false;
  bool grpc_ = false;  // the response
  bool started_ = false;
};

}  // namespace sluice::http::h2
