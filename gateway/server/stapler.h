// SPDX-License-Identifier: Apache-2.0
// Stapler: keeps the OCSP answers of the certificates in use fresh: asks at once, again when half of the
// answer's time is over, and after failures at growing distances, while the last good answer goes on being
// sent until it expires. Control thread; what it needs of the world is given to it, so that tests own time
// and responders.
#pragma once
#include <chrono>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/net/ocsp.h"

namespace sluice::server {

using Staples = std::vector<std::shared_ptr<net::Staple>>;

// The staples of all certificates that may have one, by certificate and issuer: found again by each
// configuration, as long as one that is in force has them.
class StapleTable {
 public:
  std::shared_ptr<net::Staple> of(const std::string& name, X509* certificate, X509* issuer,
                                  const net::OcspResponder& responder);

 private:
  std::map<std::string, std::weak_ptr<net::Staple>> known_;
};

class Stapler {
 public:
  using Done = std::function<void(base::Result<std::string>)>;
  struct World {
    // Both give a hold: when that is destroyed, nothing is called any more.
    std::function<std::shared_ptr<void>(const net::Staple&, Done)> ask;
    std::function<std::shared_ptr<void>(std::chrono::seconds, std::function<void()>)> later;
    std::function<std::time_t()> now;
    std::function<void(bool good)> count;  // an answer that was believed, or none
  };
  explicit Stapler(World world) : world_(std::move(world)) {}

  // These, and no others, from now on.
  void use(const Staples& staples);

  static std::chrono::seconds renewal(std::time_t expires, std::time_t now) noexcept;
  static std::chrono::seconds retry(unsigned failures) noexcept;

 private:
  struct Entry {
    std::shared_ptr<net::Staple> staple;
    unsigned failures = 0;
    std::string cause;  // of the last failure, "" after none
    std::shared_ptr<void> asking, waiting;
  };
  void ask(Entry& entry);
  void heard(Entry& entry, base::Result<std::string> body);
  void again(Entry& entry, std::chrono::seconds in);

  World world_;
  std::map<const net::Staple*, Entry> entries_;
};

}  // namespace sluice::server
