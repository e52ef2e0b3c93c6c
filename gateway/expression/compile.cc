// SPDX-License-Identifier: Apache-2.0
// The compiler of conditions: recursive descent, with types checked on the way.
//   or    := and {"||" and}           and  := test {"&&" test}     test := sum [(== != < <= > >= in) sum]
//   sum   := product {(+ -) product}  product := unary {(* / %) unary}
//   unary := "!" unary | "-" unary | operand {"." method "(" [or] ")"}
#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/expression/lexer.h"
#include "gateway/expression/moment.h"
#include "gateway/expression/program.h"
#include "gateway/expression/regex.h"

namespace sluice::expression {

namespace {

constexpr int kDeepest = 32;  // nested parentheses and negations
constexpr std::size_t kMostNodes = 512;

struct Method {
  std::string_view name;
  Op op;
};
constexpr Method kMethods[] = {{"startsWith", Op::starts_with},
                               {"endsWith", Op::ends_with},
                               {"contains", Op::contains},
                               {"matches", Op::matches},
                               {"size", Op::size}};

std::string method_names() {
  return "methods are startsWith, endsWith, contains, matches and size; of times " + moment_methods();
}

}  // namespace

class Compiler {
 public:
  Compiler(std::string_view text, Names& names) : lexer_(text), names_(names) { advance(); }

  std::variant<Expression, Fault> compile(std::string_view text) {
    std::optional<Index> whole = any_of();
    if (whole && token_.kind != Token::Kind::end) unexpected("the end or an operator");
    if (whole && !fault_ && !may_be(*whole, Type::boolean))
      fail(0, fmt::format("this is {}, a condition is true or false", name(type(*whole))),
           "compare it with something");
    if (fault_) return std::move(*fault_);
    Expression out;
    out.text_ = text;
    out.program_ = std::move(program_);
    return out;
  }

 private:
  using Index = std::uint32_t;

  // --- words

  void advance() {
    token_ = lexer_.next();
    if (token_.kind == Token::Kind::fault) fail(token_.offset, token_.text);
  }
  bool take(std::string_view sign) {
    if (!token_.is(sign)) return false;
    advance();
    return true;
  }
  bool expect(std::string_view sign) {
    if (take(sign)) return true;
    unexpected(fmt::format("`{}`", sign));
    return false;
  }
  std::nullopt_t fail(std::size_t offset, std::string message, std::string hint = {}) {
    if (!fault_) fault_ = Fault{offset, std::move(message), std::move(hint)};
    return std::nullopt;
  }
  std::nullopt_t unexpected(std::string_view expected) {
    std::string found = token_.kind == Token::Kind::end ? "the end" : fmt::format("`{}`", token_.word);
    return fail(token_.offset, fmt::format("expected {}, found {}", expected, found));
  }

  // --- nodes

  std::optional<Index> add(Node node) {
    if (program_->nodes.size() == kMostNodes) return fail(token_.offset, "the condition is too long");
    program_->nodes.push_back(node);
    return static_cast<Index>(program_->nodes.size() - 1);
  }
  Type type(Index i) const { return program_->nodes[i].type; }
  bool may_be(Index i, Type wanted) const {
    if (type(i) != Type::any) return type(i) == wanted;
    if (wanted == Type::time) return false;  // neither requests nor JSON have such values
    return program_->nodes[i].op != Op::add || wanted == Type::number || wanted == Type::text;
  }
  bool need(Index i, Type wanted, std::size_t offset, std::string_view who) {
    if (may_be(i, wanted)) return true;
    fail(offset, fmt::format("`{}` wants {}, this is {}", who, name(wanted), name(type(i))),
         wanted == Type::time ? "timestamp() makes a time of a text" : "");
    return false;
  }
  std::optional<Index> literal(Value value, Type type) {
    Node node;
    node.type = type;
    node.literal = value;
    return add(node);
  }
  std::optional<Index> binary(Op op, Type type, Index left, Index right) {
    Node node;
    node.op = op;
    node.type = type;
    node.left = left;
    node.right = right;
    return add(node);
  }

  // --- grammar

  std::optional<Index> any_of() { return joined("||", Op::or_, &Compiler::all_of); }
  std::optional<Index> all_of() { return joined("&&", Op::and_, &Compiler::test); }

  std::optional<Index> joined(std::string_view sign, Op op, std::optional<Index> (Compiler::*part)()) {
    std::size_t begin = token_.offset;
    auto left = (this->*part)();
    while (left && token_.is(sign)) {
      if (!need(*left, Type::boolean, begin, sign)) return std::nullopt;
      advance();
      std::size_t at = token_.offset;
      auto right = (this->*part)();
      if (!right || !need(*right, Type::boolean, at, sign)) return std::nullopt;
      left = binary(op, Type::boolean, *left, *right);
    }
    return left;
  }

