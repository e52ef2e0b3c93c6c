// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::registry_test {
namespace {

using base::Task;
using testing::HasSubstr;

struct TagSettings {
  std::string text = "default";
  bool operator==(const TagSettings&) const = default;
};
void describe(config::Description<TagSettings>& d) {
  d.about("test_tag", "Adds a tag.");
  d.field("text", &TagSettings::text, "The tag.");
}

struct AloneSettings : TagSettings {
  static AnswerFrom answer_from() { return AnswerFrom::gateway; }
};
void describe(config::Description<AloneSettings>& d) { d.about("test_alone", "Asks nobody."); }

// Has all hooks, and is built from its settings alone.
struct TagFilter : Filter {
  explicit TagFilter(const TagSettings& c) : text(c.text) {}
  Task<Step> on_request(Exchange& ex) const override {
    ex.request.fields.add("Tag", text);
    return Step::next;
  }
  Task<void> on_response(Exchange&) const override { return {}; }
  void on_done(const Exchange&) const noexcept override {}
  std::string text;
};
// Inherits the request hook and has no other.
struct RequestOnly : Filter {
  RequestOnly(const TagSettings&, Builder& builder) { builder.warning("text", "seen by the builder"); }
  Task<Step> on_request(Exchange&) const override { return Step::next; }
};
struct DoneOnly final : Filter {
  explicit DoneOnly(const TagSettings&) {}
  void on_done(const Exchange&) const noexcept override {}
};
struct Inheriting final : RequestOnly {
  using RequestOnly::RequestOnly;
};
struct TagHandler final : Handler {
  explicit TagHandler(const TagSettings& c) : text(c.text) {}
  Task<base::Result<void>> answer(Exchange& ex) const override {
    ex.response.status = 200;
    ex.response.fields.add("Tag", text);
    return base::Result<void>();
  }
  std::string text;
};

const FilterKind<TagFilter, TagSettings> kTag{"test_tag", Stage::shape, "Adds a tag.", "{text: a}"};
const FilterKind<RequestOnly, TagSettings> kOnly{"test_request_only", Stage::admit, "Nothing much."};
const HandlerKind<TagHandler, TagSettings> kHandler{"test_tag_handler", "Answers with a tag."};
const HandlerKind<TagHandler, AloneSettings> kAlone{"test_alone", "Asks nobody."};

TEST(Registry, FindsOutWhichHooksAFilterHas) {
  constexpr Hooks all = hooks_of<TagFilter>(), request = hooks_of<RequestOnly>(), done = hooks_of<DoneOnly>(),
                  inherited = hooks_of<Inheriting>();

  EXPECT_TRUE(all.request && all.response && all.done);
  EXPECT_TRUE(request.request && !request.response && !request.done);
  EXPECT_TRUE(!done.request && !done.response && done.done);
  EXPECT_TRUE(inherited.request && !inherited.response);
}

TEST(Registry, BuildsAFilterFromItsYaml) {
  auto built = test::filter("test_tag: {text: hello}");

  ASSERT_EQ(built.problems, "");
  EXPECT_EQ(dynamic_cast<const TagFilter&>(built.get()).text, "hello");
  EXPECT_TRUE(built.hooks.request && built.hooks.response && built.hooks.done);
  EXPECT_EQ(filter_factory("test_tag").stage, Stage::shape);
}

TEST(Registry, BuildsAHandlerFromItsYaml) {
  auto built = test::handler("test_tag_handler: {text: hello}");

  ASSERT_EQ(built.problems, "");
  EXPECT_EQ(dynamic_cast<const TagHandler&>(built.get()).text, "hello");
}

TEST(Registry, KnowsWhoMakesAnAnswerIfTheSettingsSay) {
  EXPECT_EQ(handler_factory("test_tag_handler").answer_from, AnswerFrom::several);
  EXPECT_EQ(handler_factory("test_alone").answer_from, AnswerFrom::gateway);
}

TEST(Registry, HandsTheBuilderToWhoeverTakesIt) {
  auto built = test::filter("test_request_only: {}");

  EXPECT_EQ(built.problems, "warning: text: seen by the builder\n");
}

TEST(Registry, RefusesAKindThatNobodyRegistered) {
  EXPECT_THAT(test::filter("test_tga: {}").problems, HasSubstr("did you mean \"test_tag\"?"));
}

TEST(Registry, NamesTheLinkAsThePolicy) {
  std::string problems;
  test::FakeBuilder builder;

  Link link = make_link(test::bound("test_tag: {}", problems).filter, "my-tag", builder);

  EXPECT_EQ(link.name, "my-tag");
}

TEST(Registry, SaysWhatAFilterNeedsOnlyWhenItsSettingsCan) { EXPECT_FALSE(filter_factory("test_tag").needs); }

}  // namespace
}  // namespace sluice::chain::registry_test
