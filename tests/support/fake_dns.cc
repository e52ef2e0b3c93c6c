// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_dns.h"

#include <array>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace sluice::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using Error = boost::system::error_code;

namespace {

std::string u16(unsigned n) { return {static_cast<char>(n >> 8), static_cast<char>(n)}; }
unsigned u16(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]) * 256u + static_cast<unsigned char>(text[at + 1]);
}
std::string labels(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    auto label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size()) + std::string(label);
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return out + '\0';
}
std::string record(unsigned type, std::uint32_t ttl, const std::string& data) {
  return "\xc0\x0c" + u16(type) + u16(1) + u16(ttl >> 16) + u16(ttl & 0xffff) +
         u16(static_cast<unsigned>(data.size())) + data;
}

}  // namespace

class FakeDns::Sockets {
 public:
  Sockets(FakeDns& dns, asio::io_context& io) : dns_(dns), io_(io), udp_(io), acceptor_(io) {
    // The same port twice: another one if somebody has it for TCP.
    for (;;) {
      udp_ = udp::socket(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
      Error error;
      acceptor_ = tcp::acceptor(io);
      acceptor_.open(tcp::v4());
      acceptor_.bind({asio::ip::address_v4::loopback(), udp_.local_endpoint().port()}, error);
      if (!error) break;
    }
    acceptor_.listen();
    receive();
    accept();
  }
  std::uint16_t port() const { return udp_.local_endpoint().port(); }

 private:
  struct Connection {
    explicit Connection(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    std::array<char, 2> size{};
    std::string text;
  };

  void receive() {
    udp_.async_receive_from(asio::buffer(buffer_), from_, [this](Error error, std::size_t size) {
      if (error) return;
      auto text = dns_.answer({buffer_.data(), size}, false);
      Error ignored;
      if (!text.empty()) udp_.send_to(asio::buffer(text), from_, 0, ignored);
      receive();
    });
  }
  void accept() {
    acceptor_.async_accept([this](Error error, tcp::socket socket) {
      if (error) return;
      read(std::make_shared<Connection>(std::move(socket)));
      accept();
    });
  }
  void read(std::shared_ptr<Connection> c) {
    asio::async_read(c->socket, asio::buffer(c->size), [this, c](Error error, std::size_t) {
      if (error) return;
      c->text.resize(u16({c->size.data(), 2}, 0));
      asio::async_read(c->socket, asio::buffer(c->text), [this, c](Error failed, std::size_t) {
        if (failed) return;
        auto text = dns_.answer(c->text, true);
        c->text = u16(static_cast<unsigned>(text.size())) + text;
        asio::async_write(c->socket, asio::buffer(c->text), [this, c](Error bad, std::size_t) {
          if (!bad) read(c);
        });
      });
    });
  }

  FakeDns& dns_;
  asio::io_context& io_;
  udp::socket udp_;
  tcp::acceptor acceptor_;
  udp::endpoint from_;
  std::array<char, 2048> buffer_{};
};

FakeDns::FakeDns() : sockets_(std::make_unique<Sockets>(*this, io_)) {
  port_ = sockets_->port();
  thread_ = std::thread([this] { io_.run(); });
}

FakeDns::~FakeDns() {
  io_.stop();
  thread_.join();
}

void FakeDns::resolves(const std::string& name, const std::vector<std::string>& ips, std::uint32_t ttl) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_[name];
  entry.addresses.clear();
  for (const auto& ip : ips) entry.addresses.push_back(*net::Address::parse(ip, 0));
  entry.ttl = ttl;
  entry.moods.clear();
}

void FakeDns::places(const std::string& name, std::vector<net::ServicePlace> places, std::uint32_t ttl) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_[name];
  entry.places = std::move(places);
  entry.ttl = ttl;
  entry.moods.clear();
}

void FakeDns::behaves(const std::string& name, Mood mood, unsigned type) {
  std::lock_guard lock(mutex_);
  entries_[name].moods[type] = mood;
}

unsigned FakeDns::questions(const std::string& name) const {
  std::lock_guard lock(mutex_);
  auto at = entries_.find(name);
  return at == entries_.end() ? 0 : at->second.asked;
}

std::string FakeDns::answer(std::string_view question, bool tcp) {
  if (question.size() < 17) return {};
  std::string name;
  std::size_t at = 12;
  while (at < question.size() && question[at] != 0) {
    auto length = static_cast<unsigned char>(question[at]);
    name += (name.empty() ? "" : ".") + std::string(question.substr(at + 1, length));
    at += length + 1u;
  }
  if (at + 5 > question.size()) return {};
  unsigned type = u16(question, at + 1);
  std::string asked(question.substr(12, at + 5 - 12));
  auto reply = [&](unsigned flags, unsigned count, const std::string& records) {
    return std::string(question.substr(0, 2)) + u16(0x8180 | flags) + u16(1) + u16(count) + u16(0) + u16(0) +
           asked + records;
  };

  std::lock_guard lock(mutex_);
  auto found = entries_.find(name);
  if (found == entries_.end()) return reply(3, 0, "");
  Entry& entry = found->second;
  ++entry.asked;
  auto mood = entry.moods.count(type) ? entry.moods[type]
              : entry.moods.count(0)  ? entry.moods[0]
                                      : Mood::honest;
  switch (mood) {
    case Mood::servfail:
      return reply(2, 0, "");
    case Mood::refused:
      return reply(5, 0, "");
    case Mood::nothing:
      return reply(0, 0, "");
    case Mood::nxdomain:
      return reply(3, 0, "");
    case Mood::silent:
      return {};
    case Mood::garbage:  // says that there is more than there is, with pointers to nowhere
      return reply(0, 9, "\xc0\xff\xff\xff" + std::string(7, '\xff'));
    case Mood::truncated:
      if (!tcp) return reply(0x0200, 0, "");
      break;
    case Mood::honest:
      break;
  }
  unsigned count = 0;
  std::string records;
  for (const auto& a : entry.addresses) {
    if (type != (a.family() == AF_INET ? 1u : 28u)) continue;
    auto bytes = a.bytes();
    records += record(type, entry.ttl, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    ++count;
  }
  for (const auto& p : entry.places) {
    if (type != 33) continue;
    records += record(type, entry.ttl, u16(p.priority) + u16(p.weight) + u16(p.port) + labels(p.host));
    ++count;
  }
  return reply(0, count, records);
}

}  // namespace sluice::test
