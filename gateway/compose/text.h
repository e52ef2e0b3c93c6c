// SPDX-License-Identifier: Apache-2.0
// CallText: a text of a composition, in which `${...}` stands for a value of the exchange (as in
// chain/template.h), of another call (`${user.id}`), or for the value at hand of a call that is made for
// `each`. What is put in is escaped for its place, so that it cannot leave it.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "gateway/chain/exchange.h"
#include "gateway/chain/template.h"
#include "gateway/json/path.h"
#include "gateway/json/text.h"

namespace sluice::compose {

// `${user.address.city}`: a call by its number, and where in its value.
struct Reference {
  std::uint32_t call = 0;
  json::Path path;
};

// The names of calls while texts are compiled.
class CallNames {
 public:
  virtual std::optional<std::uint32_t> number(std::string_view name) const = 0;
  virtual std::vector<std::string_view> all() const = 0;
  // Of what references see of it, if that is known.
  virtual std::optional<json::Type> type(std::uint32_t /*call*/) const { return std::nullopt; }

 protected:
  ~CallNames() = default;
};

// What calls have come to while texts are rendered.
class CallValues {
 public:
  // None if the call was not made or has failed.
  virtual std::optional<std::string_view> value(std::uint32_t call) const = 0;

 protected:
  ~CallValues() = default;
};

struct TextFault {
  std::size_t offset = 0;
  std::string message, hint;
};
// Does such a path lead nowhere in a value of that type? Then what is wrong; `name` is how texts call the
// value.
std::optional<TextFault> misfit(std::string_view name, std::optional<json::Type> type,
                                std::span<const json::PathStep> path);
// `inside`: what stands in `${}`. None if it begins with no call's name.
std::variant<std::optional<Reference>, TextFault> parse_reference(std::string_view inside,
                                                                  const CallNames& calls);

class CallText {
 public:
  enum class Place : std::uint8_t { uri, field, text, json };

  // `each`: may `${each}` be used? Place::json takes a JSON text, in whose strings references may stand.
  static std::variant<CallText, TextFault> compile(std::string_view text, Place place, const CallNames& calls,
                                                   bool each);

  // What references have come to, for texts that are rendered again and again while other calls stay as they
  // are: by where the reference is. Texts are the exchange's.
  struct Came {
    std::string_view text;
    std::string why;  // it cannot be
  };
  using Kept = std::unordered_map<const void*, Came>;

  // What the rendering needs.
  struct Given {
    chain::Exchange& ex;
    const CallValues& calls;
    std::span<const std::string_view> each{};  // JSON, of scalars
    bool batch = false;                        // are those a list, however many there are?
    bool lenient = false;                      // JSON: null for what is missing, in place of failing
    base::Arena* own = nullptr;                // for what is made on the way, in place of the exchange's
    Kept* kept = nullptr;                      // references are rendered once

    base::Arena& arena() const noexcept { return own ? *own : ex.arena; }
  };
  // Appends. "" or why it cannot be: a call that has no such value, one that does not fit.
  std::string render(const Given& given, json::Output& out) const;
  // Why render() could not be if that call came to that value; "" if it could.
  std::string unfit(std::uint32_t call, std::string_view value) const;

  // Numbers of the calls that it refers to, each once.
  const std::vector<std::uint32_t>& needs() const noexcept { return needs_; }
  bool uses_each() const noexcept { return uses_each_; }
  // Does a variable in it say who calls?
  bool tells_identity() const noexcept;
  // For chain::check_captures.
  const std::vector<chain::Template>& variables() const noexcept { return variables_; }

 private:
  friend class CallTextCompiler;
  struct Part {
    enum class Kind : std::uint8_t { literal, variable, reference, each } kind = Kind::literal;
    bool in_query = false;  // of a URI
    bool whole = false;     // of JSON: the value itself, not inside a string
    std::uint32_t index = 0;
    std::string text;  // the literal, or as written between the braces
  };

  std::string put(const Part& part, const Given& given, json::Output& out) const;
  std::string put_once(const Part& part, const Given& given, json::Output& out) const;
  std::string put_each(const Part& part, const Given& given, json::Output& out) const;
  std::string put_reference(const Part& part, std::optional<std::string_view> value, bool lenient,
                            base::Arena& arena, json::Output& out) const;
  std::string put_scalar(const Part& part, std::string_view plain, base::Arena& arena,
                         json::Output& out) const;

  Place place_ = Place::text;
  std::vector<Part> parts_;
  std::vector<chain::Template> variables_;
  std::vector<Reference> references_;
  std::vector<std::uint32_t> needs_;
  bool uses_each_ = false;
};

}  // namespace sluice::compose
