// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "gateway/chain/as_asked.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::handlers::respond_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;

// Answers with the handler `yaml`; what is wrong with the settings, or "".
std::string answer(std::string_view yaml, FakeExchange& fake, std::vector<std::string> captures = {}) {
  auto built = test::handler(yaml, std::move(captures));
  if (!built.problems.empty()) return built.problems;
  auto answered = built.get().answer(fake.ex);
  EXPECT_TRUE(answered.await_ready()) << "nothing to wait for";
  EXPECT_TRUE(answered.await_resume());
  fake.stream.sent_body = fake.body();  // while the handler, which owns constant texts, is there
  fake.stream.interim.clear();
  fake.stream.sent_status = fake.response().status;
  return test::lines(fake.response().fields) + "\n" + fake.stream.sent_body;
}

std::string problems(std::string_view yaml) { return test::handler(yaml).problems; }

TEST(Respond, AnswersWithStatusFieldsAndBody) {
  FakeExchange fake;

  EXPECT_EQ(answer("respond: {status: 418, headers: {X-Tea: pot}, body: short and stout}", fake),
            "Content-Type: text/plain; charset=utf-8\nX-Tea: pot\n\nshort and stout");
  EXPECT_EQ(fake.response().status, 418);
  EXPECT_TRUE(fake.ex.answered_locally);
  EXPECT_EQ(fake.ex.reason, base::Reason::none);
}

TEST(Respond, AnswersTwoHundredWithoutAnything) {
  FakeExchange fake;

  EXPECT_EQ(answer("respond: {}", fake), "\n");
  EXPECT_EQ(fake.response().status, 200);
  EXPECT_EQ(fake.ex.response_body, nullptr);
}

TEST(Respond, TakesABareStatus) {
  FakeExchange fake;

  EXPECT_EQ(answer("respond: 204", fake), "\n");
  EXPECT_EQ(fake.response().status, 204);
}

TEST(Respond, TellsTheClientNothingThatFiltersHavePutIn) {
  FakeExchange fake("/a?b=c");
  chain::keep_line(fake.ex);
  fake.request().path = "/internal";
  fake.request().query = "b=c&key=secret";

  EXPECT_EQ(answer("respond: {headers: {X-Path: \"${request.path}\"}, body: \"${request.uri} ${query.key}\"}",
                   fake),
            "Content-Type: text/plain; charset=utf-8\nX-Path: /a\n\n/a?b=c ");
}

TEST(Respond, SendsJson) {
  FakeExchange fake;

  EXPECT_EQ(answer("respond: {json: {ok: true, list: [1, a]}}", fake),
            "Content-Type: application/json\n\n{\"ok\":true,\"list\":[1,\"a\"]}");
}

TEST(Respond, FillsVariablesIntoJsonSoThatTheyStayTexts) {
  FakeExchange fake("/?q=%22%7D%0A");

  EXPECT_EQ(answer("respond: {json: {q: \"<${query.q}>\", ip: \"${client.ip}\"}}", fake),
            "Content-Type: application/json\n\n{\"q\":\"<\\\"}\\n>\",\"ip\":\"192.0.2.7\"}");
}

TEST(Respond, FillsVariablesIntoBodyAndFields) {
  FakeExchange fake("/hello/x?n=<b>");
  fake.captures({{"name", "caf%C3%A9"}});

  EXPECT_EQ(answer("respond: {body: \"hello ${path.name} ${query.n}\", headers: {X-Name: \"${path.name}\"}}",
                   fake, {"name"}),
            "Content-Type: text/plain; charset=utf-8\nX-Name: caf\xC3\xA9\n\nhello caf\xC3\xA9 <b>");
}

