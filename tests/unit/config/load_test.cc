// SPDX-License-Identifier: Apache-2.0
// Files: reading, including, merging.
#include "gateway/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_environment.h"
#include "tests/unit/config/sample.h"

namespace sluice::config::load_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Load : public testing::Test {
 protected:
  void load_file(const std::string& path = "conf/main.yaml") {
    document_.emplace(load(path, diagnostics_, environment_));
  }
  std::vector<std::string> wrong() {
    std::vector<std::string> out;
    for (const Diagnostic& d : diagnostics_.sorted())
      out.push_back(diagnostics_.sources().text(d.place) + ' ' + d.message +
                    (d.hint.empty() ? "" : " | " + d.hint));
    return out;
  }
  std::string text(std::string_view path) {
    const Node* node = document_->find(path);
    return node ? std::string(node->text()) : "(none)";
  }
  test::FakeEnvironment environment_;
  std::map<std::string, std::string>& files_ = environment_.files;
  Diagnostics diagnostics_;
  std::optional<Document> document_;
};

TEST_F(Load, ReadsAFile) {
  files_["conf/main.yaml"] = "a: x\n";
  load_file();

  EXPECT_THAT(wrong(), IsEmpty());
  EXPECT_EQ(text("a"), "x");
  EXPECT_TRUE(document_->complete());
  EXPECT_THAT(document_->files(), ElementsAre("conf/main.yaml"));
}

TEST_F(Load, SaysThatAFileCannotBeRead) {
  load_file();

  EXPECT_EQ(diagnostics_.text(), "conf/main.yaml: error: cannot read the file: No such file or directory\n");
  EXPECT_EQ(document_->root(), nullptr);
  EXPECT_FALSE(document_->complete());
}

TEST_F(Load, JoinsListsAndMappingsOfIncludedFiles) {
  files_["conf/main.yaml"] = "include: [a.yaml, sub/b.yaml]\nroutes: [r0]\nupstreams: {u0: x}\nversion: 1\n";
  files_["conf/a.yaml"] = "routes: [r1, r2]\nupstreams: {u1: y}\nversion: 1\n";
  files_["conf/sub/b.yaml"] = "routes: [r3]\nextra: z\n";
  load_file();

  EXPECT_THAT(wrong(), IsEmpty());
  EXPECT_EQ(text("routes[0]"), "r0");
  EXPECT_EQ(text("routes[2]"), "r2");
  EXPECT_EQ(text("routes[3]"), "r3");
  EXPECT_EQ(text("upstreams.u1"), "y");
  EXPECT_EQ(text("extra"), "z");
  EXPECT_EQ(text("version"), "1");
  EXPECT_EQ(document_->find("include"), nullptr);
  EXPECT_EQ(document_->sources().text(document_->place("routes[3]")), "conf/sub/b.yaml:1:10");
  EXPECT_EQ(document_->path_of(*document_->find("routes[3]")), "routes[3]");
  EXPECT_EQ(document_->path_of(*document_->find("upstreams.u1")), "upstreams.u1");
  EXPECT_THAT(document_->files(), ElementsAre("conf/main.yaml", "conf/a.yaml", "conf/sub/b.yaml"));
}

TEST_F(Load, IncludesOneFileWithoutBrackets) {
  files_["conf/main.yaml"] = "include: /etc/a.yaml\n";
  files_["/etc/a.yaml"] = "a: x\n";
  load_file();

  EXPECT_THAT(wrong(), IsEmpty());
  EXPECT_EQ(text("a"), "x");
}

TEST_F(Load, IncludesWhatAPatternMatchesButNotTheFileItself) {
  files_["conf/main.yaml"] = "include: [\"*.yaml\"]\na: 1\n";
  files_["conf/b.yaml"] = "b: 2\n";
  environment_.globs["conf/*.yaml"] = {"conf/b.yaml", "conf/main.yaml"};
  load_file();

  EXPECT_THAT(wrong(), IsEmpty());
  EXPECT_EQ(text("b"), "2");
}

TEST_F(Load, WarnsOfAPatternThatMatchesNothing) {
  files_["conf/main.yaml"] = "include: [\"d/*.yaml\"]\na: 1\n";
  load_file();

  EXPECT_THAT(wrong(), ElementsAre("conf/main.yaml:1:11 no file matches conf/d/*.yaml"));
  EXPECT_FALSE(diagnostics_.has_errors());
  EXPECT_TRUE(document_->complete());
}

