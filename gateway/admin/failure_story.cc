// SPDX-License-Identifier: Apache-2.0
// What became of one request, for people at a terminal: the same as /failures/{request-id} has in JSON.
#include <fmt/format.h>

#include "gateway/admin/advice.h"
#include "gateway/admin/failures_page.h"
#include "gateway/admin/json.h"

namespace sluice::admin {
namespace {

using observe::Failure;

class Story {
 public:
  Story(const Failure& f, const FailureSurroundings& now) : f_(f), now_(now) {}

  std::string tell() {
    std::string time = json_time(f_.time);
    line("request", fmt::format("{} at {}, worker {}", plain(f_.request_id), time.substr(1, time.size() - 2),
                                f_.worker));
    line("", fmt::format("{} {}{} ({}) from {} at listener {}", plain(f_.method), plain(f_.host),
                         plain(f_.path), f_.protocol, f_.client_ip, f_.listener));
    if (!f_.consumer.empty()) line("consumer", plain(f_.consumer));
    answer();
    way();
    attempts();
    times();
    timeouts();
    advise();
    return std::move(out_);
  }

 private:
  void line(std::string_view name, std::string_view text) { out_ += fmt::format("{:<11} {}\n", name, text); }

  void answer() {
    const auto& row = base::row(f_.reason);
    if (f_.reason == base::Reason::none) {
      line("answer", fmt::format("{} from the {}", f_.status, observe::name(f_.source)));
      return;
    }
    line("answer", fmt::format("{} {}: {}", f_.status, row.name, row.explanation));
    if (!f_.detail.empty()) line("detail", plain(f_.detail));
    line("whose", fmt::format("the {}'s side", base::name(row.where)));
  }

  void way() {
    bool routed = f_.route != "-" && !f_.route.empty();
    std::string from = now_.route ? now_.route->from : "not in the configuration in force";
    line("route", routed ? fmt::format("{}   ({})", f_.route, from) : "none");
    if (now_.route) filters(*now_.route);
    if (!f_.upstream.empty()) line("upstream", f_.upstream);
  }

  void filters(const RouteReport& route) {
    bool stopped = false;
    for (const auto& filter : route.filters) {
      const auto& name = filter.policy.empty() ? filter.name : filter.policy;
      bool here = !f_.policy_denied.empty() && (name == f_.policy_denied || filter.name == f_.policy_denied);
      line("filter", fmt::format("{:<20} {}   ({})", name,
                                 stopped ? "not asked"
                                 : here  ? "refused"
                                         : "passed",
                                 filter.from));
      stopped = stopped || here;
    }
    if (!f_.policy_denied.empty() && !stopped) line("refused by", f_.policy_denied);
  }

  void attempts() {
    std::size_t n = 0;
    for (const auto& a : f_.attempts) {
      std::string outcome = a.reason == base::Reason::none ? fmt::format("answered {}", a.status)
                                                           : std::string(base::row(a.reason).name);
      line(fmt::format("attempt {}", ++n),
           fmt::format("{:<24} {} after {}", plain(a.target), outcome,
                       a.duration.count() > 0 ? duration_text(a.duration) : "0ms"));
    }
    if (n == 0 && !f_.upstream.empty()) line("attempts", "none: there was no target that could be asked");
  }

  void times() {
    std::string split;
    auto add = [&](std::string_view name, std::optional<base::Duration> d) {
      if (d && d->count() > 0) split += fmt::format(", {} {}", name, duration_text(*d));
    };
    add("queue", f_.queue);
    add("auth", f_.auth);
    add("filters", f_.filters);
    add("connect", f_.connect);
    add("first byte", f_.first_byte);
    add("upstream", f_.upstream_time);
    add("waiting for the client", f_.client_write);
    line("time", duration_text(f_.duration) + split);
  }

  void timeouts() {
    const auto* forward = now_.forward(f_);
    if (!forward) return;
    auto passed = passed_timeout(f_, now_);
    for (const auto& t : forward->timeouts)
      line("timeout", fmt::format("{:<10} {}   ({}){}", t.name, duration_text(t.value), t.from,
                                  t.name == passed ? "   <- passed" : ""));
  }

  void advise() {
    if (f_.config_hash != now_.config_hash)
      line("config", fmt::format("{} then, {} now: places and timeouts are those of now", f_.config_hash,
                                 now_.config_hash));
    Advice look = advice(f_.reason);
    if (f_.reason == base::Reason::none && f_.source == observe::Source::upstream)
      look.text = "The target itself gave this answer; its own log says why.";
    if (!look.text.empty()) line("look at", look.text);
    if (auto setting = setting_of(f_, now_); !setting.empty()) line("setting", setting);
    if (!look.reason.empty()) line("more", fmt::format("docs/troubleshooting.md#{}", look.reason));
  }

  const Failure& f_;
  const FailureSurroundings& now_;
  std::string out_;
};

}  // namespace

std::string failure_story(const Failure& failure, const FailureSurroundings& now) {
  return Story(failure, now).tell();
}

}  // namespace sluice::admin
