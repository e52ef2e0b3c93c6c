// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/dns_lookup.h"

#include <ares.h>
#include <netdb.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/base/strings.h"
#include "gateway/net/dns_limits.h"

namespace sluice::net {

namespace asio = boost::asio;

namespace {

constexpr const char* kResolvConf = "/etc/resolv.conf";

struct Stamp {
  ino_t number = 0;
  off_t size = -1;
  time_t seconds = 0;
  long nanoseconds = 0;
  bool operator==(const Stamp&) const = default;
};

Stamp look(const char* path) noexcept {
  struct stat s;
  if (::stat(path, &s) != 0) return {};
  return {s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec};
}

bool is_localhost(std::string_view name) {
  return base::equal_ignoring_case(name, "localhost") ||
         (name.size() > 10 && base::equal_ignoring_case(name.substr(name.size() - 10), ".localhost"));
}

// Does the machine have a way there? Nothing is sent.
bool routable(const Address& address) noexcept {
  int fd = ::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  Address to = address.with_port(53);
  bool good = ::connect(fd, to.data(), to.size()) == 0;
  ::close(fd);
  return good;
}

// A machine without IPv6 gets AAAA records all the same. Where there is no way to any of them all stay, so
// that the attempt tells why.
void drop_unroutable(std::vector<Address>& addresses) {
  auto first = std::ranges::stable_partition(addresses, routable).begin();
  if (first != addresses.begin()) addresses.erase(first, addresses.end());
}

void add_new(std::vector<Address>& to, const std::vector<Address>& from) {
  for (const Address& a : from)
    if (std::ranges::find(to, a) == to.end()) to.push_back(a);
}

}  // namespace

std::vector<std::string> full_names(std::string_view name, const std::vector<std::string>& domains,
                                    std::size_t ndots) {
  if (name.ends_with('.')) return {std::string(name.substr(0, name.size() - 1))};
  std::vector<std::string> all;
  bool as_it_is_first = static_cast<std::size_t>(std::ranges::count(name, '.')) >= ndots;
  if (as_it_is_first) all.emplace_back(name);
  for (const auto& domain : domains)
    if (name.size() + 1 + domain.size() <= kLongestDnsName) all.push_back(std::string(name) + "." + domain);
  if (!as_it_is_first) all.emplace_back(name);
  return all;
}

// A channel of c-ares on Asio. What waits holds it weakly; close() ends all questions, unanswered.
class DnsLookup::Channel : public std::enable_shared_from_this<Channel> {
 public:
  explicit Channel(asio::io_context& control) : control_(control), timer_(control) {}
  ~Channel() { close(); }

