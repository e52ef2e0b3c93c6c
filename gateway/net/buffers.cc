// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/buffers.h"

#include <fcntl.h>
#include <unistd.h>

#include <new>

namespace sluice::net {

BufferPool::~BufferPool() {
  clear(heads_);
  clear(bodies_);
  for (Pipe& p : pipes_) close(p);
}

Buffer BufferPool::make(std::size_t size) {
  hold(size);
  return {this, static_cast<char*>(::operator new(size)), size};
}

void BufferPool::drop(char* bytes, std::size_t size) noexcept {
  hold(-size);
  ::operator delete(bytes);
}

void BufferPool::clear(FreeList& list) noexcept {
  while (Block* block = list.first) {
    list.first = block->next;
    ::operator delete(block);
  }
  list.count = 0;
}

void BufferPool::trim() noexcept {
  hold(-kHead * heads_.count - kBody * bodies_.count);
  clear(heads_);
  clear(bodies_);
  for (Pipe& p : pipes_) close(p);
  pipes_.clear();
}

Pipe BufferPool::pipe() noexcept {
  if (!pipes_.empty()) {
    Pipe p = pipes_.back();
    pipes_.pop_back();
    return p;
  }
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
  // More room means fewer calls per body; an unprivileged process gets up to /proc/sys/fs/pipe-max-size.
  int size = ::fcntl(ends[1], F_SETPIPE_SZ, 256 * 1024);
  if (size < 0) size = ::fcntl(ends[1], F_GETPIPE_SZ);
  return {ends[0], ends[1], size > 0 ? static_cast<std::size_t>(size) : 65536};
}

void BufferPool::give_back(Pipe pipe) noexcept {
  if (pipe.read_end < 0 || pipes_.size() >= kKeepPipes) {
    close(pipe);
    return;
  }
  pipes_.push_back(pipe);
}

void BufferPool::close(Pipe& pipe) noexcept {
  if (pipe.read_end >= 0) ::close(pipe.read_end);
  if (pipe.write_end >= 0) ::close(pipe.write_end);
  pipe = {};
}

}  // namespace sluice::net
