// SPDX-License-Identifier: Apache-2.0
// ConnectedStream: what the streams of every version of HTTP have alike: they belong to a connection, and
// know by it whom they speak for. The base of h1's and h2's ServerStream.
#pragma once
#include "gateway/http/stream.h"

namespace sluice::http {

class ConnectedStream : public ServerStream {
 public:
  const ConnectionFacts& connection() const noexcept final { return *facts_; }
  std::string_view peer_ip() const noexcept final { return {peer_ip_, peer_ip_size_}; }
  void speak_for(const ConnectionFacts& facts) noexcept final {
    facts_ = &facts;
    peer_ip_size_ = static_cast<std::uint8_t>(facts.peer.ip(peer_ip_).size());
  }

 protected:
  explicit ConnectedStream(const ConnectionFacts& facts) noexcept { ConnectedStream::speak_for(facts); }
  ~ConnectedStream() = default;

 private:
  const ConnectionFacts* facts_ = nullptr;
  std::uint8_t peer_ip_size_ = 0;
  char peer_ip_[net::Address::kLongestIp];
};

}  // namespace sluice::http