TEST(Respond, EscapesValuesForTheTypeOfTheBody) {
  FakeExchange html("/?n=<b>"), xml("/?n=<b>"), json("/?n=\"");

  EXPECT_THAT(answer("respond: {body: \"<p>${query.n}</p>\", content_type: TEXT/HTML}", html),
              HasSubstr("<p>&lt;b&gt;</p>"));
  EXPECT_THAT(answer("respond: {body: \"<p>${query.n}</p>\", content_type: image/svg+xml}", xml),
              HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(answer("respond: {body: '{\"n\":\"${query.n}\"}', content_type: application/json}", json),
              HasSubstr("{\"n\":\"\\\"\"}"));
}

// A file of its own, gone at the end.
class File {
 public:
  File(std::string ending, std::string_view content)
      : path_(testing::TempDir() + "sluice_respond_" + std::to_string(::getpid()) + ending) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~File() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Respond, SendsAFileAsItWasAtLoad) {
  FakeExchange fake;
  File file(".HTML", std::string("<p>${path.id}\0</p>", 18));

  EXPECT_EQ(answer("respond: {status: 503, file: " + file.path() + "}", fake),
            "Content-Type: text/html; charset=utf-8\n\n" + std::string("<p>${path.id}\0</p>", 18));
}

TEST(Respond, SendsAFileOfUnknownKindAsBytesUnlessToldOtherwise) {
  FakeExchange one, two;
  File file(".bin", "x");

  EXPECT_THAT(answer("respond: {file: " + file.path() + "}", one), HasSubstr("application/octet-stream"));
  EXPECT_EQ(answer("respond: {file: " + file.path() + ", content_type: a/b}", two), "Content-Type: a/b\n\nx");
}

TEST(Respond, ComplainsAboutAFileThatCannotBeRead) {
  EXPECT_THAT(problems("respond: {file: /nowhere/at/all.html}"),
              HasSubstr("error: file: /nowhere/at/all.html cannot be read: No such file or directory"));
  EXPECT_THAT(problems("respond: {file: /}"), HasSubstr("cannot be read"));
}

TEST(Respond, AnswersWithATextOfAFileThatMayUseVariables) {
  File file(".html", "<p>${query.q}</p>"), broken(".txt", "${nothing}");
  FakeExchange fake("/?q=%3Cb%3E");

  EXPECT_EQ(answer("respond: {template: " + file.path() + "}", fake),
            "Content-Type: text/html; charset=utf-8\n\n<p>&lt;b&gt;</p>");
  EXPECT_THAT(problems("respond: {template: " + broken.path() + "}"),
              HasSubstr("`nothing` is no variable (at character 1 of the file)"));
  EXPECT_THAT(problems("respond: {template: /nowhere.txt}"),
              HasSubstr("error: template: /nowhere.txt cannot"));
}

TEST(Respond, RefusesSettingsThatMakeNoSense) {
  EXPECT_THAT(problems("respond: {status: 204, body: x}"), HasSubstr("has no body"));
  EXPECT_THAT(problems("respond: {status: 100}"), HasSubstr("at least 200"));
  EXPECT_THAT(problems("respond: {status: 600}"), HasSubstr("at most 599"));
  EXPECT_NE(problems("respond: {body: x, json: {}}"), "");
  EXPECT_THAT(problems("respond: {content_type: a/b}"), HasSubstr("no body"));
  EXPECT_THAT(problems("respond: {headers: {Content-Length: 5}}"), HasSubstr("belongs to the connection"));
  EXPECT_THAT(problems("respond: {body: x, headers: {Content-Type: a/b}}"), HasSubstr("use `content_type`"));
  EXPECT_THAT(problems("respond: {json: {a: \"${pth.x}\"}}"), HasSubstr("`pth.x` is no variable"));
  EXPECT_THAT(problems("respond: {body: \"${path.x}\"}"),
              HasSubstr("error: body: the path of this route captures no"));
  EXPECT_THAT(problems("respond: {json: [\"${path.x}\"]}"), HasSubstr("error: json: the path of this route"));
}

TEST(Respond, TakesThePlaceOfFieldsThatWereThere) {
  FakeExchange fake;
  fake.response().fields.add("X-Old", "1");

  EXPECT_EQ(answer("respond: {headers: {X-New: 2}}", fake), "X-New: 2\n\n");
}

}  // namespace
}  // namespace sluice::handlers::respond_test
