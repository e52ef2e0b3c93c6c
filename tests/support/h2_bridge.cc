// SPDX-License-Identifier: Apache-2.0
#include "tests/support/h2_bridge.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <string>

#include "tests/support/h2_frames.h"
#include "tests/support/h2_inflater.h"

namespace sluice::test {
namespace {

constexpr std::size_t kLargestFrame = 16384;

std::uint32_t number(std::string_view bytes) {
  std::uint32_t n = 0;
  for (char c : bytes) n = n << 8 | static_cast<unsigned char>(c);
  return n;
}

// One connection of HTTP/1.1 to the upstream: two sockets of one descriptor, as two threads use it.
struct Lane {
  Lane() = default;
  Lane(std::uint16_t port, const Bell& bell) {
    Socket made = Socket::connect(port);
    if (!made.open()) return;
    reading = Socket(::dup(made.fd()), &bell);
    writing = Socket(::dup(made.fd()), &bell);
  }
  void cut() noexcept { ::shutdown(reading.fd(), SHUT_RDWR); }
  // Of one that was cut: an upstream that has filled it would not hear of that before there is room.
  void drain() {
    while (fill()) left.clear();
  }
  bool fill() { return reading.receive(left); }
  bool line(std::string& to) {
    std::size_t end;
    while ((end = left.find("\r\n")) == left.npos)
      if (!fill()) return false;
    to = left.substr(0, end);
    left.erase(0, end + 2);
    return true;
  }
  // Lines of fields, up to and with the empty one.
  bool fields(std::vector<Line>& to) {
    for (std::string text; line(text);) {
      if (text.empty()) return true;
      auto colon = text.find(':');
      if (colon == text.npos) return false;
      auto value = text.substr(colon + 1);
      value.erase(0, value.find_first_not_of(' '));
      for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
      to.push_back({text.substr(0, colon), value});
    }
    return false;
  }
  // Has the upstream neither closed it nor said something unasked?
  bool usable() const noexcept {
    pollfd entry{reading.fd(), POLLIN, 0};
    return left.empty() && ::poll(&entry, 1, 0) == 0;
  }
  Socket reading, writing;
  std::string left;  // received, not taken yet
};

struct Stream {
  std::uint32_t id = 0;
  std::string head, method;
  bool chunked = false;
  std::unique_ptr<Lane> lane;
  std::thread asking, answering;
  // --- Under the mutex of the connection.
  std::int64_t window = 0;
  std::deque<std::string> pieces;  // of the request's body
  std::vector<Line> trailers;
  bool asked = false;  // it has ended
  bool sent = false;   // and was passed on
  bool gone = false;   // reset
  bool ended = false;  // the answer was passed on, to its last frame; the lane is not free yet
};

// The gateway's connection.
class Side {
 public:
  Side(Socket socket, std::uint16_t to, const Bell& bell)
      : to_(to), bell_(&bell), writing_(::dup(socket.fd()), &bell), reading_(std::move(socket)) {}

  void run() {
    if (take(h2::kPreface.size()) == h2::kPreface && write(h2::settings())) {
      while (step()) {
      }
    }
    {
      std::lock_guard lock(mutex_);
      over_ = true;
      for (auto& [id, stream] : streams_) stream->lane->cut();
      changed_.notify_all();
    }
    for (auto& [id, stream] : streams_) {
      if (stream->asking.joinable()) stream->asking.join();
      if (stream->answering.joinable()) stream->answering.join();
    }
  }

 private:
  std::string take(std::size_t n) {
    while (buffer_.size() < n && reading_.receive(buffer_)) {
    }
    std::string out = buffer_.substr(0, n);
    buffer_.erase(0, out.size());
    return out;
  }

  bool write(std::string_view bytes) {
    std::lock_guard lock(writing_mutex_);
    return writing_.send(bytes);
  }

  // Ends the connection.
  void cut() noexcept { ::shutdown(reading_.fd(), SHUT_RDWR); }

