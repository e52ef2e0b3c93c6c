// SPDX-License-Identifier: Apache-2.0
// Thompson's construction: a recursive descent over the syntax that RE2 takes, which makes a tree, and from
// its end to its start the states, each knowing the one that follows.
#include "gateway/routing/regex_states.h"

#include <algorithm>
#include <memory>

#include "gateway/base/hex.h"
#include "gateway/base/strings.h"

namespace sluice::routing {
namespace {

constexpr std::size_t kMaxStates = 4000;
constexpr int kNoMaximum = -1;

ByteSet range(unsigned from, unsigned to) {
  ByteSet out;
  for (unsigned c = from; c <= to && c < out.size(); ++c) out.set(c);
  return out;
}

// Bytes that a normal path may have.
ByteSet path_bytes() {
  ByteSet out = range('!', '~');
  for (char c : std::string_view("\\#?")) out.reset(static_cast<unsigned char>(c));
  return out;
}

struct RegexNode {
  enum class Kind : std::uint8_t { empty, bytes, sequence, choice, repeat } kind = Kind::empty;
  ByteSet bytes;
  std::vector<std::unique_ptr<RegexNode>> parts;  // one of a repeat
  int least = 0, most = kNoMaximum;
};
using NodePtr = std::unique_ptr<RegexNode>;

NodePtr make(RegexNode::Kind kind) {
  auto out = std::make_unique<RegexNode>();
  out->kind = kind;
  return out;
}

struct NamedClass {
  std::string_view name;
  std::string_view ranges;  // pairs of bounds
};
constexpr NamedClass kNamedClasses[] = {
    {"alnum", "09AZaz"}, {"alpha", "AZaz"}, {"ascii", "!~"},      {"blank", ""},        {"cntrl", ""},
    {"digit", "09"},     {"graph", "!~"},   {"lower", "az"},      {"print", "!~"},      {"punct", "!/:@[`{~"},
    {"space", ""},       {"upper", "AZ"},   {"word", "09AZaz__"}, {"xdigit", "09AFaf"},
};

ByteSet of_ranges(std::string_view pairs) {
  ByteSet out;
  for (; pairs.size() >= 2; pairs.remove_prefix(2))
    out |= range(static_cast<unsigned char>(pairs[0]), static_cast<unsigned char>(pairs[1]));
  return out;
}

// Thrown away as a whole at the first thing that it does not know: `failed`.
class RegexParser {
 public:
  explicit RegexParser(std::string_view text) : rest_(text) {}

  NodePtr parse() {
    NodePtr all = choice();
    if (!rest_.empty()) failed_ = true;
    return failed_ ? nullptr : std::move(all);
  }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  NodePtr choice() {
    NodePtr out = make(RegexNode::Kind::choice);
    do {
      out->parts.push_back(sequence());
    } while (!failed_ && take("|"));
    return out;
  }

  NodePtr sequence() {
    NodePtr out = make(RegexNode::Kind::sequence);
    // At the ends of what is anchored at both ends these say nothing.
    while (depth_ == 0 && (take("^") || take("\\A"))) continue;
    while (!failed_ && !rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      if (depth_ == 0 && at_end_anchor()) continue;
      if (take("\\Q")) {
        quoted(*out);
        continue;
      }
      out->parts.push_back(atom());
      repeat(out->parts.back());
    }
    return out;
  }

  bool at_end_anchor() {
    for (std::string_view anchor : {"$", "\\z"}) {
      if (!rest_.starts_with(anchor)) continue;
      auto behind = rest_.substr(anchor.size());
      if (!behind.empty() && behind.front() != '|') return false;
      return take(anchor);
    }
    return false;
  }

  void quoted(RegexNode& into) {
    auto text = rest_.substr(0, rest_.find("\\E"));
    for (char c : text) into.parts.push_back(bytes_of(single(c)));
    rest_.remove_prefix(text.size());
    take("\\E");
    if (!into.parts.empty() && !text.empty()) repeat(into.parts.back());
  }

  NodePtr atom() {
    if (take("(")) return group();
    if (take("[")) return bytes_of(char_class());
    if (take(".")) return bytes_of(~ByteSet());
    if (rest_.front() == '\\') return bytes_of(escape());
    char c = rest_.front();
    if (c == '^' || c == '$' || c == '*' || c == '+' || c == '?') return fail();
    rest_.remove_prefix(1);
    return bytes_of(single(c));
  }