TEST_F(Load, SaysThatADirectoryCannotBeRead) {
  files_["conf/main.yaml"] = "include: d/*.yaml\na: 1\n";
  environment_.failing_globs["conf/d/*.yaml"] = "Permission denied";
  load_file();

  EXPECT_THAT(wrong(), ElementsAre("conf/main.yaml:1:10 cannot look for conf/d/*.yaml: Permission denied"));
}

TEST_F(Load, RemembersHowAFileIsConfined) {
  files_["conf/main.yaml"] = "include: [a.yaml, {files: [b.yaml], confine: {path: /b}}]\nlist: [m]\n";
  files_["conf/a.yaml"] = "list: [a]\n";
  files_["conf/b.yaml"] = "list: [b]\ninclude: {files: c.yaml, confine: {path: /c}}\n";
  files_["conf/c.yaml"] = "list: [c]\n";
  load_file();

  EXPECT_THAT(wrong(), IsEmpty());
  auto confined = [&](std::string_view path) {
    std::string out;
    for (const Node* confine : document_->confinements(document_->place(path)))
      out += confine->find("path")->text();
    return out;
  };
  EXPECT_EQ(confined("list[0]"), "");
  EXPECT_EQ(confined("list[1]"), "");
  EXPECT_EQ(confined("list[2]"), "/b");
  EXPECT_EQ(confined("list[3]"), "/b/c");
}

TEST_F(Load, RefusesToIncludeAFileOnceMoreButConfined) {
  files_["conf/main.yaml"] = "include: [a.yaml, {files: a.yaml, confine: {path: /a}}]\n";
  files_["conf/a.yaml"] = "a: 1\n";
  load_file();

  EXPECT_THAT(diagnostics_.text(), HasSubstr("is included already, and would not be confined"));
}

TEST_F(Load, SaysWhatIsWrongWithAnIncludeOfSeveralSettings) {
  files_["conf/main.yaml"] = "include: [{file: a.yaml}]\nx: 1\n";
  load_file();

  EXPECT_THAT(diagnostics_.text(), HasSubstr("unknown setting `file`"));
  EXPECT_THAT(diagnostics_.text(), HasSubstr("`files` is missing"));
}

TEST_F(Load, SaysWhichIncludedFileCannotBeRead) {
  files_["conf/main.yaml"] = "a: 1\ninclude:\n  - gone.yaml\n";
  load_file();

  EXPECT_THAT(wrong(),
              ElementsAre("conf/main.yaml:3:5 cannot read conf/gone.yaml: No such file or directory"));
  EXPECT_FALSE(document_->complete());
  EXPECT_EQ(text("a"), "1");
}

TEST_F(Load, ReportsErrorsOfEveryFileAtOnce) {
  files_["conf/main.yaml"] = "include: [a.yaml, b.yaml]\nx: 1\nx: 2\n";
  files_["conf/a.yaml"] = "b: [c\n";
  files_["conf/b.yaml"] = "- list\n";
  load_file();

  EXPECT_THAT(
      wrong(),
      ElementsAre(HasSubstr("conf/main.yaml:3:1 `x` is written twice"),
                  HasSubstr("conf/a.yaml:1:4 the list [...] that begins here does not end"),
                  HasSubstr("conf/b.yaml:1:1 expected a mapping at the top of the file, got a list")));
}

TEST_F(Load, AcceptsAnIncludedFileInWhichAllIsCommentedOut) {
  files_["conf/main.yaml"] = "include: a.yaml\nx: 1\n";
  files_["conf/a.yaml"] = "# nothing\n";
  load_file();

  EXPECT_THAT(wrong(), IsEmpty());
}

