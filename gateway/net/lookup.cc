// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/lookup.h"

#include <algorithm>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

namespace sluice::net {
namespace {

using boost::asio::ip::tcp;

Addresses to_answer(const boost::system::error_code& error, const tcp::resolver::results_type& results) {
  if (error) return base::fail(base::Reason::upstream_resolve_failed, error.message());
  std::vector<Address> addresses;
  for (const auto& entry : results) {
    auto endpoint = entry.endpoint();
    auto address = Address::from(endpoint.data(), static_cast<socklen_t>(endpoint.size()));
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
      addresses.push_back(address);
  }
  if (addresses.empty()) return base::fail(base::Reason::upstream_resolve_failed, "no address");
  return addresses;
}

class SystemLookup final : public Lookup {
 public:
  explicit SystemLookup(boost::asio::io_context& control) : control_(control), resolver_(control) {}

  void start(const std::string& host, Done done) override {
    std::weak_ptr<char> alive = alive_;
    auto answer = [alive, done = std::move(done)](const boost::system::error_code& error,
                                                  const tcp::resolver::results_type& results) {
      if (!alive.expired()) done(to_answer(error, results));
    };
    try {
      resolver_.async_resolve(host, "", answer);
    } catch (const boost::system::system_error& e) {  // no thread to be had for it
      boost::asio::post(control_, [answer, error = e.code()] { answer(error, {}); });
    }
  }

 private:
  boost::asio::io_context& control_;
  tcp::resolver resolver_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace

std::unique_ptr<Lookup> system_lookup(boost::asio::io_context& control) {
  return std::make_unique<SystemLookup>(control);
}

}  // namespace sluice::net