  // "" or why not.
  std::string open(const DnsOptions& options) {
    resolv_conf_ = look(kResolvConf);
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    if (library != ARES_SUCCESS) return ares_strerror(library);
    ares_options asked{};
    asked.timeout = static_cast<int>(options.timeout.count());
    asked.tries = 2;
    asked.sock_state_cb = [](void* self, ares_socket_t fd, int read, int write) {
      static_cast<Channel*>(self)->socket_changed(fd, read != 0, write != 0);
    };
    asked.sock_state_cb_data = this;
    int made =
        ares_init_options(&channel_, &asked, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (made != ARES_SUCCESS) {
      channel_ = nullptr;
      return ares_strerror(made);
    }
    std::string servers;
    for (const Address& a : options.nameservers) servers += (servers.empty() ? "" : ",") + a.text();
    if (servers.empty()) return {};
    int set = ares_set_servers_ports_csv(channel_, servers.c_str());
    return set == ARES_SUCCESS ? std::string() : ares_strerror(set);
  }

  bool current() const noexcept { return resolv_conf_ == look(kResolvConf); }

  std::vector<std::string> names(const std::string& name) const {
    ares_options read{};
    int mask = 0;
    std::vector<std::string> domains;
    if (ares_save_options(channel_, &read, &mask) != ARES_SUCCESS) return full_names(name, {}, 1);
    for (int i = 0; i < read.ndomains; ++i) domains.emplace_back(read.domains[i]);
    auto all = full_names(name, domains, static_cast<std::size_t>(std::max(0, read.ndots)));
    ares_destroy_options(&read);
    return all;
  }

  std::vector<Address> of_hosts_file(const std::string& name) const {
    std::vector<Address> found;
    for (int family : {AF_INET, AF_INET6}) {
      hostent* host = nullptr;
      if (ares_gethostbyname_file(channel_, name.c_str(), family, &host) != ARES_SUCCESS) continue;
      std::size_t size = family == AF_INET ? 4 : 16;
      for (char** a = host->h_addr_list; *a; ++a)
        add_new(found, {Address::of_bytes({reinterpret_cast<unsigned char*>(*a), size}, 0)});
      ares_free_hostent(host);
    }
    return found;
  }

  // `done` may be called before this returns, and with ARES_EDESTRUCTION by close().
  using Heard = std::function<void(int status, std::span<const unsigned char> message)>;
  void ask(const std::string& name, DnsType type, Heard heard) {
    auto* owned = new Heard(std::move(heard));
    ares_query(
        channel_, name.c_str(), kDnsInternet, static_cast<int>(type),
        [](void* arg, int status, int /*timeouts*/, unsigned char* message, int size) {
          std::unique_ptr<Heard> mine(static_cast<Heard*>(arg));
          (*mine)(status, {message, message ? static_cast<std::size_t>(std::max(0, size)) : 0});
        },
        owned);
    set_timer();
  }

  void close() noexcept {
    if (auto* channel = std::exchange(channel_, nullptr)) ares_destroy(channel);
    for (auto& [fd, socket] : sockets_) socket->descriptor.release();
    sockets_.clear();
    timer_.cancel();
  }

 private:
  // c-ares owns the descriptor; Asio only waits for it.
  struct Socket {
    Socket(asio::io_context& control, std::uint64_t n) : descriptor(control), number(n) {}
    asio::posix::stream_descriptor descriptor;
    std::uint64_t number;  // tells sockets with the same descriptor apart
    bool read = false, write = false;
    bool reading = false, writing = false;  // waits are under way
  };

  void socket_changed(int fd, bool read, bool write) {
    auto at = sockets_.find(fd);
    if (!read && !write) {
      if (at == sockets_.end()) return;
      at->second->descriptor.release();
      sockets_.erase(at);
      return;
    }
    if (at == sockets_.end()) {
      auto fresh = std::make_unique<Socket>(control_, ++last_);
      boost::system::error_code error;
      if (fresh->descriptor.assign(fd, error)) return;  // the question ends by its timeout
      at = sockets_.emplace(fd, std::move(fresh)).first;
    }
    at->second->read = read;
    at->second->write = write;
    wait(fd, *at->second);
  }

  void wait(int fd, Socket& s) {
    using Wait = asio::posix::descriptor_base;
    if (s.read && !std::exchange(s.reading, true))
      s.descriptor.async_wait(Wait::wait_read, heard(fd, s.number, &Socket::reading));
    if (s.write && !std::exchange(s.writing, true))
      s.descriptor.async_wait(Wait::wait_write, heard(fd, s.number, &Socket::writing));
  }

  std::function<void(boost::system::error_code)> heard(int fd, std::uint64_t number, bool Socket::* waiting) {
    return [weak = weak_from_this(), fd, number, waiting](boost::system::error_code error) {
      auto self = weak.lock();
      if (self && !error) self->ready(fd, number, waiting);
    };
  }

  Socket* find(int fd, std::uint64_t number) {
    auto at = sockets_.find(fd);
    return at != sockets_.end() && at->second->number == number ? at->second.get() : nullptr;
  }

  void ready(int fd, std::uint64_t number, bool Socket::* waiting) {
    Socket* s = find(fd, number);
    if (!s || !channel_) return;
    s->*waiting = false;
    bool reads = waiting == &Socket::reading;
    ares_process_fd(channel_, reads ? fd : ARES_SOCKET_BAD, reads ? ARES_SOCKET_BAD : fd);
    if (Socket* still = find(fd, number)) wait(fd, *still);
    set_timer();
  }

  void set_timer() {
    timeval in{};
    if (!channel_ || !ares_timeout(channel_, nullptr, &in)) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(std::chrono::seconds(in.tv_sec) + std::chrono::microseconds(in.tv_usec) +
                         std::chrono::milliseconds(1));
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      auto self = weak.lock();
      if (!self || error || !self->channel_) return;
      ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      self->set_timer();
    });
  }

  asio::io_context& control_;
  asio::steady_timer timer_;
  ares_channel channel_ = nullptr;
  Stamp resolv_conf_;
  std::map<int, std::unique_ptr<Socket>> sockets_;
  std::uint64_t last_ = 0;
};

// One question, which is two for addresses, for one full name after the other. A failure ends it: the next
// name may be another machine's.
class DnsLookup::Search : public std::enable_shared_from_this<Search> {
 public:
  Search(std::shared_ptr<Channel> channel, std::vector<std::string> names, Asked asked, Done done)
      : channel_(std::move(channel)), names_(std::move(names)), asked_(asked), done_(std::move(done)) {}