TEST_F(Load, NamesBothPlacesOfADuplicateAcrossFiles) {
  files_["conf/main.yaml"] = "include: a.yaml\nupstreams:\n  orders: x\nversion: 1\nlist: [a]\n";
  files_["conf/a.yaml"] = "upstreams:\n  users: y\n  orders: z\nversion: 2\nlist: {}\n";
  load_file();

  EXPECT_THAT(
      wrong(),
      ElementsAre(
          "conf/a.yaml:3:3 `orders` is defined twice | first at conf/main.yaml:3:3",
          "conf/a.yaml:4:10 `version` says something else in another file | first at conf/main.yaml:4:10",
          "conf/a.yaml:5:7 `list` says something else in another file | first at conf/main.yaml:5:7"));
  EXPECT_EQ(text("upstreams.orders"), "x");
  EXPECT_EQ(text("upstreams.users"), "y");
}

TEST_F(Load, DoesNotTakeTwoSecretsForTheSameBeforeTheyAreKnown) {
  environment_.secrets["kv/data/a"].fields = {{"pin", "1234"}};
  files_["conf/main.yaml"] = "include: a.yaml\nx: \"${vault:kv/data/a#pin}\"\n";
  files_["conf/a.yaml"] = "x: \"${vault:kv/data/b#pin}\"\n";
  load_file();

  EXPECT_THAT(wrong(), ElementsAre(HasSubstr("`x` says something else in another file")));
}

TEST_F(Load, JoinsWithSectionsThatAreEmptyInOneFile) {
  files_["conf/main.yaml"] = "include: a.yaml\nroutes:\n";
  files_["conf/a.yaml"] = "routes: [r]\n";
  load_file();

  EXPECT_THAT(wrong(), IsEmpty());
  EXPECT_EQ(text("routes[0]"), "r");
}

TEST_F(Load, FollowsIncludesOfIncludedFilesRelativeToThem) {
  files_["conf/main.yaml"] = "include: sub/a.yaml\n";
  files_["conf/sub/a.yaml"] = "include: b.yaml\nx: ${file:key}\n";
  files_["conf/sub/b.yaml"] = "b: 1\n";
  files_["conf/sub/key"] = "k\n";
  load_file();

  EXPECT_THAT(wrong(), IsEmpty());
  EXPECT_EQ(text("b"), "1");
  EXPECT_EQ(text("x"), "k");
}

TEST_F(Load, RefusesCircles) {
  files_["conf/main.yaml"] = "include: a.yaml\n";
  files_["conf/a.yaml"] = "include: ../conf/main.yaml\n";
  load_file();

  EXPECT_THAT(wrong(),
              ElementsAre("conf/a.yaml:1:10 a file must not include itself: conf/main.yaml -> conf/a.yaml -> "
                          "conf/main.yaml"));
}

TEST_F(Load, ReadsAFileOnceAndSaysSo) {
  files_["conf/main.yaml"] = "include: [a.yaml, ./a.yaml]\n";
  files_["conf/a.yaml"] = "a: 1\n";
  load_file();

  EXPECT_THAT(wrong(), ElementsAre("conf/main.yaml:1:19 conf/./a.yaml is included already | first at "
                                   "conf/main.yaml:1:11"));
  EXPECT_FALSE(diagnostics_.has_errors());
}

TEST_F(Load, RefusesIncludesThatAreNoNames) {
  files_["conf/main.yaml"] = "include: [{a: b}, '', \"${env:X}\"]\nx: 1\n";
  environment_.variables["X"] = "secret.yaml";
  load_file();

  EXPECT_THAT(wrong(),
              ElementsAre(HasSubstr("1:11 `files` is missing"), HasSubstr("1:12 unknown setting `a`"),
                          HasSubstr("1:19 expected the name of a file or a pattern"),
                          HasSubstr("1:23 the name of an included file cannot come from ${env:}")));

  diagnostics_ = Diagnostics();
  files_["conf/main.yaml"] = "include: {a: b}\nx: 1\n";
  load_file();
  EXPECT_THAT(wrong(),
              ElementsAre(HasSubstr("1:10 `files` is missing"), HasSubstr("1:11 unknown setting `a`")));
}

TEST_F(Load, DoesNotCheckReferencesWhenAFileIsMissing) {
  files_["conf/main.yaml"] = "version: 1\ninclude: gone.yaml\nroutes: [{name: a, to: defined-in-gone}]\n";
  load_file();
  bind<sample::Root>(*document_, diagnostics_);

  EXPECT_THAT(wrong(), ElementsAre(HasSubstr("cannot read conf/gone.yaml")));
}

}  // namespace
}  // namespace sluice::config::load_test
