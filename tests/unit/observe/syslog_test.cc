// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/syslog.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "gateway/observe/log_sink.h"

#include "tests/unit/observe/temporary.h"

namespace sluice::observe::syslog_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr base::WallTime kNow{1'767'323'045'078ms};  // 2026-01-02T03:04:05.078Z

// Who listens: on a Unix socket, or on a port of UDP that the system chose.
class Receiver {
 public:
  explicit Receiver(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    bind(reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  Receiver() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver() { ::close(fd_); }

  std::uint16_t port() const { return port_; }
  std::string next() {
    std::string out(70'000, '\0');
    auto n = ::recv(fd_, out.data(), out.size(), 0);
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }

 private:
  void bind(const sockaddr* address, socklen_t size) {
    EXPECT_EQ(::bind(fd_, address, size), 0);
    timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  int fd_;
  std::uint16_t port_ = 0;
};

std::string wrong(std::string_view to) {
  auto address = Syslog::address(to);
  return address && !*address ? (*address).error().detail : "";
}

TEST(Syslog, IsNamedByItsAddress) {
  EXPECT_FALSE(Syslog::address("stdout"));
  EXPECT_FALSE(Syslog::address("/var/log/syslog"));
  EXPECT_EQ((*Syslog::address("syslog"))->text(), "unix:/dev/log");
  EXPECT_EQ((*Syslog::address("syslog:///run/log.sock"))->text(), "unix:/run/log.sock");
  EXPECT_EQ((*Syslog::address("syslog://10.0.0.5:514"))->text(), "10.0.0.5:514");
  EXPECT_EQ((*Syslog::address("syslog://[::1]:514"))->text(), "[::1]:514");
  EXPECT_THAT(wrong("syslog://10.0.0.5"), HasSubstr("has no port"));
  EXPECT_THAT(wrong("syslog://10.0.0.5:0"), HasSubstr("has no port"));
  EXPECT_NE(wrong("syslog://logs.example.com:514"), "");
  EXPECT_NE(wrong("syslog://"), "");
}

TEST(Syslog, SendsMessagesOfTheStandard) {
  TemporaryDirectory directory;
  Receiver receiver(directory / "log");
  Syslog syslog(**Syslog::address("syslog://" + (directory / "log")));

  EXPECT_EQ(syslog.send("{\"status\":200}", kNow, 0ms), Syslog::Sent::yes);

  EXPECT_THAT(receiver.next(), MatchesRegex("<134>1 2026-01-02T03:04:05\\.078Z [!-~]+ sluice [0-9]+ access - "
                                            "\\{\"status\":200\\}"));
}

TEST(Syslog, CutsWhatNoDatagramTakes) {
  Receiver receiver;
  Syslog syslog(**Syslog::address("syslog://127.0.0.1:" + std::to_string(receiver.port())));

  EXPECT_EQ(syslog.send(std::string(90'000, 'x'), kNow, 0ms), Syslog::Sent::yes);

  EXPECT_THAT(receiver.next(), testing::EndsWith(" access - " + std::string(Syslog::kLongest, 'x')));
}

TEST(Syslog, IsBusyWhileNobodyReads) {
  TemporaryDirectory directory;
  Receiver receiver(directory / "log");
  Syslog syslog(**Syslog::address("syslog://" + (directory / "log")));

  int sent = 0;
  Syslog::Sent last;
  while ((last = syslog.send("line", kNow, 0ms)) == Syslog::Sent::yes) ++sent;
  EXPECT_EQ(last, Syslog::Sent::busy);
  for (int i = 0; i < sent; ++i) receiver.next();

  EXPECT_EQ(syslog.send("line", kNow, 0ms), Syslog::Sent::yes);
}

TEST(Syslog, IsReachedAgainWhenItWasStartedAnew) {
  TemporaryDirectory directory;
  auto path = directory / "log";
  Syslog syslog(**Syslog::address("syslog://" + path));
  EXPECT_EQ(syslog.send("early", kNow, 0ms), Syslog::Sent::failed);
  EXPECT_EQ(errno, ENOENT);
  {
    Receiver first(path);
    EXPECT_EQ(syslog.send("one", kNow, 0ms), Syslog::Sent::yes);
  }
  EXPECT_EQ(syslog.send("lost", kNow, 0ms), Syslog::Sent::failed);
  EXPECT_EQ(errno, ECONNREFUSED);
  std::filesystem::remove(path);
  Receiver second(path);

  EXPECT_EQ(syslog.send("two", kNow, 0ms), Syslog::Sent::yes);
  EXPECT_THAT(second.next(), testing::EndsWith(" two"));
}

TEST(Syslog, GetsALineADatagramWhereverItLies) {
  TemporaryDirectory directory;
  Receiver receiver(directory / "log");
  LogSink sink("syslog://" + (directory / "log"));
  ASSERT_TRUE(sink.open());

  EXPECT_EQ(sink.write("one\ntwo\nthr", "ee\nfour\n", 0ms), 19u);
  EXPECT_EQ(sink.write("", "five\n", 0ms), 5u);

  for (auto end : {" one", " two", " three", " four", " five"})
    EXPECT_THAT(receiver.next(), testing::EndsWith(end));
}

TEST(Syslog, ThatIsNotThereIsToldAtTheBegin) {
  LogSink sink("syslog:///no/such/log");

  auto opened = sink.open();

  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail, "cannot reach syslog:///no/such/log: No such file or directory");
}

}  // namespace
}  // namespace sluice::observe::syslog_test
