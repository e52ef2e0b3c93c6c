// SPDX-License-Identifier: Apache-2.0
// FakeDns: a nameserver on loopback, over UDP and TCP, with a thread of its own, that says what a test wrote
// down, right or wrong. Names that were not mentioned do not exist (NXDOMAIN).
//
//   FakeDns dns;
//   dns.resolves("orders.test", {"127.0.0.2"}, 1);
//   dns.behaves("orders.test", FakeDns::Mood::servfail);
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/net/lookup.h"

namespace sluice::test {

class FakeDns {
 public:
  enum class Mood { honest, servfail, refused, nothing, nxdomain, silent, garbage, truncated };

  FakeDns();
  FakeDns(const FakeDns&) = delete;
  ~FakeDns();

  net::Address address() const { return *net::Address::parse("127.0.0.1", port_); }
  // IPv4 and IPv6 numbers; honest from now on. `ttl` in seconds.
  void resolves(const std::string& name, const std::vector<std::string>& ips, std::uint32_t ttl = 1);
  void places(const std::string& name, std::vector<net::ServicePlace> places, std::uint32_t ttl = 1);
  // `nothing` is an answer without records; `truncated` is honest over TCP alone. For one type of question
  // only if there is one.
  void behaves(const std::string& name, Mood mood, unsigned type = 0);
  // Of that name so far.
  unsigned questions(const std::string& name) const;

 private:
  struct Entry {
    std::vector<net::Address> addresses;
    std::vector<net::ServicePlace> places;
    std::uint32_t ttl = 1;
    std::map<unsigned, Mood> moods;  // by type; 0 for the others
    unsigned asked = 0;
  };
  class Sockets;
  // The answer to the bytes of a question; empty to say nothing.
  std::string answer(std::string_view question, bool tcp);

  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::uint16_t port_ = 0;
  boost::asio::io_context io_;
  std::unique_ptr<Sockets> sockets_;
  std::thread thread_;
};

}  // namespace sluice::test
