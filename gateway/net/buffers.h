// SPDX-License-Identifier: Apache-2.0
// BufferPool: read buffers and pipes of one worker. Taken when a socket has something to say, given back when
// it is idle, so an idle connection owns none. Single-threaded but for held().
#pragma once
#include <atomic>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace sluice::net {

class BufferPool;

// One owned block of memory; empty after a move.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& o) noexcept
      : pool_(o.pool_), bytes_(std::exchange(o.bytes_, nullptr)), size_(std::exchange(o.size_, 0)) {}
  Buffer& operator=(Buffer&& o) noexcept {
    if (this != &o) {
      release();
      pool_ = o.pool_;
      bytes_ = std::exchange(o.bytes_, nullptr);
      size_ = std::exchange(o.size_, 0);
    }
    return *this;
  }
  ~Buffer() { release(); }

  char* data() const noexcept { return bytes_; }
  std::size_t size() const noexcept { return size_; }
  explicit operator bool() const noexcept { return bytes_ != nullptr; }
  void release() noexcept;

 private:
  friend class BufferPool;
  Buffer(BufferPool* pool, char* bytes, std::size_t size) : pool_(pool), bytes_(bytes), size_(size) {}
  BufferPool* pool_ = nullptr;
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

// A kernel pipe for splice(2); empty when it is in the pool.
struct Pipe {
  int read_end = -1;
  int write_end = -1;
  std::size_t capacity = 0;  // bytes
};

class BufferPool {
 public:
  static constexpr std::size_t kHead = 16 * 1024;   // heads and small bodies
  static constexpr std::size_t kBody = 128 * 1024;  // bodies that prove large

  BufferPool() = default;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();

  Buffer head() { return take(heads_, kHead); }
  Buffer body() { return take(bodies_, kBody); }
  // A pipe, or one with read_end -1 when the system has none to give.
  Pipe pipe() noexcept;
  // Gives an empty pipe back; one that still holds bytes must be closed instead.
  void give_back(Pipe pipe) noexcept;
  static void close(Pipe& pipe) noexcept;

  // Large buffers are not worth their memory now: whoever can do with a small one takes that.
  void be_frugal(bool frugal) noexcept { frugal_ = frugal; }
  bool frugal() const noexcept { return frugal_; }
  // Gives what is kept for reuse back to the system.
  void trim() noexcept;

  // Bytes in use and kept for reuse. Any thread.
  std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

 private:
  friend class Buffer;
  // Kept for reuse at most; the rest goes back to the system.
  static constexpr std::size_t kKeepHeads = 256, kKeepBodies = 32, kKeepPipes = 64;

  // Free blocks, linked through their first bytes.
  struct Block {
    Block* next;
  };
  struct FreeList {
    Block* first = nullptr;
    std::size_t count = 0;
  };

  Buffer take(FreeList& list, std::size_t size) {
    Block* block = list.first;
    if (!block) [[unlikely]]
      return make(size);
    list.first = block->next;
    --list.count;
    return {this, reinterpret_cast<char*>(block), size};
  }
  Buffer make(std::size_t size);
  void put(char* bytes, std::size_t size) noexcept {
    FreeList& list = size == kHead ? heads_ : bodies_;
    if (list.count >= (size == kHead ? kKeepHeads : kKeepBodies)) [[unlikely]]
      return drop(bytes, size);
    list.first = new (bytes) Block{list.first};
    ++list.count;
  }
  void drop(char* bytes, std::size_t size) noexcept;
  static void clear(FreeList& list) noexcept;
  // One thread writes.
  void hold(std::size_t bytes) noexcept { held_.store(held() + bytes, std::memory_order_relaxed); }

  FreeList heads_, bodies_;
  std::vector<Pipe> pipes_;
  std::atomic<std::size_t> held_{0};
  bool frugal_ = false;
};

// A pipe of the pool for a while; one that still holds bytes is not given back.
struct PipeLease {
  explicit PipeLease(BufferPool& p) noexcept : pool(p), pipe(p.pipe()) {}
  PipeLease(const PipeLease&) = delete;
  ~PipeLease() {
    if (pipe.read_end < 0) return;
    if (held) {
      BufferPool::close(pipe);
    } else {
      pool.give_back(pipe);
    }
  }
  explicit operator bool() const noexcept { return pipe.read_end >= 0; }

  BufferPool& pool;
  Pipe pipe;
  std::size_t held = 0;  // bytes in the pipe
};

inline void Buffer::release() noexcept {
  if (bytes_) pool_->put(std::exchange(bytes_, nullptr), std::exchange(size_, 0));
}

}  // namespace sluice::net
