// The formats around a message: fields, targets, forms, media types, problems, events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/form.h"
#include "http/media_type.h"
#include "http/percent.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/sse.h"

namespace fermata::http {
namespace {

using testing::ElementsAre;

TEST(HeadersTest, names_compare_without_case) {
    Headers headers{{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}};
    EXPECT_EQ(headers.get("content-type"), "a");
    EXPECT_EQ(headers.joined("X"), "1, 2");
    EXPECT_FALSE(headers.find("Y"));
    headers.set("X", "3");
    EXPECT_EQ(headers.joined("x"), "3");
    headers.remove("CONTENT-TYPE");
    EXPECT_EQ(headers.size(), 1U);
}

TEST(HeadersTest, find_tokens_in_lists) {
    const Headers headers{{"Connection", "keep-alive , Upgrade"}, {"Connection", "x"}};
    EXPECT_TRUE(headers.has_token("connection", "upgrade"));
    EXPECT_TRUE(headers.has_token("connection", "X"));
    EXPECT_FALSE(headers.has_token("connection", "keep"));
}

TEST(RequestTest, target_is_split_and_decoded) {
    Request request;
    request.method = "GET";
    ASSERT_TRUE(assign_target(request, "/a%20b//c%2Fd/?x=1+2&y&x=%C3%A4"));
    EXPECT_EQ(request.path, "/a%20b//c%2Fd/");
    EXPECT_THAT(request.segments, ElementsAre("a b", "", "c/d", ""));
    EXPECT_THAT(request.query, ElementsAre(Field{"x", "1 2"}, Field{"y", ""}, Field{"x", "ä"}));
    EXPECT_EQ(request.query_value("x"), "1 2");
    EXPECT_FALSE(request.query_value("z"));
}

TEST(RequestTest, target_may_be_a_whole_url) {
    Request request;
    request.method = "GET";
    ASSERT_TRUE(assign_target(request, "HTTP://host:80/a?b=c"));
    EXPECT_EQ(request.path, "/a");
    ASSERT_TRUE(assign_target(request, "http://host"));
    EXPECT_EQ(request.path, "/");
    ASSERT_TRUE(assign_target(request, "http://host?b=c"));
    EXPECT_EQ(request.path, "/");
    EXPECT_EQ(request.query_value("b"), "c");
    EXPECT_FALSE(assign_target(request, "ftp://host/"));
    EXPECT_FALSE(assign_target(request, "*"));
}

struct FormCase {
    const char* text;
    Fields fields;
};

TEST(FormTest, parses_the_table) {
    const std::vector<FormCase> cases{
        {"", {}},
        {"a=1", {{"a", "1"}}},
        {"a=1&b=2&a=3", {{"a", "1"}, {"b", "2"}, {"a", "3"}}},
        {"a=x+y%2Bz", {{"a", "x y+z"}}},
        {"a", {{"a", ""}}},
        {"=b", {{"", "b"}}},
        {"a=b=c", {{"a", "b=c"}}},
        {"&&a=1&", {{"a", "1"}}},
        {"%C3%A4=%E2%82%AC", {{"ä", "€"}}},
        {"a=%00b", {{"a", std::string("\0b", 2)}}},
    };
    for (const FormCase& test : cases) {
        const auto fields = parse_form(test.text);
        ASSERT_TRUE(fields) << test.text;
        EXPECT_EQ(*fields, test.fields) << test.text;
    }
}

TEST(FormTest, refuses_bad_encoding_and_too_many_fields) {
    for (const char* bad : {"a=%", "a=%1", "a=%g1", "%=a", "a=1&b=%zz"}) {
        const auto fields = parse_form(bad);
        ASSERT_FALSE(fields) << bad;
        EXPECT_EQ(fields.error().code(), ErrorCode::kInvalidArgument);
    }
    std::string many;
    for (std::size_t i = 0; i < kFormFieldsMax; ++i) {
        many += "a&";
    }
    EXPECT_TRUE(parse_form(many));
    const auto too_many = parse_form(many + "a");
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().code(), ErrorCode::kTooLarge);
}

TEST(FormTest, format_is_the_reverse_of_parse) {
    const Fields fields{{"a b", "1&2=3"}, {"ä", "+%\n"}, {"", ""}, {"c", "  "}};
    EXPECT_EQ(format_form({{"a b", "c&d"}, {"e", ""}}), "a+b=c%26d&e=");
    EXPECT_EQ(*parse_form(format_form(fields)), fields);
}

TEST(PercentTest, keeps_unreserved_characters_only) {
    EXPECT_EQ(percent_encode("aZ9-._~ /ä"), "aZ9-._~%20%2F%C3%A4");
    EXPECT_EQ(percent_decode("a%2fb+c"), "a/b+c");
    EXPECT_FALSE(percent_decode("%"));
    EXPECT_FALSE(percent_decode("%4"));
    EXPECT_FALSE(percent_decode("%4x"));
}

TEST(MediaTypeTest, parses_type_and_charset) {
    const auto json = MediaType::parse(" Application/JSON ; charset=\"UTF-8\" ; x=y");
    ASSERT_TRUE(json);
    EXPECT_EQ(json->essence(), "application/json");
    EXPECT_EQ(json->charset, "utf-8");
    EXPECT_TRUE(json->is_json());
    EXPECT_TRUE(MediaType::parse("application/problem+json")->is_json());
    EXPECT_TRUE(MediaType::parse("application/scxml+xml")->is_xml());
    EXPECT_TRUE(MediaType::parse("text/xml")->is_xml());
    EXPECT_TRUE(MediaType::parse("application/x-www-form-urlencoded")->is_form());
    for (const char* bad : {"", "text", "/", "a/", "/b", "a b/c", "a/b/c"}) {
        EXPECT_FALSE(MediaType::parse(bad)) << bad;
    }
}

TEST(MediaTypeTest, accept_takes_the_most_specific_range) {
    EXPECT_TRUE(accepts("", "text/html"));
    EXPECT_TRUE(accepts("application/*, text/html;q=0.5", "text/html"));
    EXPECT_FALSE(accepts("application/json", "text/html"));
    EXPECT_FALSE(accepts("*/*, text/html;q=0", "text/html"));
    EXPECT_TRUE(accepts("text/*;q=0, text/html", "text/html"));
    EXPECT_EQ(media_type_of_file("a/index.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(media_type_of_file("a/b"), "application/octet-stream");
}

TEST(ProblemTest, is_json_with_what_is_known) {
    const Response response = to_response({404, {}, "no \"x\"\n\xff", "https://example.org/e"});
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
    EXPECT_EQ(response.body,
              "{\"type\":\"https://example.org/e\",\"title\":\"Not Found\",\"status\":404,"
              "\"detail\":\"no \\\"x\\\"\\u000a\xEF\xBF\xBD\"}");
}

TEST(SseTest, gives_each_line_of_data_a_field) {
    EXPECT_EQ(format_event("7", "state", "a\nb\r\nc\rd"),
              "id: 7\nevent: state\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
    EXPECT_EQ(format_event("", "", ""), "data: \n\n");
    EXPECT_EQ(format_event("1\ndata: x", "e\r\nf", "g"), "id: 1data: x\nevent: ef\ndata: g\n\n");
    EXPECT_EQ(format_comment("ping"), ": ping\n\n");
    // Neither hands out an event that was not complete.
    const std::chrono::milliseconds pause(1'000);
    EXPECT_EQ(format_farewell(pause, "moved"), "retry: 1000\n: moved\n");
    EXPECT_EQ(format_farewell(pause, "moved", true), "\nretry: 1000\n: moved\n");
}

}  // namespace
}  // namespace fermata::http
