// SPDX-License-Identifier: Apache-2.0
// Queue: body bytes of one HTTP/2 stream that have arrived and were not pulled yet, in buffers of the
// worker's pool. How much it holds is bounded by the flow control window that the peer was given. One worker.
#pragma once
#include <span>

#include "gateway/base/list.h"
#include "gateway/net/buffers.h"

namespace sluice::http::h2 {

class Queue {
 public:
  explicit Queue(net::BufferPool& pool) noexcept : pool_(&pool) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue();

  void append(std::span<const char> bytes);
  // The next bytes, at most that many, none if it is empty. Valid until the next call of take() or clear().
  std::span<const char> take(std::size_t at_most) noexcept;
  void clear() noexcept;
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

 private:
  // Lies at the front of its own buffer.
  struct Block : base::ListNode {
    net::Buffer memory;
    std::size_t begin = 0, end = 0;  // of the bytes, from the block's own address
  };
  Block* add_block();
  void drop_front() noexcept;

  net::BufferPool* pool_;
  base::List<Block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace sluice::http::h2
