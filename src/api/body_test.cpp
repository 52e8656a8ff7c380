#include "api/body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json_writer.h"

namespace fermata::api {
namespace {

http::Request request_with(const std::string& type, const std::string& body) {
    http::Request request;
    request.method = "POST";
    request.headers.set("Content-Type", type);
    request.body = body;
    return request;
}

TEST(BodyTest, AMistypedMemberIsRefusedByName) {
    const auto members =
        read_members(request_with("application/json", R"({"name_":"x"})"), {"name", "data"});

    ASSERT_FALSE(members);
    EXPECT_EQ(members.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(members.error().message(),
                testing::HasSubstr("unknown member 'name_'; known are name, data"));
}

TEST(BodyTest, AnEmptyBodyIsAnEmptyObject) {
    const auto members = read_members(request_with("application/json", ""), {"name"});

    ASSERT_TRUE(members);
    EXPECT_TRUE(members->empty());
}

TEST(BodyTest, ABodyThatIsNoObjectIsRefused) {
    EXPECT_FALSE(read_members(request_with("application/json", "[1]"), {"name"}));
    EXPECT_FALSE(read_members(request_with("application/json", "{"), {"name"}));
}

TEST(BodyTest, NumbersMustBeWholeAndNotNegative) {
    const auto members =
        read_members(request_with("application/json", R"({"a":5,"b":-1,"c":1.5,"d":"5"})"),
                     {"a", "b", "c", "d"});
    ASSERT_TRUE(members);

    EXPECT_EQ(whole_number_of(*members, "a").value(), 5);
    EXPECT_EQ(whole_number_of(*members, "missing").value(), 0);
    EXPECT_FALSE(whole_number_of(*members, "b"));
    EXPECT_FALSE(whole_number_of(*members, "c"));
    EXPECT_FALSE(whole_number_of(*members, "d"));
}

struct DataCase {
    std::string name;
    std::string type;
    std::string body;
    std::string json;
};

class DataTest : public testing::TestWithParam<DataCase> {};

TEST_P(DataTest, FollowsTheContentType) {
    const auto data = read_data(request_with(GetParam().type, GetParam().body));

    ASSERT_TRUE(data);
    EXPECT_EQ(data->to_json(), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(Types, DataTest,
                         testing::Values(DataCase{"json", "application/json", R"({"a":[1,2]})",
                                                  R"({"a":[1,2]})"},
                                         DataCase{"form", "application/x-www-form-urlencoded",
                                                  "a=1&b=x+y&a=2", R"({"a":["1","2"],"b":"x y"})"},
                                         DataCase{"text", "text/plain", "hello", "\"hello\""},
                                         DataCase{"nothing", "text/plain", "", "null"}),
                         [](const auto& param) { return param.param.name; });

TEST(DataTest, TheQueryIsTheDataOfARequestWithoutABody) {
    http::Request request;
    request.query = {{"a", "1"}};

    EXPECT_EQ(read_data(request)->to_json(), R"({"a":"1"})");
}

TEST(JsonWriterTest, PutsCommasBetweenMembersAndElements) {
    JsonWriter json;

    json.begin_object()
        .member("a", 1)
        .key("b")
        .begin_array()
        .text("x\"")
        .boolean(true)
        .end_array()
        .member("c", "d");
    json.end_object();

    EXPECT_EQ(json.json(), R"({"a":1,"b":["x\"",true],"c":"d"})");
}

}  // namespace
}  // namespace fermata::api