  bool step() {
    std::string head = take(9);
    if (head.size() < 9) return false;
    auto type = static_cast<std::uint8_t>(head[3]), flags = static_cast<std::uint8_t>(head[4]);
    std::uint32_t id = number(std::string_view(head).substr(5)) & 0x7FFFFFFF;
    std::size_t length = number(std::string_view(head).substr(0, 3));
    std::string payload = take(length);
    if (payload.size() < length) return false;
    on_frame(type, flags, id, payload);
    return true;
  }

  void on_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t id, std::string& payload) {
    switch (type) {
      case h2::kSettings:
        return on_settings(flags, payload);
      case h2::kPing:
        if (!(flags & h2::kAck)) write(h2::ping(payload, true));
        return;
      case h2::kHeaders:
        if (flags & h2::kPriorityFlag) payload.erase(0, 5);
        block_ends_stream_ = flags & h2::kEndStream;
        block_.clear();
        [[fallthrough]];
      case h2::kContinuation:
        block_ += payload;
        if (flags & h2::kEndHeaders) on_block(id, inflater_.fields(block_));
        return;
      case h2::kData:
        return on_data(id, std::move(payload), flags & h2::kEndStream);
      case h2::kReset:
        return on_reset(id);
      case h2::kWindowUpdate: {
        std::lock_guard lock(mutex_);
        (id ? of(id).window : window_) += number(payload);
        changed_.notify_all();
        return;
      }
      default:
        return;
    }
  }

  void on_settings(std::uint8_t flags, std::string_view payload) {
    if (flags & h2::kAck) return;
    constexpr std::uint32_t kInitialWindow = 4;
    for (std::lock_guard lock(mutex_); payload.size() >= 6; payload.remove_prefix(6)) {
      if (number(payload.substr(0, 2)) != kInitialWindow) continue;
      std::int64_t said = number(payload.substr(2, 4));
      for (auto& [id, stream] : streams_) stream->window += said - initial_window_;
      initial_window_ = said;
      changed_.notify_all();
    }
    write(h2::settings({}, true));
  }

  // Under the mutex; a stream that nobody knows is a new one that nobody sees.
  Stream& of(std::uint32_t id) {
    static thread_local Stream none;
    auto found = streams_.find(id);
    return found == streams_.end() ? none : *found->second;
  }

  void on_block(std::uint32_t id, std::vector<Line> fields) {
    {
      std::lock_guard lock(mutex_);
      auto found = streams_.find(id);
      if (found != streams_.end()) {
        found->second->trailers = std::move(fields);
        found->second->asked = true;
        changed_.notify_all();
        return;
      }
    }
    begin(id, fields);
  }

  void begin(std::uint32_t id, const std::vector<Line>& fields) {
    auto stream = std::make_unique<Stream>();
    stream->id = id;
    stream->asked = block_ends_stream_;
    write_head(*stream, fields);
    std::unique_lock lock(mutex_);
    stream->window = initial_window_;
    stream->lane = lane(lock);
    if (!stream->lane) return cut();
    auto& made = *streams_.emplace(id, std::move(stream)).first->second;
    made.asking = std::thread([this, &made] { ask(made); });
    made.answering = std::thread([this, &made] { answer(made); });
  }