  std::optional<Index> test() {
    auto left = sum();
    if (!left) return left;
    constexpr std::pair<std::string_view, Op> kTests[] = {{"==", Op::equal},  {"!=", Op::not_equal},
                                                          {"<", Op::less},    {"<=", Op::less_equal},
                                                          {">", Op::greater}, {">=", Op::greater_equal}};
    for (auto [sign, op] : kTests)
      if (token_.is(sign)) return comparison(*left, sign, op);
    if (token_.kind != Token::Kind::name || token_.word != "in") return left;
    advance();
    std::size_t at = token_.offset;
    auto right = sum();
    if (!right || !need(*right, Type::collection, at, "in")) return std::nullopt;
    return binary(Op::in, Type::boolean, *left, *right);
  }

  std::optional<Index> comparison(Index left, std::string_view sign, Op op) {
    std::size_t at = token_.offset;
    advance();
    auto right = sum();
    if (!right) return right;
    Type a = type(left), b = type(*right);
    bool known = (a != Type::any && b != Type::any) || a == Type::time || b == Type::time;
    if (known && a != b && a != Type::null && b != Type::null)
      return fail(at, fmt::format("`{}` compares {} with {}", sign, name(a), name(b)), hint_for(a, b));
    bool equality = op == Op::equal || op == Op::not_equal;
    auto ordered = [](Type t) { return t != Type::null && t != Type::boolean && t != Type::collection; };
    if (!equality && !(ordered(a) && ordered(b)))
      return fail(at, fmt::format("`{}` compares numbers, texts or times", sign));
    if (equality && (a == Type::collection || b == Type::collection))
      return fail(at, "lists cannot be compared", "`in` and size() can look at them");
    return binary(op, Type::boolean, left, *right);
  }
  static std::string hint_for(Type a, Type b) {
    if (a == Type::time || b == Type::time) return "timestamp(\"2027-01-31T12:00:00Z\") is a time";
    bool mixed = (a == Type::number && b == Type::text) || (a == Type::text && b == Type::number);
    return mixed ? "what a request says is a text: write the number in quotes" : "";
  }

  struct Operator {
    std::string_view sign;
    Op op;
  };
  std::optional<Index> sum() {
    static constexpr Operator kSigns[] = {{"+", Op::add}, {"-", Op::subtract}};
    return calculated(kSigns, &Compiler::product);
  }
  std::optional<Index> product() {
    static constexpr Operator kSigns[] = {{"*", Op::multiply}, {"/", Op::divide}, {"%", Op::remainder}};
    return calculated(kSigns, &Compiler::unary);
  }
  std::optional<Index> calculated(std::span<const Operator> signs, std::optional<Index> (Compiler::*part)()) {
    std::size_t begin = token_.offset;
    auto left = (this->*part)();
    while (left) {
      auto found =
          std::find_if(signs.begin(), signs.end(), [this](const Operator& o) { return token_.is(o.sign); });
      if (found == signs.end()) break;
      std::size_t sign_at = token_.offset;
      advance();
      std::size_t at = token_.offset;
      auto right = (this->*part)();
      if (!right) return right;
      if (found->op == Op::add) {
        left = added(*left, *right, sign_at);
      } else if (!need(*left, Type::number, begin, found->sign) ||
                 !need(*right, Type::number, at, found->sign)) {
        return std::nullopt;
      } else {
        left = binary(found->op, Type::number, *left, *right);
      }
    }
    return left;
  }
  // The one sign for two things: numbers are added, texts joined.
  std::optional<Index> added(Index left, Index right, std::size_t at) {
    for (Index side : {left, right})
      if (!may_be(side, Type::number) && !may_be(side, Type::text))
        return fail(at, fmt::format("`+` adds numbers or joins texts, this is {}", name(type(side))));
    Type a = type(left), b = type(right);
    if (a != Type::any && b != Type::any && a != b)
      return fail(at, fmt::format("`+` joins {} and {}", name(a), name(b)),
                  "what a request says is a text: write the number in quotes");
    return binary(Op::add, a == Type::any ? b : a, left, right);
  }

  std::optional<Index> unary() {
    if (++depth_ > kDeepest) return fail(token_.offset, "the condition is nested too deeply");
    auto out = negated();
    --depth_;
    return out;
  }
  std::optional<Index> negated() {
    if (take("!")) {
      std::size_t at = token_.offset;
      auto inner = unary();
      if (!inner || !need(*inner, Type::boolean, at, "!")) return std::nullopt;
      return binary(Op::not_, Type::boolean, *inner, 0);
    }
    if (token_.is("-")) return negative();
    auto value = operand();
    while (value && take(".")) value = method(*value, token_.offset);
    return value;
  }

