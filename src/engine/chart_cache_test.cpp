#include "engine/chart_cache.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/document_bundle.h"
#include "engine/scripted_outside.h"
#include "store/memory_store.h"

namespace fermata::engine {
namespace {

using std::chrono::milliseconds;

constexpr const char* kUrl = "http://a/chart.scxml";
constexpr const char* kPart = "http://a/part.js";

std::string chart_text(const std::string& name, const std::string& inside = "") {
    return "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\" name=\"" + name +
           "\" datamodel=\"ecmascript\">" + inside + "<state id=\"s\"/></scxml>";
}

std::string with_script(const std::string& name) {
    return chart_text(name, "<script src=\"part.js\"/>");
}

class ChartCacheTest : public testing::Test {
  protected:
    using Load = std::function<void(ChartCache&, ChartDone)>;

    ChartCache& cache() {
        if (cache_ == nullptr) {
            cache_ = std::make_unique<ChartCache>(options_, store_, outside_, clock_);
        }
        return *cache_;
    }
    void forget_all() { cache_.reset(); }

    static Result<ChartAnswer> wait(const std::function<void(ChartDone)>& load) {
        Result<ChartAnswer> result = Error(ErrorCode::kInternal, "not answered");
        load([&](Result<ChartAnswer> answer) { result = std::move(answer); });
        return result;
    }
    Result<ChartAnswer> load_url(const std::string& url) {
        return wait([&](ChartDone done) { cache().load_url(url, std::move(done)); });
    }
    Result<ChartAnswer> load_text(const std::string& text, const std::string& base = "") {
        return wait([&](ChartDone done) { cache().load_text(text, base, std::move(done)); });
    }
    Result<ChartAnswer> load_hash(const std::string& hash) {
        return wait([&](ChartDone done) { cache().load_hash(hash, std::move(done)); });
    }
    Result<PutDocumentAnswer> put(const std::string& name, const std::string& text) {
        Result<PutDocumentAnswer> result = Error(ErrorCode::kInternal, "not answered");
        cache().put_document(name, text,
                             [&](Result<PutDocumentAnswer> answer) { result = std::move(answer); });
        return result;
    }
    std::optional<std::string> stored(const std::string& hash) {
        std::optional<std::string> bytes;
        store_.find_document(
            hash, [&](Result<std::optional<std::string>> found) { bytes = found.value(); });
        return bytes;
    }