  static void write_head(Stream& stream, const std::vector<Line>& fields) {
    std::string target, host, rest;
    bool framed = stream.asked;
    for (const Line& line : fields) {
      if (line.name == ":method") {
        stream.method = line.value;
      } else if (line.name == ":path") {
        target = line.value;
      } else if (line.name == ":authority") {
        host = line.value;
      } else if (!line.name.starts_with(':')) {
        framed = framed || line.name == "content-length";
        rest += line.name + ": " + line.value + "\r\n";
      }
    }
    stream.chunked = !framed;
    stream.head = stream.method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + rest +
                  (framed ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
  }

  // Null if nobody listens. Whoever has the whole of an answer may ask again at once, and finds the lane of
  // that answer.
  std::unique_ptr<Lane> lane(std::unique_lock<std::mutex>& lock) {
    changed_.wait_for(lock, std::chrono::seconds(5), [&] {
      return std::ranges::none_of(streams_, [](const auto& s) { return s.second->ended && s.second->asked; });
    });
    while (!idle_.empty()) {
      auto kept = std::move(idle_.back());
      idle_.pop_back();
      if (kept->usable()) return kept;
    }
    auto made = std::make_unique<Lane>(to_, *bell_);
    return made->reading.open() ? std::move(made) : nullptr;
  }

  // Other streams are not to wait for one whose target does not read: the connection's window opens at once.
  void on_data(std::uint32_t id, std::string bytes, bool end) {
    if (!bytes.empty()) write(h2::window_update(0, static_cast<std::uint32_t>(bytes.size())));
    std::lock_guard lock(mutex_);
    Stream& stream = of(id);
    if (!bytes.empty()) stream.pieces.push_back(std::move(bytes));
    stream.asked = stream.asked || end;
    changed_.notify_all();
  }

  void on_reset(std::uint32_t id) {
    std::lock_guard lock(mutex_);
    Stream& stream = of(id);
    stream.gone = true;
    if (stream.lane) stream.lane->cut();
    changed_.notify_all();
  }

  // --- A thread for what a stream asks.
  void ask(Stream& stream) {
    Socket& to = stream.lane->writing;
    if (!to.send(stream.head)) return;
    for (;;) {
      std::string piece;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return over_ || stream.gone || stream.asked || !stream.pieces.empty(); });
        if (over_ || stream.gone) return;
        if (stream.pieces.empty()) break;
        piece = std::move(stream.pieces.front());
        stream.pieces.pop_front();
      }
      std::string framed = stream.chunked ? hex(piece.size()) + "\r\n" + piece + "\r\n" : piece;
      if (!to.send(framed)) return;
      write(h2::window_update(stream.id, static_cast<std::uint32_t>(piece.size())));
    }
    std::string last;
    if (stream.chunked) {
      last = "0\r\n";
      for (const Line& line : stream.trailers) last += line.name + ": " + line.value + "\r\n";
      last += "\r\n";
    }
    to.send(last);
    std::lock_guard lock(mutex_);
    stream.sent = true;
    changed_.notify_all();
  }

  static std::string hex(std::size_t n) {
    char out[20];
    return {out, std::to_chars(out, out + sizeof out, n, 16).ptr};
  }

  // --- A thread for what it is answered.
  void answer(Stream& stream) {
    bool begun = false, keep = false;
    bool whole = relay(stream, begun, keep);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return over_ || stream.gone || !whole || !stream.asked || stream.sent; });
    stream.ended = false;
    changed_.notify_all();
    if (over_ || stream.gone) {
      lock.unlock();
      return stream.lane->drain();
    }
    if (whole && keep && stream.sent) {
      idle_.push_back(std::move(stream.lane));
      stream.lane = std::make_unique<Lane>();
      return;
    }
    stream.lane->cut();
    bool early = whole && !stream.sent;
    lock.unlock();
    if (early) write(h2::reset(stream.id, h2::kNoError));
    if (whole) return;
    if (begun) {
      write(h2::reset(stream.id, h2::kInternalError));
    } else {
      cut();
    }
  }

  struct Framing {
    enum class Kind { none, length, chunks, close } kind = Kind::close;
    std::size_t length = 0;
  };

  // False if it ends early or makes no sense.
  bool relay(Stream& stream, bool& begun, bool& keep) {
    for (;;) {
      std::string start;
      std::vector<Line> fields;
      if (!stream.lane->line(start) || !stream.lane->fields(fields)) return false;
      auto space = start.find(' ');
      std::string status = space == start.npos ? "" : start.substr(space + 1, 3);
      if (!start.starts_with("HTTP/1.") || status.size() != 3 || status == "101") return false;
      bool interim = status[0] == '1';
      keep = start.starts_with("HTTP/1.1");
      auto framing = take_framing(stream, status, fields, keep);
      fields.insert(fields.begin(), {":status", status});
      bool end = !interim && (framing.kind == Framing::Kind::none ||
                              (framing.kind == Framing::Kind::length && framing.length == 0));
      if (end) will_end(stream);
      write(h2::headers(stream.id, fields, end));
      if (interim) continue;
      begun = true;
      return end || relay_body(stream, framing, keep);
    }
  }

  // Takes out what belongs to HTTP/1.1 alone.
  static Framing take_framing(const Stream& stream, const std::string& status, std::vector<Line>& fields,
                              bool& keep) {
    Framing out;
    for (const Line& line : fields) {
      if (line.name == "connection" && line.value == "close") keep = false;
      if (line.name == "transfer-encoding") out.kind = Framing::Kind::chunks;
      if (line.name != "content-length") continue;
      out = {Framing::Kind::length, 0};
      std::from_chars(line.value.data(), line.value.data() + line.value.size(), out.length);
    }
    std::erase_if(fields, [](const Line& line) {
      return line.name == "connection" || line.name == "transfer-encoding" || line.name == "keep-alive";
    });
    if (stream.method == "HEAD" || status == "204" || status == "304") out.kind = Framing::Kind::none;
    return out;
  }

  bool relay_body(Stream& stream, const Framing& framing, bool& keep) {
    Lane& lane = *stream.lane;
    if (framing.kind == Framing::Kind::length) return relay_bytes(stream, framing.length, true);
    if (framing.kind == Framing::Kind::close) {
      keep = false;
      while (lane.fill())
        if (!relay_bytes(stream, lane.left.size(), false)) return false;
      return lane.reading.end() == End::closed && send_data(stream, {}, true);
    }
    for (std::string text; lane.line(text);) {
      std::size_t size = 0;
      if (std::from_chars(text.data(), text.data() + text.size(), size, 16).ec != std::errc()) return false;
      if (size == 0) break;
      if (!relay_bytes(stream, size, false) || !lane.line(text) || !text.empty()) return false;
    }
    std::vector<Line> trailers;
    if (!lane.fields(trailers)) return false;
    if (trailers.empty()) return send_data(stream, {}, true);
    will_end(stream);
    return write(h2::headers(stream.id, trailers, true));
  }

  void will_end(Stream& stream) {
    std::lock_guard lock(mutex_);
    stream.ended = true;
  }

  bool relay_bytes(Stream& stream, std::size_t size, bool last) {
    Lane& lane = *stream.lane;
    while (size > 0) {
      if (lane.left.empty() && !lane.fill()) return false;
      std::string piece = lane.left.substr(0, size);
      lane.left.erase(0, piece.size());
      size -= piece.size();
      if (!send_data(stream, piece, last && size == 0)) return false;
    }
    return true;
  }

  // As the gateway's windows open.
  bool send_data(Stream& stream, std::string_view bytes, bool last) {
    do {
      std::size_t n = std::min(bytes.size(), kLargestFrame);
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] {
          return over_ || stream.gone || bytes.empty() || (stream.window > 0 && window_ > 0);
        });
        if (over_ || stream.gone) return false;
        if (n > 0) n = std::min(n, static_cast<std::size_t>(std::min(stream.window, window_)));
        stream.window -= static_cast<std::int64_t>(n);
        window_ -= static_cast<std::int64_t>(n);
        stream.ended = last && n == bytes.size();
      }
      if (!write(h2::data(stream.id, bytes.substr(0, n), last && n == bytes.size()))) return false;
      bytes.remove_prefix(n);
    } while (!bytes.empty());
    return true;
  }

  std::uint16_t to_;
  const Bell* bell_;
  Socket writing_, reading_;
  std::string buffer_, block_;
  bool block_ends_stream_ = false;
  H2Inflater inflater_;
  std::mutex writing_mutex_, mutex_;
  std::condition_variable changed_;
  std::map<std::uint32_t, std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Lane>> idle_;
  std::int64_t window_ = 65535, initial_window_ = 65535;
  bool over_ = false;
};

}  // namespace

H2Bridge::H2Bridge(std::uint16_t to) : to_(to), acceptor_([this] { accept_all(); }) {}

H2Bridge::~H2Bridge() {
  stop_.ring();
  stop_listening();
  for (auto& thread : threads_) thread.join();
}

void H2Bridge::stop_listening() {
  if (!acceptor_.joinable()) return;
  stop_accepting_.ring();
  acceptor_.join();
  listener_.close();
}

void H2Bridge::accept_all() {
  for (;;) {
    Socket socket = listener_.accept(&stop_);
    if (!socket.open()) return;
    threads_.emplace_back([this, s = std::move(socket)]() mutable { Side(std::move(s), to_, stop_).run(); });
  }
}

}  // namespace sluice::test