  std::optional<Index> negative() {
    Lexer ahead = lexer_;
    if (ahead.next().kind == Token::Kind::number) {
      auto value = number();  // as one: the least of all whole numbers has no positive
      if (!value) return std::nullopt;
      return literal(value->first, value->second);
    }
    advance();
    std::size_t at = token_.offset;
    auto inner = unary();
    if (!inner || !need(*inner, Type::number, at, "-")) return std::nullopt;
    return binary(Op::negate, Type::number, *inner, 0);
  }

  std::optional<Index> operand() {
    if (token_.is("(")) {
      advance();
      auto inner = any_of();
      if (!inner || !expect(")")) return std::nullopt;
      return inner;
    }
    if (token_.is("[")) return list();
    if (token_.kind == Token::Kind::name && is_reference(token_.word)) return reference();
    std::optional<std::pair<Value, Type>> value = constant();
    if (!value) return std::nullopt;
    return literal(value->first, value->second);
  }
  static bool is_reference(std::string_view word) {
    return word != "true" && word != "false" && word != "null" && word != "in";
  }

  // A number, text, boolean or null.
  std::optional<std::pair<Value, Type>> constant() {
    using Out = std::pair<Value, Type>;
    Token t = token_;
    if (t.kind == Token::Kind::text) {
      advance();
      return Out{Value::of(std::string_view(program_->texts.emplace_back(t.text))), Type::text};
    }
    if (t.kind == Token::Kind::number || t.is("-")) return number();
    if (t.kind == Token::Kind::name && t.word != "in") {
      advance();
      if (t.word == "null") return Out{Value::null(), Type::null};
      return Out{Value::of(t.word == "true"), Type::boolean};
    }
    return unexpected("a value");
  }
  std::optional<std::pair<Value, Type>> number() {
    std::size_t at = token_.offset;
    std::string digits;
    if (take("-")) digits = "-";
    if (token_.kind != Token::Kind::number) return unexpected("a number");
    digits += token_.word;
    Value v = Value::number(digits);
    if (!v.is_number()) return fail(at, fmt::format("`{}` is no number", digits));
    advance();
    return std::pair{v, Type::number};
  }

  std::optional<Index> list() {
    advance();
    Literals items;
    while (!token_.is("]")) {
      auto item = constant();
      if (!item) return std::nullopt;
      items.items.push_back(item->first);
      if (!take(",")) break;
    }
    if (!expect("]")) return std::nullopt;
    Node node;
    node.op = Op::list;
    node.type = Type::collection;
    node.literal = Value::of(program_->lists.emplace_back(std::move(items)));
    return add(node);
  }

  // A name with what hangs on it, a function, or a name and then a method.
  std::optional<Index> reference() {
    std::size_t begin = token_.offset;
    std::string first(token_.word);
    advance();
    if (token_.is("(")) return function(first, begin);
    std::vector<Part> path;
    path.push_back({std::move(first)});
    for (;;) {
      if (take(".")) {
        Token word = token_;
        if (word.kind != Token::Kind::name) return unexpected("a name");
        advance();
        if (token_.is("(")) {
          auto value = variable(path, begin);
          if (!value) return value;
          return called(*value, word.word, word.offset);
        }
        path.push_back({std::string(word.word)});
      } else if (take("[")) {
        if (!index(path)) return std::nullopt;
      } else {
        return variable(path, begin);
      }
    }
  }
  bool index(std::vector<Part>& path) {
    Token t = token_;
    if (t.kind == Token::Kind::text) {
      path.push_back({t.text});
    } else {
      Value v = t.kind == Token::Kind::number ? Value::number(t.word) : Value();
      if (v.kind != Value::Kind::integer) {
        unexpected("a name in quotes or a whole number");
        return false;
      }
      path.push_back({"", static_cast<std::size_t>(v.integer)});
    }
    advance();
    return expect("]");
  }
  std::optional<Index> variable(const std::vector<Part>& path, std::size_t begin) {
    auto found = names_.find(path);
    if (auto* fault = std::get_if<Fault>(&found)) return fail(begin, fault->message, fault->hint);
    const Symbol& symbol = std::get<Symbol>(found);
    Node node;
    node.op = Op::variable;
    node.type = symbol.type;
    node.slot = symbol.slot;
    return add(node);
  }