    ManualClock clock_;
    store::MemoryStore store_;
    ScriptedOutside outside_;
    ChartCacheOptions options_;
    std::unique_ptr<ChartCache> cache_;
};

TEST_F(ChartCacheTest, ATextIsCompiledOnceAndItsChartShared) {
    const auto first = load_text(chart_text("one"));
    const auto second = load_text(chart_text("one"));
    const auto other = load_text(chart_text("two"));

    ASSERT_TRUE(first && second && other);
    ASSERT_NE(first->chart, nullptr);
    EXPECT_EQ(first->chart, second->chart);
    EXPECT_NE(first->chart, other->chart);
    EXPECT_EQ(cache().chart_count(), 2U);
    EXPECT_EQ(cache().load_count(), 0U);
}

TEST_F(ChartCacheTest, WhatIsAnsweredIsInTheStore) {
    outside_.serve(kUrl, with_script("c"), "", 0);
    outside_.serve(kPart, "var x = 1;", "", 0);

    const auto answer = load_url(kUrl);

    ASSERT_TRUE(answer) << answer.error().to_string();
    ASSERT_NE(answer->chart, nullptr);
    const auto bundle = decode_bundle(stored(answer->chart->hash()).value());
    ASSERT_TRUE(bundle);
    EXPECT_EQ(bundle->document.url, kUrl);
    EXPECT_EQ(bundle->document.bytes, with_script("c"));
    EXPECT_EQ(**bundle->resources.find(kPart), "var x = 1;");
}

TEST_F(ChartCacheTest, RecoveryNeedsOnlyTheStore) {
    outside_.serve(kUrl, with_script("c"), "", 0);
    outside_.serve(kPart, "var x = 1;", "", 0);
    const std::string hash = load_url(kUrl)->chart->hash();
    forget_all();
    outside_.fail(kUrl, Error(ErrorCode::kUnavailable, "down"));
    outside_.fail(kPart, Error(ErrorCode::kUnavailable, "down"));

    const auto answer = load_hash(hash);

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->chart->hash(), hash);
    EXPECT_EQ(answer->chart->url(), kUrl);
}

TEST_F(ChartCacheTest, UnknownAndDamagedStoredDocumentsAreErrors) {
    const std::string hash = load_text(chart_text("one"))->chart->hash();
    store_.put_document(std::string(64, '1'), stored(hash).value(), [](const Result<bool>&) {});
    store_.put_document(std::string(64, '2'), "rubbish", [](const Result<bool>&) {});

    EXPECT_EQ(load_hash(std::string(64, '0')).error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(load_hash(std::string(64, '1')).error().code(), ErrorCode::kCorrupt);
    EXPECT_EQ(load_hash(std::string(64, '2')).error().code(), ErrorCode::kCorrupt);
}

TEST_F(ChartCacheTest, AFreshUrlIsNotAskedForAgain) {
    outside_.serve(kUrl, with_script("c"), "e", 1000);
    outside_.serve(kPart, "var x = 1;", "e", 500);

    const auto first = load_url(kUrl);
    clock_.advance(milliseconds(499));
    const auto second = load_url(kUrl);
    EXPECT_EQ(outside_.requests(), 2U);

    clock_.advance(milliseconds(1));
    const auto third = load_url(kUrl);

    EXPECT_EQ(outside_.requests(), 3U);  // only the part was stale
    EXPECT_EQ(outside_.last_request().url, kPart);
    EXPECT_EQ(first->chart, second->chart);
    EXPECT_EQ(first->chart, third->chart);
}

TEST_F(ChartCacheTest, AChangedIncludeMakesANewChartAndOldSessionsKeepTheirs) {
    outside_.serve(kUrl, with_script("c"), "", 0);
    outside_.serve(kPart, "var x = 1;", "", 0);
    const auto before = load_url(kUrl);

    outside_.serve(kPart, "var x = 2;", "", 0);
    const auto after = load_url(kUrl);

    EXPECT_NE(before->chart->hash(), after->chart->hash());
    EXPECT_EQ(load_hash(before->chart->hash())->chart, before->chart);
    EXPECT_EQ(load_hash(after->chart->hash())->chart, after->chart);
}

TEST_F(ChartCacheTest, OneLoadIsUnderWayForAll) {
    outside_.serve(kUrl, chart_text("c"), "", 0);
    outside_.hold();
    std::vector<std::shared_ptr<const scxml::Chart>> charts;
    for (int number = 0; number < 5; ++number) {
        cache().load_url(
            kUrl, [&](Result<ChartAnswer> answer) { charts.push_back(answer.value().chart); });
    }
    EXPECT_EQ(cache().load_count(), 1U);

    outside_.release();

    EXPECT_EQ(outside_.requests(), 1U);
    ASSERT_EQ(charts.size(), 5U);
    EXPECT_EQ(charts.front(), charts.back());
    EXPECT_EQ(cache().load_count(), 0U);
}

TEST_F(ChartCacheTest, LoadsUnderWayAreBounded) {
    options_.loads_max = 1;
    outside_.hold();
    cache().load_url("http://a/1", [](const Result<ChartAnswer>&) {});

    EXPECT_EQ(load_url("http://a/2").error().code(), ErrorCode::kOverloaded);

    outside_.release();
}

TEST_F(ChartCacheTest, ADocumentThatCannotBeHadIsAnError) {
    EXPECT_EQ(load_url(kUrl).error().code(), ErrorCode::kNotFound);
}

TEST_F(ChartCacheTest, ABadDocumentIsAnsweredWithFindings) {
    const auto answer = load_text("<scxml");

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->chart, nullptr);
    EXPECT_FALSE(answer->findings.empty());
}

TEST_F(ChartCacheTest, AScriptThatCannotBeHadRefusesTheDocument) {
    outside_.serve(kUrl, with_script("c"), "", 1000);

    const auto answer = load_url(kUrl);

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->chart, nullptr);

    outside_.serve(kPart, "var x = 1;", "", 1000);
    EXPECT_NE(load_url(kUrl)->chart, nullptr);
}

TEST_F(ChartCacheTest, ChartsInUseAreFoundBeyondTheBound) {
    options_.charts_max = 2;
    const auto in_use = load_text(chart_text("used"))->chart;
    const std::string idle_hash = load_text(chart_text("idle"))->chart->hash();
    for (int number = 0; number < 10; ++number) {
        load_text(chart_text("n" + std::to_string(number))).value();
    }

    EXPECT_EQ(cache().chart_count(), 3U);
    EXPECT_EQ(load_hash(in_use->hash())->chart, in_use);
    EXPECT_EQ(load_hash(idle_hash)->chart->hash(), idle_hash);
}