  void next() {
    if (at_ == names_.size()) return finish(no_answer(why_none_));
    const std::string& name = names_[at_++];
    parts_.clear();
    std::vector<DnsType> types{DnsType::a, DnsType::aaaa};
    if (asked_ == Asked::service) types = {DnsType::srv};
    open_ = types.size();
    for (DnsType type : types)
      channel_->ask(name, type, [self = shared_from_this(), type](int status, auto message) {
        if (status != ARES_EDESTRUCTION && status != ARES_ECANCELLED) self->heard(type, status, message);
      });
  }

 private:
  struct Part {
    DnsType type;
    bool none = false;
    std::string error = {};
    DnsRecords records = {};
  };

  void heard(DnsType type, int status, std::span<const unsigned char> message) {
    Part part{type};
    if (status == ARES_ENODATA || status == ARES_ENOTFOUND) {
      part.none = true;
      part.error = status == ARES_ENOTFOUND ? "no such name" : "the name has no address";
    } else if (status != ARES_SUCCESS) {
      part.error = ares_strerror(status);
    } else if (auto records = read_dns_answer(message, type); !records) {
      part.error = records.error().detail;
    } else if (records->addresses.empty() && records->places.empty()) {
      part.none = true;
      part.error = type == DnsType::srv ? "the service is nowhere" : "the name has no address";
    } else {
      part.records = std::move(*records);
    }
    parts_.push_back(std::move(part));
    if (--open_ == 0) settle();
  }

  void settle() {
    Answer answer;
    std::uint32_t ttl = 0;
    const Part* failed = nullptr;
    std::size_t found = 0;
    // IPv4 first, whichever answer came first.
    std::ranges::sort(parts_, {}, [](const Part& p) { return p.type; });
    for (Part& p : parts_) {
      if (!p.error.empty()) {
        if (!p.none) failed = &p;
        if (why_none_.empty() || p.error == "no such name") why_none_ = p.error;
        continue;
      }
      ttl = found++ ? std::min(ttl, p.records.ttl) : p.records.ttl;
      add_new(*answer.addresses, p.records.addresses);
      answer.places = std::move(p.records.places);
    }
    if (found == 0) return failed ? finish(failed_answer(failed->error)) : next();
    if (failed) answer.unknown_family = failed->type == DnsType::a ? AF_INET : AF_INET6;
    drop_unroutable(*answer.addresses);
    answer.ttl = std::chrono::seconds(ttl);
    finish(std::move(answer));
  }

  void finish(Answer answer) {
    if (auto done = std::exchange(done_, nullptr)) done(std::move(answer));
  }

  std::shared_ptr<Channel> channel_;
  std::vector<std::string> names_;
  Asked asked_;
  Done done_;
  std::size_t at_ = 0, open_ = 0;
  std::vector<Part> parts_;
  std::string why_none_;
};

DnsLookup::DnsLookup(asio::io_context& control, DnsOptions options)
    : control_(control), options_(std::move(options)) {}

DnsLookup::~DnsLookup() {
  alive_.reset();
  for (auto& weak : channels_)
    if (auto channel = weak.lock()) channel->close();
}

void DnsLookup::use(DnsOptions options) {
  if (options == options_) return;
  options_ = std::move(options);
  channel_.reset();  // its questions go on until they are answered
}

void DnsLookup::start(const std::string& name, Asked asked, Done done) {
  // Never from inside start(), nor from inside c-ares. By a timer: what is posted from inside a handler waits
  // for that handler's end where the context has one thread, and a reload is such a handler, which runs the
  // context itself until names are resolved.
  Done later = [&control = control_, alive = std::weak_ptr(alive_), done = std::move(done)](Answer answer) {
    auto soon = std::make_shared<asio::steady_timer>(control, asio::steady_timer::duration::zero());
    soon->async_wait([soon, alive, done, answer = std::move(answer)](boost::system::error_code) {
      if (!alive.expired()) done(answer);
    });
  };
  if (!channel_ || !channel_->current()) {
    auto channel = std::make_shared<Channel>(control_);
    if (auto why = channel->open(options_); !why.empty()) return later(failed_answer(why));
    std::erase_if(channels_, [](const auto& weak) { return weak.expired(); });
    channels_.push_back(channel);
    channel_ = std::move(channel);
  }
  if (asked == Asked::addresses) {
    Answer answer{channel_->of_hosts_file(name)};
    if (answer.addresses->empty() && is_localhost(name))
      answer.addresses = std::vector{*Address::parse("127.0.0.1", 0), *Address::parse("::1", 0)};
    if (!answer.addresses->empty()) {
      drop_unroutable(*answer.addresses);
      answer.ttl = kHostsFile;
      return later(std::move(answer));
    }
  }
  std::make_shared<Search>(channel_, channel_->names(name), asked, std::move(later))->next();
}

}  // namespace sluice::net