  NodePtr fail() {
    failed_ = true;
    return make(RegexNode::Kind::empty);
  }

  NodePtr group() {
    bool outer = fold_;
    if (take("?")) {
      bool named = take("P<") || take("<");
      auto end = rest_.find_first_of(named ? ">" : ":)");
      if (end == std::string_view::npos) return fail();
      auto head = rest_.substr(0, end);
      bool goes_on = rest_[end] == ')';  // "(?i)": for the rest of the group that it is in
      rest_.remove_prefix(end + 1);
      if (!named) set_flags(head);
      if (goes_on) return make(RegexNode::Kind::empty);
    }
    ++depth_;
    NodePtr out = choice();
    --depth_;
    fold_ = outer;
    if (!take(")")) return fail();
    return out;
  }

  void set_flags(std::string_view flags) {
    bool on = true;
    for (char c : flags) {
      if (c == '-') on = false;
      if (c == 'i') fold_ = on;  // the others make no difference to a text of one line
    }
  }

  // {n}, {n,}, {n,m}; what else begins with a brace is a brace.
  bool braces(int& least, int& most) {
    auto end = rest_.find('}');
    if (!rest_.starts_with('{') || end == std::string_view::npos) return false;
    auto inside = rest_.substr(1, end - 1);
    auto comma = inside.find(',');
    auto low = base::parse_decimal(inside.substr(0, comma));
    if (!low || *low > 1000) return false;
    least = most = static_cast<int>(*low);
    if (comma != std::string_view::npos) {
      auto above = inside.substr(comma + 1);
      auto high = base::parse_decimal(above);
      if (!above.empty() && (!high || *high > 1000)) return false;
      most = above.empty() ? kNoMaximum : static_cast<int>(*high);
    }
    rest_.remove_prefix(end + 1);
    return true;
  }

  void repeat(NodePtr& what) {
    for (;;) {
      int least = 0, most = kNoMaximum;
      bool any = take("*"), some = !any && take("+"), perhaps = !any && !some && take("?");
      if (some) least = 1;
      if (perhaps) most = 1;
      if (!any && !some && !perhaps && !braces(least, most)) return;
      take("?");  // how much is taken makes no difference to what matches
      NodePtr out = make(RegexNode::Kind::repeat);
      out->least = least;
      out->most = most;
      out->parts.push_back(std::move(what));
      what = std::move(out);
    }
  }

  // The set of an escape, in a class or outside.
  ByteSet escape() {
    rest_.remove_prefix(1);
    if (rest_.empty()) return unknown();
    char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
      case 'd':
      case 'D':
        return negated_if(c == 'D', of_ranges("09"));
      case 'w':
      case 'W':
        return negated_if(c == 'W', of_ranges("09AZaz__"));
      case 's':
      case 'S':
        return negated_if(c == 'S', ByteSet());
      case 'C':
        return ~ByteSet();
      case 'a':
      case 'f':
      case 'n':
      case 'r':
      case 't':
      case 'v':
        return {};
      case 'x':
        return hexadecimal();
      default:
        break;
    }
    bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return word ? unknown() : single(c);
  }

  ByteSet hexadecimal() {
    bool braced = take("{");
    auto digits = rest_.substr(0, braced ? rest_.find('}') : 2);
    unsigned value = 0;
    for (char c : digits) {
      if (base::hex_value(c) < 0 || value > 0xFFFF) return unknown();
      value = value * 16 + static_cast<unsigned>(base::hex_value(c));
    }
    rest_.remove_prefix(digits.size());
    if (digits.empty() || (braced && !take("}"))) return unknown();
    return range(value, value);
  }

  ByteSet unknown() {
    failed_ = true;
    return {};
  }
  static ByteSet negated_if(bool negated, const ByteSet& set) { return negated ? ~set : set; }
  static ByteSet single(char c) {
    return range(static_cast<unsigned char>(c), static_cast<unsigned char>(c));
  }

