// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/amounts.h"

#include <gtest/gtest.h>

namespace sluice::config::amounts_test {
namespace {

using namespace std::chrono_literals;
using namespace literals;

template <class T>
std::string why(Refusal (*parse)(std::string_view, T&), std::string_view text) {
  T value{};
  auto refusal = parse(text, value);
  if (!refusal) return "accepted";
  return refusal->message + (refusal->hint.empty() ? "" : " | " + refusal->hint);
}
template <class T>
T parsed(Refusal (*parse)(std::string_view, T&), std::string_view text) {
  T value{};
  auto refusal = parse(text, value);
  EXPECT_FALSE(refusal.has_value()) << text << ": " << refusal->message;
  return value;
}

TEST(Duration, HasEveryUnit) {
  EXPECT_EQ(parsed(parse_duration, "7us"), 7us);
  EXPECT_EQ(parsed(parse_duration, "250ms"), 250ms);
  EXPECT_EQ(parsed(parse_duration, "2s"), 2s);
  EXPECT_EQ(parsed(parse_duration, "5m"), 5min);
  EXPECT_EQ(parsed(parse_duration, "1h"), 1h);
  EXPECT_EQ(parsed(parse_duration, "2d"), 48h);
  EXPECT_EQ(parsed(parse_duration, "0s"), 0s);
  EXPECT_EQ(parsed(parse_duration, "1.5s"), 1500ms);
  EXPECT_EQ(parsed(parse_duration, "0.000001s"), 1us);
}

TEST(Duration, IsNeverABareNumber) {
  EXPECT_EQ(why(parse_duration, "250"), "add a unit | units: us, ms, s, m, h, d");
  EXPECT_EQ(why(parse_duration, "0"), "add a unit | units: us, ms, s, m, h, d");
  EXPECT_EQ(why(parse_duration, "1.5"), "add a unit | units: us, ms, s, m, h, d");
}

TEST(Duration, SaysWhatIsWrong) {
  EXPECT_EQ(why(parse_duration, "5sec"), "unknown unit `sec` | did you mean \"5s\"?");
  EXPECT_EQ(why(parse_duration, "5min"), "unknown unit `min` | did you mean \"5m\"?");
  EXPECT_EQ(why(parse_duration, "5MS"), "unknown unit `MS` | did you mean \"5ms\"?");
  EXPECT_EQ(why(parse_duration, "2 hours"), "no blank before the unit");
  EXPECT_EQ(why(parse_duration, "2hours"), "unknown unit `hours` | did you mean \"2h\"?");
  EXPECT_EQ(why(parse_duration, "2days"), "unknown unit `days` | did you mean \"2d\"?");
  EXPECT_EQ(why(parse_duration, "2millis"), "unknown unit `millis` | did you mean \"2ms\"?");
  EXPECT_EQ(why(parse_duration, "2micros"), "unknown unit `micros` | did you mean \"2us\"?");
  EXPECT_EQ(why(parse_duration, "5x"), "unknown unit `x` | units: us, ms, s, m, h, d");
  EXPECT_EQ(why(parse_duration, "1h30m"), "unknown unit `h30m` | units: us, ms, s, m, h, d");
  EXPECT_EQ(why(parse_duration, "-5s"), "it must not be negative");
  EXPECT_EQ(why(parse_duration, "fast"), "");
  EXPECT_EQ(why(parse_duration, ""), "");
  EXPECT_EQ(why(parse_duration, ".5s"), "");
  EXPECT_EQ(why(parse_duration, "5.s"), "unknown unit `.s` | units: us, ms, s, m, h, d");
}

TEST(Duration, DoesNotOverflow) {
  EXPECT_EQ(parsed(parse_duration, "106751d"), 106751 * 24h);
  EXPECT_EQ(why(parse_duration, "106752d"), "it is too large");
  EXPECT_EQ(why(parse_duration, "18446744073709551615h"), "it is too large");
  EXPECT_EQ(why(parse_duration, "18446744073709551616s"), "too many digits");
  EXPECT_EQ(why(parse_duration, "0.0000000001s"), "too many digits");
  EXPECT_EQ(why(parse_duration, "0.0001us"), "the fraction is too fine for the unit");
}

TEST(Duration, IsWrittenInTheLargestUnitWithoutFraction) {
  EXPECT_EQ(to_text(Duration(0)), "0s");
  EXPECT_EQ(to_text(Duration(60s)), "1m");
  EXPECT_EQ(to_text(Duration(90s)), "90s");
  EXPECT_EQ(to_text(Duration(1500ms)), "1500ms");
  EXPECT_EQ(to_text(Duration(24h)), "1d");
  EXPECT_EQ(to_text(Duration(1us)), "1us");
  EXPECT_EQ(to_text(Duration(1500ns)), "1.5us");
}

TEST(Size, KnowsBinaryAndDecimalUnits) {
  EXPECT_EQ(parsed(parse_size, "64KiB"), 64_KiB);
  EXPECT_EQ(parsed(parse_size, "10MiB"), 10_MiB);
  EXPECT_EQ(parsed(parse_size, "1KB"), 1000_B);
  EXPECT_EQ(parsed(parse_size, "2MB").bytes, 2'000'000u);
  EXPECT_EQ(parsed(parse_size, "3GB").bytes, 3'000'000'000u);
  EXPECT_EQ(parsed(parse_size, "1TiB").bytes, 1ull << 40);
  EXPECT_EQ(parsed(parse_size, "1.5KiB").bytes, 1536u);
  EXPECT_EQ(parsed(parse_size, "0B").bytes, 0u);
}

TEST(Size, ProposesTheUnitThatWasMeant) {
  EXPECT_EQ(why(parse_size, "10M"), "unknown unit `M` | did you mean \"10MiB\"?");
  EXPECT_EQ(why(parse_size, "10k"), "unknown unit `k` | did you mean \"10KiB\"?");
  EXPECT_EQ(why(parse_size, "10mib"), "unknown unit `mib` | did you mean \"10MiB\"?");
  EXPECT_EQ(why(parse_size, "10"), "add a unit | units: B, KB, MB, GB, KiB, MiB, GiB, TiB");
  EXPECT_EQ(why(parse_size, "10PiB"), "unknown unit `PiB` | units: B, KB, MB, GB, KiB, MiB, GiB, TiB");
  EXPECT_EQ(why(parse_size, "0.5B"), "the fraction is too fine for the unit");
  EXPECT_EQ(why(parse_size, "9000000TiB"), "it is too large");
}

TEST(Size, IsWrittenInTheLargestUnitWithoutFraction) {
  EXPECT_EQ(to_text(64_KiB), "64KiB");
  EXPECT_EQ(to_text(1_GiB), "1GiB");
  EXPECT_EQ(to_text(1536_B), "1536B");
  EXPECT_EQ(to_text(1000_B), "1KB");
  EXPECT_EQ(to_text(0_B), "0B");
}

TEST(Rate, IsACountInAPeriod) {
  EXPECT_EQ(parsed(parse_rate, "100/min"), (Rate{100, 1min}));
  EXPECT_EQ(parsed(parse_rate, "2/s"), (Rate{2, 1s}));
  EXPECT_EQ(parsed(parse_rate, "5/h"), (Rate{5, 1h}));
  EXPECT_EQ(parsed(parse_rate, "0/d"), (Rate{0, 24h}));
  EXPECT_EQ(parsed(parse_rate, "5/10s"), (Rate{5, 10s}));
}

TEST(Rate, SaysWhatIsWrong) {
  EXPECT_EQ(why(parse_rate, "100"), "add a period | as in 100/s");
  EXPECT_EQ(why(parse_rate, "100/m"),
            "the period must be s, min, h, d or a duration such as 10s | did you mean \"100/min\"?");
  EXPECT_EQ(why(parse_rate, "100/sec"),
            "the period must be s, min, h, d or a duration such as 10s | did you mean \"100/s\"?");
  EXPECT_EQ(why(parse_rate, "100/"), "the period must be s, min, h, d or a duration such as 10s");
  EXPECT_EQ(why(parse_rate, "100/0s"), "the period must be s, min, h, d or a duration such as 10s");
  EXPECT_EQ(why(parse_rate, "-1/s"), "it must not be negative");
  EXPECT_EQ(why(parse_rate, "1.5/s"), "");
  EXPECT_EQ(why(parse_rate, "/s"), "");
}

TEST(Rate, IsComparedByWhatItAllows) {
  EXPECT_LT((Rate{59, 1min}), (Rate{1, 1s}));
  EXPECT_GT((Rate{61, 1min}), (Rate{1, 1s}));
  EXPECT_EQ((Rate{1, Duration{}}).per_second(), 0);
}

TEST(Rate, IsWrittenAsItIsRead) {
  for (auto text : {"100/min", "2/s", "5/h", "1/d", "5/10s", "3/500ms"})
    EXPECT_EQ(to_text(parsed(parse_rate, text)), text);
}

TEST(Percent, RunsFromZeroToAHundred) {
  EXPECT_EQ(parsed(parse_percent, "25%").value, 25);
  EXPECT_EQ(parsed(parse_percent, "0.5%").value, 0.5);
  EXPECT_EQ(parsed(parse_percent, "0.5%").ratio(), 0.005);
  EXPECT_EQ(parsed(parse_percent, "0%").value, 0);
  EXPECT_EQ(parsed(parse_percent, "100%").value, 100);
  EXPECT_EQ(why(parse_percent, "101%"), "it must be at most 100%");
  EXPECT_EQ(why(parse_percent, "25"), "add a % | did you mean \"25%\"?");
  EXPECT_EQ(why(parse_percent, "-1%"), "it must not be negative");
  EXPECT_EQ(why(parse_percent, "25 %"), "");
  EXPECT_EQ(why(parse_percent, "%"), "");
  EXPECT_EQ(to_text(Percent{12.5}), "12.5%");
}

TEST(Number, IsDecimal) {
  EXPECT_EQ(parsed(parse_number, "1.25"), 1.25);
  EXPECT_EQ(parsed(parse_number, "-3"), -3);
  for (auto text : {"", "-", "1.", ".5", "1e5", "0x1", "nan", "inf", "1,5", "1 "})
    EXPECT_EQ(why(parse_number, text), "") << text;
  EXPECT_EQ(to_text(0.1), "0.1");
  EXPECT_EQ(to_text(3.0), "3");
}

}  // namespace
}  // namespace sluice::config::amounts_test
