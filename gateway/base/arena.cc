// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/arena.h"

#include <algorithm>

namespace sluice::base {

Arena::~Arena() {
  while (block_) ::operator delete(std::exchange(block_, block_->previous));
}

void* Arena::allocate_slow(std::size_t size, std::size_t align) {
  // Each block is as large as all before it together, so that a big exchange costs few calls of the
  // allocator.
  std::size_t want = std::max(kFirstBlock, held_);
  std::size_t room = std::max(want, size + align);
  auto* b = static_cast<Block*>(::operator new(sizeof(Block) + room));
  b->previous = block_;
  b->size = room;
  block_ = b;
  held_ += sizeof(Block) + room;
  std::size_t at = (reinterpret_cast<std::size_t>(b->bytes()) + align - 1) / align * align -
                   reinterpret_cast<std::size_t>(b->bytes());
  used_ = at + size;
  return b->bytes() + at;
}

void Arena::reset() noexcept {
  while (block_ && (block_->previous || !kKeepsFirstBlock)) {
    held_ -= sizeof(Block) + block_->size;
    ::operator delete(std::exchange(block_, block_->previous));
  }
  used_ = 0;
}

}  // namespace sluice::base