  // At "(" behind the name of a function.
  std::optional<Index> function(std::string_view which, std::size_t begin) {
    if (which != "size" && which != "has" && which != "timestamp")
      return fail(begin, fmt::format("`{}` is no function", which), "functions are has, size and timestamp");
    advance();
    std::size_t at = token_.offset;
    auto inner = any_of();
    if (!inner || !expect(")")) return std::nullopt;
    if (which == "size") return size_of(*inner, at);
    if (which == "timestamp") return timestamp(*inner, at);
    if (program_->nodes[*inner].op != Op::variable) return fail(at, "has() asks for a name");
    return binary(Op::has, Type::boolean, *inner, 0);
  }
  std::optional<Index> size_of(Index inner, std::size_t at) {
    Type t = type(inner);
    if (t != Type::any && t != Type::text && t != Type::collection)
      return fail(at, fmt::format("`size` wants a text or a list, this is {}", name(t)));
    return binary(Op::size, Type::number, inner, 0);
  }

  // One that is written is read once and for all.
  std::optional<Index> timestamp(Index inner, std::size_t at) {
    if (!need(inner, Type::text, at, "timestamp")) return std::nullopt;
    Node& text = program_->nodes[inner];
    if (text.op != Op::literal) return binary(Op::timestamp, Type::time, inner, 0);
    Value time = time_of(text.literal.text);
    if (time.kind != Value::Kind::time)
      return fail(at, "this is no time", "write a date such as 2027-01-31 or 2027-01-31T12:00:00Z");
    text.literal = time;
    text.type = Type::time;
    return inner;
  }

  std::optional<Index> method(Index subject, std::size_t at) {
    if (token_.kind != Token::Kind::name) return unexpected("a method");
    std::string_view which = token_.word;
    advance();
    if (!token_.is("(")) return unexpected("`(`");
    return called(subject, which, at);
  }
  // At "(" behind the name of a method.
  std::optional<Index> called(Index subject, std::string_view which, std::size_t at) {
    if (auto part = moment_part(which)) return moment(subject, which, *part, at);
    const Method* method = nullptr;
    for (const Method& m : kMethods)
      if (m.name == which) method = &m;
    if (!method) return fail(at, fmt::format("`{}` is no method", which), method_names());
    advance();
    if (method->op == Op::size) {
      if (!expect(")")) return std::nullopt;
      return size_of(subject, at);
    }
    if (!need(subject, Type::text, at, which)) return std::nullopt;
    std::size_t argument_at = token_.offset;
    if (method->op == Op::matches) return regex(subject);
    auto argument = any_of();
    if (!argument || !need(*argument, Type::text, argument_at, which) || !expect(")")) return std::nullopt;
    return binary(method->op, Type::boolean, subject, *argument);
  }
  std::optional<Index> moment(Index subject, std::string_view which, MomentPart part, std::size_t at) {
    if (!need(subject, Type::time, at, which)) return std::nullopt;
    advance();
    auto zone = std::optional(absl::UTCTimeZone());
    if (Token t = token_; t.kind == Token::Kind::text) {
      zone = time_zone(t.text);
      if (!zone)
        return fail(t.offset, fmt::format("there is no time zone `{}`", t.text),
                    "names are those of the IANA database, such as Europe/Berlin");
      advance();
    }
    if (!expect(")")) return std::nullopt;
    program_->zones.push_back(*zone);
    Node node;
    node.op = Op::moment_part;
    node.type = Type::number;
    node.left = subject;
    node.right = static_cast<Index>(program_->zones.size() - 1);
    node.slot = static_cast<std::uint32_t>(part);
    return add(node);
  }
  std::optional<Index> regex(Index subject) {
    Token t = token_;
    if (t.kind != Token::Kind::text) return unexpected("an expression in quotes");
    advance();
    auto options = regex_options(re2::RE2::Options::EncodingUTF8, kLargeRegexMemory);
    options.set_dot_nl(true);  // nobody who writes `.*` means that a line end in a value ends it
    const re2::RE2& made = program_->regexes.emplace_back(t.text, options);
    if (!made.ok()) return fail(t.offset, "the expression is not valid: " + made.error());
    if (!expect(")")) return std::nullopt;
    return binary(Op::matches, Type::boolean, subject, static_cast<Index>(program_->regexes.size() - 1));
  }

  Lexer lexer_;
  Names& names_;
  Token token_;
  std::optional<Fault> fault_;
  std::shared_ptr<Expression::Program> program_ = std::make_shared<Expression::Program>();
  int depth_ = 0;
};

std::variant<Expression, Fault> Expression::compile(std::string_view text, Names& names) {
  return Compiler(text, names).compile(text);
}

}  // namespace sluice::expression
