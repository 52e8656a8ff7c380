#include "scxml/url.h"

#include <gtest/gtest.h>

namespace fermata::scxml {
namespace {

struct Case {
    const char* reference;
    const char* resolved;
};

// RFC 3986 5.4.1 and 5.4.2, but for what only matters to URLs of other schemes.
TEST(UrlTest, ResolvesTheExamplesOfRfc3986) {
    const Case cases[] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
    };
    for (const Case& example : cases) {
        EXPECT_EQ(resolve_url("http://a/b/c/d;p?q", example.reference), example.resolved)
            << example.reference;
    }
}

TEST(UrlTest, ResolvesAgainstFilesAndAuthoritiesWithoutPath) {
    EXPECT_EQ(resolve_url("file:///srv/a/main.scxml", "b.js"), "file:///srv/a/b.js");
    EXPECT_EQ(resolve_url("http://host", "b.js"), "http://host/b.js");
    EXPECT_EQ(resolve_url("document:order", "b.js"), "document:b.js");
    EXPECT_EQ(resolve_url("file:///a", "HTTP://host/x"), "http://host/x");
}

TEST(UrlTest, EncodesWhatNoUrlMayHold) {
    EXPECT_EQ(resolve_url("file:///a/b", "my file.js"), "file:///a/my%20file.js");
    EXPECT_EQ(resolve_url("file:///a/b", "D:\\foo"), "d:%5Cfoo");
    EXPECT_EQ(resolve_url("file:///a/b", "\xc3\xa4%20"), "file:///a/%C3%A4%20");
}

}  // namespace
}  // namespace fermata::scxml
