// SPDX-License-Identifier: Apache-2.0
// Amounts with a unit: reading and writing of Duration, Size, Rate and Percent as text. Apart from the binder
// they serve whoever shows such a value to people.
#pragma once
#include <string>
#include <string_view>

#include "gateway/config/shape.h"
#include "gateway/config/values.h"

namespace sluice::config {

// The refusal's message is the reason alone ("add a unit"), empty when the text is something else altogether;
// the value is left alone then.
Refusal parse_duration(std::string_view text, Duration& out);
Refusal parse_size(std::string_view text, Size& out);
Refusal parse_rate(std::string_view text, Rate& out);
Refusal parse_percent(std::string_view text, Percent& out);
// Digits with an optional fraction and sign.
Refusal parse_number(std::string_view text, double& out);

// In the largest unit that needs no fraction: "90s", "64KiB", "100/min", "0.5%".
std::string to_text(Duration value);
std::string to_text(Size value);
std::string to_text(Rate value);
std::string to_text(Percent value);
std::string to_text(double value);

}  // namespace sluice::config
