// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/queue.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace sluice::http::h2 {

Queue::~Queue() { clear(); }

Queue::Block* Queue::add_block() {
  net::Buffer memory = pool_->head();
  auto* block = new (memory.data()) Block;
  block->memory = std::move(memory);
  block->begin = block->end = sizeof(Block);
  blocks_.push_back(*block);
  return block;
}

void Queue::drop_front() noexcept {
  Block* block = blocks_.pop_front();
  net::Buffer memory = std::move(block->memory);
  block->~Block();
}

void Queue::append(std::span<const char> bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    Block* block = blocks_.back();
    if (!block || block->end == block->memory.size()) block = add_block();
    std::size_t n = std::min(bytes.size(), block->memory.size() - block->end);
    std::memcpy(block->memory.data() + block->end, bytes.data(), n);
    block->end += n;
    bytes = bytes.subspan(n);
  }
}

std::span<const char> Queue::take(std::size_t at_most) noexcept {
  Block* block = blocks_.front();
  while (block && block->begin == block->end) {  // what was taken before is not looked at any more
    drop_front();
    block = blocks_.front();
  }
  if (!block) return {};
  std::span<const char> out{block->memory.data() + block->begin,
                            std::min(at_most, block->end - block->begin)};
  block->begin += out.size();
  size_ -= out.size();
  return out;
}

void Queue::clear() noexcept {
  while (!blocks_.empty()) drop_front();
  size_ = 0;
}

}  // namespace sluice::http::h2
