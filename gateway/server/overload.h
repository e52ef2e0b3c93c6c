// SPDX-License-Identifier: Apache-2.0
// Overload: looks after the memory of the process, and tells the workers how short it is (net/pressure.h).
// While it is, they also give back what they can do without: connections on which nothing is asked, buffers
// kept for reuse, and at the utmost exchanges under way. Control thread. Where there is no limit of memory it
// does nothing at all.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/observe/series.h"
#include "gateway/server/listeners.h"
#include "gateway/server/memory_files.h"
#include "gateway/server/overload_config.h"
#include "gateway/server/strain_levels.h"

namespace sluice::server {

// Bytes.
struct MemoryReading {
  std::uint64_t resident = 0;
  std::uint64_t sockets =
      0;  // of the system, for the cgroup; told only where its limit is the one that counts
};

class Overload {
 public:
  // Between two looks: where less than half of the limit is used, and otherwise.
  static constexpr auto kPeriod = std::chrono::milliseconds(250),
                        kShortPeriod = std::chrono::milliseconds(50);

  // All must outlive it.
  Overload(boost::asio::io_context& control, Workers& workers);
  Overload(const Overload&) = delete;

  // In place of what the system says.
  void read_by(std::function<MemoryReading()> read) { read_ = std::move(read); }
  // Of the configuration in force.
  void use(const OverloadConfig& config);
  // Adds its metrics for as long as the registrations live, which must not be longer than it does.
  std::vector<observe::ScrapeRegistration> at_scrape(observe::SeriesStore& store);

 private:
  MemoryReading system_reading() const;
  std::uint64_t limit_of(const MemoryLimit& limit) const;
  void wait();
  void look();
  void tell(net::Strain before, std::uint64_t used);
  void relieve(net::Strain before);

  Workers& workers_;
  boost::asio::steady_timer timer_;
  MemoryFiles files_;
  std::function<MemoryReading()> read_;
  MemoryLimit setting_{MemoryLimit::Kind::off, {}};
  std::uint64_t limit_ = 0;  // 0: none
  std::uint64_t used_ = 0;   // when it was last looked
  MemoryLevels levels_;
  unsigned looks_ = 0;
};

}  // namespace sluice::server