  // Behind "[".
  ByteSet char_class() {
    bool negated = take("^");
    ByteSet out;
    for (bool first = true; !failed_ && (first || !rest_.starts_with(']')); first = false) {
      if (rest_.empty()) return unknown();
      if (rest_.starts_with("[:")) {
        out |= named_class();
        continue;
      }
      ByteSet low = class_member();
      bool ranged = rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']';
      if (!ranged) {
        out |= low;
        continue;
      }
      rest_.remove_prefix(1);
      ByteSet high = class_member();
      if (low.count() != 1 || high.count() != 1) return unknown();
      out |= range(lowest(low), lowest(high));
    }
    take("]");
    return negated_if(negated, fold_ ? folded(out) : out);
  }

  static unsigned lowest(const ByteSet& set) { return static_cast<unsigned>(set._Find_first()); }

  ByteSet class_member() {
    if (rest_.starts_with('\\')) return escape();
    char c = rest_.front();
    rest_.remove_prefix(1);
    return single(c);
  }

  ByteSet named_class() {
    auto end = rest_.find(":]");
    if (end == std::string_view::npos) return unknown();
    auto name = rest_.substr(2, end - 2);
    bool negated = name.starts_with('^');
    if (negated) name.remove_prefix(1);
    rest_.remove_prefix(end + 2);
    for (const auto& known : kNamedClasses)
      if (known.name == name) return negated_if(negated, of_ranges(known.ranges));
    return unknown();
  }

  static ByteSet folded(ByteSet set) {
    for (unsigned c = 'a'; c <= 'z'; ++c) {
      unsigned capital = c - 'a' + 'A';
      if (set.test(c) || set.test(capital)) set.set(c).set(capital);
    }
    return set;
  }

  NodePtr bytes_of(const ByteSet& set) {
    NodePtr out = make(RegexNode::Kind::bytes);
    out->bytes = (fold_ ? folded(set) : set) & kPath;
    return out;
  }

  const ByteSet kPath = path_bytes();
  std::string_view rest_;
  int depth_ = 0;
  bool fold_ = false;
  bool failed_ = false;
};

}  // namespace

class RegexCompiler {
 public:
  std::optional<RegexStates> compile(const RegexNode& node) {
    out_.states_.push_back({});  // the end
    out_.start_ = emit(node, 0);
    if (failed_) return std::nullopt;
    return std::move(out_);
  }

 private:
  using State = RegexStates::State;

  std::uint32_t add(State state) {
    if (out_.states_.size() >= kMaxStates) {
      failed_ = true;
      return 0;
    }
    out_.states_.push_back(state);
    return static_cast<std::uint32_t>(out_.states_.size() - 1);
  }

  // Where the node begins, if `next` is what follows it.
  std::uint32_t emit(const RegexNode& node, std::uint32_t next) {
    if (failed_) return 0;
    switch (node.kind) {
      case RegexNode::Kind::empty:
        return next;
      case RegexNode::Kind::bytes:
        out_.sets_.push_back(node.bytes);
        return add({State::Kind::byte, static_cast<std::uint32_t>(out_.sets_.size() - 1), next, 0});
      case RegexNode::Kind::sequence:
        for (auto part = node.parts.rbegin(); part != node.parts.rend(); ++part) next = emit(**part, next);
        return next;
      case RegexNode::Kind::choice: {
        std::uint32_t start = emit(*node.parts.back(), next);
        for (std::size_t i = node.parts.size() - 1; i-- > 0;)
          start = add({State::Kind::split, 0, emit(*node.parts[i], next), start});
        return start;
      }
      case RegexNode::Kind::repeat:
        return emit_repeat(node, next);
    }
    return next;
  }

  std::uint32_t emit_repeat(const RegexNode& node, std::uint32_t next) {
    const RegexNode& what = *node.parts.front();
    std::uint32_t start = next;
    if (node.most == kNoMaximum) {
      start = add({State::Kind::split, 0, 0, next});
      std::uint32_t inside = emit(what, start);
      out_.states_[start].next = inside;
    }
    for (int i = node.least; i < node.most; ++i)
      start = add({State::Kind::split, 0, emit(what, start), next});
    for (int i = 0; i < node.least; ++i) start = emit(what, start);
    return start;
  }

  RegexStates out_;
  bool failed_ = false;
};