TEST_F(ChartCacheTest, KeptChartsAreBoundedInBytes) {
    options_.bytes_max = 200'000;
    for (int number = 0; number < 50; ++number) {
        load_text(
            chart_text("n", "<!--" + std::string(20'000, 'x') + std::to_string(number) + "-->"))
            .value();
    }

    EXPECT_LT(cache().chart_count(), 10U);
}

TEST_F(ChartCacheTest, RedirectedDocumentsResolveReferencesWhereTheyWereFound) {
    FetchAnswer moved;
    moved.bytes = with_script("c");
    moved.url = "http://b/there/chart.scxml";
    outside_.serve(kUrl, moved);
    outside_.serve("http://b/there/part.js", "var x = 1;", "", 0);

    const auto answer = load_url(kUrl);

    ASSERT_TRUE(answer);
    ASSERT_NE(answer->chart, nullptr);
    EXPECT_EQ(answer->chart->url(), "http://b/there/chart.scxml");
}

TEST_F(ChartCacheTest, UploadedDocumentsAreFoundByName) {
    const auto put_one = put("order", chart_text("one"));
    ASSERT_TRUE(put_one) << put_one.error().to_string();
    const auto one = load_url("document:order");
    put("order", chart_text("two")).value();
    const auto two = load_url("document:order");

    ASSERT_TRUE(one && two);
    EXPECT_EQ(one->chart->hash(), put_one->name.hash);
    EXPECT_EQ(one->chart->name(), "one");
    EXPECT_EQ(two->chart->name(), "two");
    EXPECT_EQ(load_url("document:other").error().code(), ErrorCode::kNotFound);
}

TEST_F(ChartCacheTest, TheTextOfAnUploadedDocumentCanBeHadAgain) {
    put("order", chart_text("one")).value();
    Result<NamedDocument> found = Error(ErrorCode::kInternal, "not answered");

    cache().find_document("order",
                          [&](Result<NamedDocument> answer) { found = std::move(answer); });

    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->bytes, chart_text("one"));
    EXPECT_EQ(found->name.name, "order");
}

TEST_F(ChartCacheTest, ARefusedUploadChangesNothing) {
    put("order", chart_text("one")).value();

    const auto refused = put("order", "<scxml");

    ASSERT_TRUE(refused);
    EXPECT_TRUE(refused->name.hash.empty());
    EXPECT_FALSE(refused->findings.empty());
    EXPECT_EQ(load_url("document:order")->chart->name(), "one");
}

TEST_F(ChartCacheTest, AVersionPutByAnotherNodeIsSeenAfterTheRefreshTime) {
    put("order", chart_text("one")).value();
    ChartCache other(options_, store_, outside_, clock_);
    clock_.advance(milliseconds(10));
    other.put_document("order", chart_text("two"), [](const Result<PutDocumentAnswer>&) {});
    EXPECT_EQ(load_url("document:order")->chart->name(), "one");

    clock_.advance(options_.name_refresh);

    EXPECT_EQ(load_url("document:order")->chart->name(), "two");
}

TEST_F(ChartCacheTest, TheSameTextUnderAnotherBaseIsAnotherChart) {
    outside_.serve(kPart, "var x = 1;", "", 0);
    outside_.serve("http://b/part.js", "var x = 2;", "", 0);

    const auto a = load_text(with_script("c"), "http://a/");
    const auto b = load_text(with_script("c"), "http://b/");

    ASSERT_TRUE(a && b);
    EXPECT_NE(a->chart->hash(), b->chart->hash());
}

// More texts than are kept, asked for by all threads: each answer must be the chart of its text.
TEST_F(ChartCacheTest, ManyThreadsGetTheChartsTheyAskedFor) {
    options_.charts_max = 3;
    cache();
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            for (int step = 0; step < 100; ++step) {
                const std::string name = "n" + std::to_string(step % 7);
                const auto check = [&wrong, name](const Result<ChartAnswer>& answer) {
                    wrong +=
                        answer && answer->chart != nullptr && answer->chart->name() == name ? 0 : 1;
                };
                cache_->load_text(chart_text(name), "", check);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }

    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(cache().load_count(), 0U);
    EXPECT_LE(cache().chart_count(), 3U);
}

}  // namespace
}  // namespace fermata::engine
