// SPDX-License-Identifier: Apache-2.0
// An ordinary request allocates nothing from the heap once its connections are warm. Left out where a
// sanitizer has an allocator of its own.
#if !defined(SLUICE_ASAN) && !defined(SLUICE_TSAN)
#include <gmock/gmock.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string_view>

#include "tests/support/gateway.h"

namespace {

std::atomic<bool> g_counting = false;
std::atomic<int> g_counted = 0;  // allocations of workers

bool on_worker() noexcept {
  char name[16] = {};
  return ::pthread_getname_np(::pthread_self(), name, sizeof name) == 0 &&
         std::string_view(name).starts_with("worker-");
}

}  // namespace

void* operator new(std::size_t size) {
  if (g_counting.load(std::memory_order_relaxed) && on_worker()) ++g_counted;
  if (void* p = std::malloc(size)) return p;
  std::abort();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }

namespace sluice::test::allocation_test {
namespace {

// Of ten requests, after so many others on the same connections.
int allocations(int others) {
  Gateway gw(R"(
workers: 1
upstreams: {users: {url: "<users>"}}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  gw.upstream("users").answers(200, std::string(1024, 'x'),
                               {{"Server", "test"}, {"Content-Type", "application/json"}});
  auto client = gw.connect();
  auto ask = [&] {
    client.send(get("/orders/17?page=2"));
    EXPECT_EQ(client.response().status, 200);
  };
  for (int i = 0; i < others; ++i) ask();
  g_counted = 0;
  g_counting = true;
  for (int i = 0; i < 10; ++i) ask();
  g_counting = false;
  return g_counted;
}

TEST(Allocation, IsNotNeededByARequestWithoutABody) { EXPECT_EQ(allocations(10), 0); }

// The first request makes a pool and a connection.
TEST(Allocation, IsSeenWhereThereIsOne) { EXPECT_GT(allocations(0), 0); }

}  // namespace
}  // namespace sluice::test::allocation_test
#endif