namespace {

// Of a choice with one branch: its last bytes that are each one certain byte.
std::string literal_end(const RegexNode& tree) {
  std::string out;
  if (tree.parts.size() != 1) return out;
  const auto& parts = tree.parts.front()->parts;
  for (auto p = parts.rbegin(); p != parts.rend(); ++p) {
    if ((*p)->kind != RegexNode::Kind::bytes || (*p)->bytes.count() != 1) break;
    out.insert(out.begin(), static_cast<char>((*p)->bytes._Find_first()));
  }
  return out;
}

}  // namespace

std::optional<RegexStates> RegexStates::of(std::string_view expression) {
  NodePtr tree = RegexParser(expression).parse();
  auto out = tree ? RegexCompiler().compile(*tree) : std::nullopt;
  if (out) out->tail_ = literal_end(*tree);
  return out;
}

// Walks both machines at once, breadth first, over pairs of states.
class CommonPath {
 public:
  CommonPath(const RegexStates& a, const RegexStates& b, std::size_t& steps) : a_(a), b_(b), left_(steps) {}

  Overlap find() {
    std::size_t pairs = 2 * a_.size() * b_.size();
    if (!spend(pairs / kSeenInAStep)) return {Overlap::Verdict::unknown, {}};
    seen_.resize(pairs);
    visit({a_.start_, b_.start_, kNobody, 0, false});
    for (std::size_t at = 0; at < steps_.size(); ++at) {
      Step step = steps_[at];
      const State &x = a_.states_[step.a], &y = b_.states_[step.b];
      if (x.kind == Kind::split) {
        visit({x.next, step.b, at, 0, step.begun});
        visit({x.other, step.b, at, 0, step.begun});
      } else if (y.kind == Kind::split) {
        visit({step.a, y.next, at, 0, step.begun});
        visit({step.a, y.other, at, 0, step.begun});
      } else if (x.kind == Kind::byte && y.kind == Kind::byte) {
        char c = common(a_.sets_[x.set] & b_.sets_[y.set], step.begun);
        if (c != 0) visit({x.next, y.next, at, c, true});
      } else if (x.kind == y.kind && step.begun) {
        return {Overlap::Verdict::some, path_to(at)};
      }
      if (steps_.size() > kMaxSteps || !spend(1)) return {Overlap::Verdict::unknown, {}};
    }
    return {};
  }

 private:
  using State = RegexStates::State;
  using Kind = State::Kind;
  static constexpr std::size_t kNobody = ~std::size_t{0};
  static constexpr std::size_t kMaxSteps = 200'000;
  static constexpr std::size_t kSeenInAStep = 1024;  // so many bits are cleared in the time of a step

  struct Step {
    std::uint32_t a, b;
    std::size_t from;
    char byte;   // read on the way here, or 0
    bool begun;  // something was read: the first byte of a path is a slash
  };

  bool spend(std::size_t steps) noexcept {
    bool enough = left_ >= steps;
    left_ = enough ? left_ - steps : 0;
    return enough;
  }

  void visit(const Step& step) {
    std::size_t i = (static_cast<std::size_t>(step.a) * b_.size() + step.b) * 2 + (step.begun ? 1 : 0);
    if (seen_[i]) return;
    seen_[i] = true;
    steps_.push_back(step);
  }

  // One of the set that reads well, or 0.
  static char common(const ByteSet& set, bool begun) {
    if (!begun) return set.test('/') ? '/' : '\0';
    for (char c : std::string_view("xyzabcdefghijklmnopqrstuvw0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_~"))
      if (set.test(static_cast<unsigned char>(c))) return c;
    return set.none() ? '\0' : static_cast<char>(set._Find_first());
  }

  std::string path_to(std::size_t at) const {
    std::string out;
    for (; at != kNobody; at = steps_[at].from)
      if (steps_[at].byte != 0) out += steps_[at].byte;
    std::reverse(out.begin(), out.end());
    return out;
  }

  const RegexStates &a_, &b_;
  std::size_t& left_;
  std::vector<bool> seen_;
  std::vector<Step> steps_;
};

Overlap overlap(const RegexStates& a, const RegexStates& b, std::size_t& steps) {
  return CommonPath(a, b, steps).find();
}

}  // namespace sluice::routing
