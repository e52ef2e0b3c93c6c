// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/admin_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "gateway/base/strings.h"
#include "gateway/json/path.h"
#include "gateway/json/text.h"
#include "gateway/net/address.h"

namespace sluice::cli {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

// Where the admin server is: "http://127.0.0.1:9901" or "unix:/run/sluice/admin.sock".
struct Place {
  std::string path;  // of a Unix socket
  std::string host, port;
};

bool read_place(std::string_view text, Place& out) {
  if (text.starts_with(net::kUnixScheme)) {
    out.path = text.substr(net::kUnixScheme.size());
    return !out.path.empty() && out.path.size() < sizeof(sockaddr_un::sun_path);
  }
  if (text.starts_with("http://")) text.remove_prefix(7);
  while (text.ends_with('/')) text.remove_suffix(1);
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find('/') != std::string_view::npos) return false;
  out.host = text.substr(0, colon);
  out.port = text.substr(colon + 1);
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  return !out.host.empty() && base::parse_decimal(out.port).value_or(65536) < 65536;
}

std::string token(const AdminAsked& asked) {
  if (asked.token_file.empty()) {
    const char* set = std::getenv("SLUICE_ADMIN_TOKEN");
    return set ? set : "";
  }
  std::ifstream file(asked.token_file);
  if (!file) throw std::runtime_error("cannot read " + asked.token_file);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

using Answer = beast_http::response<beast_http::string_body>;

// One request with an end to its patience; throws what the system said.
class Question {
 public:
  Answer ask(const Place& place, const std::string& target, const std::string& secret) {
    request_.method(beast_http::verb::get);
    request_.target({target.data(), target.size()});
    request_.version(11);
    request_.set(beast_http::field::host, place.path.empty() ? place.host : "localhost");
    if (!secret.empty()) request_.set(beast_http::field::authorization, "Bearer " + secret);
    request_.keep_alive(false);
    parser_.body_limit(boost::none);  // the targets of a large fleet are many
    stream_.expires_after(std::chrono::seconds(10));
    if (place.path.empty()) {
      asio::ip::tcp::resolver resolver(control_);
      auto found = resolver.resolve(place.host, place.port);
      stream_.async_connect(found.begin()->endpoint(), [this](auto error) { connected(error); });
    } else {
      asio::local::stream_protocol::endpoint at(place.path);
      stream_.async_connect(at, [this](auto error) { connected(error); });
    }
    control_.run();
    if (error_) throw boost::system::system_error(error_);
    return parser_.release();
  }

 private:
  void connected(boost::system::error_code error) {
    if ((error_ = error)) return;
    beast_http::async_write(stream_, request_, [this](boost::system::error_code failed, std::size_t) {
      if ((error_ = failed)) return;
      beast_http::async_read(stream_, buffer_, parser_,
                             [this](boost::system::error_code e, std::size_t) { error_ = e; });
    });
  }

  asio::io_context control_;
  boost::beast::basic_stream<asio::generic::stream_protocol> stream_{control_};
  boost::beast::flat_buffer buffer_{4 * 1024 * 1024};
  beast_http::request<beast_http::empty_body> request_;
  beast_http::response_parser<beast_http::string_body> parser_;
  boost::system::error_code error_;
};

// What is wrong, for people; the whole body where it cannot be told from it.
std::string fault_of(const Answer& answer) {
  std::string text = answer.body();
  const std::size_t size = text.size();
  text.append(json::kPadding, '\0');
  const json::PathStep detail{json::PathStep::Kind::name, "detail"};
  std::string_view found;
  if (json::check({text.data(), size}, {&detail, 1}, found) || !found.data()) return answer.body();
  base::Arena arena;
  std::string said(json::plain(found, arena));
  std::erase_if(said, [](unsigned char c) { return c < ' ' || c == 0x7F; });  // what could steer a terminal
  return "sluice: " + said + "\n";
}

int silent(const AdminAsked& asked, const std::string& why) {
  std::fprintf(stderr, "sluice: the admin server at %s does not answer: %s\n", asked.admin.c_str(),
               why.c_str());
  return 2;
}

}  // namespace

void add_admin_options(CLI::App& verb, AdminAsked& asked) {
  verb.add_option("--admin", asked.admin, "The gateway's admin server")
      ->envname("SLUICE_ADMIN")
      ->type_name("ADDRESS")
      ->capture_default_str();
  verb.add_option("--token-file", asked.token_file, "A file with the admin server's token")
      ->type_name("FILE");
  verb.add_flag("--json", asked.json, "Print JSON");
}

int print_admin_answer(const AdminAsked& asked, const std::string& target) {
  Place place;
  if (!read_place(asked.admin, place)) {
    std::fprintf(stderr,
                 "sluice: --admin is an address such as http://127.0.0.1:9901 or "
                 "unix:/run/sluice/admin.sock, not %s\n",
                 asked.admin.c_str());
    return 2;
  }
  Answer answer;
  try {
    answer = Question().ask(place, target, token(asked));
  } catch (const boost::system::system_error& e) {  // its what() names lines of the library, too
    return silent(asked, e.code().message());
  } catch (const std::exception& e) {
    return silent(asked, e.what());
  }
  if (answer.result_int() == 200) {
    std::fputs(answer.body().c_str(), stdout);
    return 0;
  }
  std::fputs(asked.json ? answer.body().c_str() : fault_of(answer).c_str(), stderr);
  return 1;
}

}  // namespace sluice::cli
