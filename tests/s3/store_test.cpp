// What S3Store does beyond the contract of content stores, on a real server.
#include "content/s3/s3_store.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "base/crypto.h"
#include "content/test_content.h"
#include "s3/proxy.h"
#include "s3/server.h"

namespace synap::content {
namespace {

using contract::chunks_of;
using contract::key_of;
using contract::varied;
using s3test::Harm;
using s3test::Proxy;
using testing::HasSubstr;

class S3StoreTest : public testing::Test {
 protected:
  S3StoreTest() : settings(s3test::seaweed().settings()) { open(); }

  void open(World& world = real_world()) {
    store.reset();
    auto opened = S3Store::open(settings, world);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  /// A proxy in front of the server, and the store behind it.
  Proxy& open_behind_proxy() {
    proxy.emplace(s3test::seaweed().port());
    settings.endpoint = proxy->url();
    open();
    return *proxy;
  }
  Result<Stored> put(const ContentKey& key, std::string bytes) {
    return sync_wait(executor, store->put(key, std::move(bytes)));
  }
  Result<Stored> put(const ContentKey& key, Chunks chunks) {
    return sync_wait(executor, store->put(key, std::move(chunks)));
  }
  Result<std::string> get(const ContentKey& key) { return sync_wait(executor, store->get(key)); }
  /// All that the bucket has under the prefix.
  std::vector<std::string> names() {
    S3Bucket bucket(*S3Requests::make(settings, real_world()));
    const auto listing = sync_wait(executor, bucket.list("", "", 1'000));
    EXPECT_TRUE(listing.has_value());
    std::vector<std::string> all;
    for (const auto& object : listing->objects) {
      all.push_back(object.name.substr(settings.prefix.size()));
    }
    return all;
  }
  /// Of the whole bucket: uploads in parts that were begun and not ended.
  std::string uploads() {
    auto requests = *S3Requests::make(settings, real_world());
    const auto answer = sync_wait(
        executor, requests->send({.query = {{"uploads", ""}, {"prefix", settings.prefix}}}));
    return answer ? answer->body : "none";
  }

  S3Settings settings;
  std::optional<Proxy> proxy;
  ThreadExecutor executor{"test"};
  std::unique_ptr<S3Store> store;
};

TEST_F(S3StoreTest, ListsAllOnceWhateverTheOrder) {
  std::vector<std::string> paths;
  for (const char* user : {"ann", "ann-b", "bob"}) {
    for (const char* type : {"note", "note-x"}) {
      for (const char* id : {"1", "10", "a-"}) {
        paths.push_back(ContentKey::make(user, type, id, "md")->path());
        ASSERT_TRUE(put(*ContentKey::parse(paths.back()), "x"));
      }
    }
  }
  std::ranges::sort(paths);
  for (const int limit : {1, 4, 1'000}) {
    std::vector<std::string> found;
    Listing listing{.limit = limit};
    for (bool is_last = false; !is_last;) {
      const auto page = sync_wait(executor, store->list(listing));
      ASSERT_TRUE(page);
      EXPECT_LE(page->items.size(), static_cast<std::size_t>(limit));
      for (const auto& item : page->items) found.push_back(item.path);
      is_last = !page->next;
      if (page->next) listing.after = *page->next;
      ASSERT_LE(found.size(), paths.size());
    }
    std::ranges::sort(found);
    EXPECT_EQ(found, paths) << limit;
  }
}

TEST_F(S3StoreTest, ReachesTheBucketByTheNameOfItsHost) {
  ASSERT_TRUE(put(key_of("a"), "text"));
  settings.is_path_style = false;
  settings.endpoint = "http://localhost:" + std::to_string(s3test::seaweed().port());
  open();
  EXPECT_EQ(*get(key_of("a")), "text");
  ASSERT_TRUE(put(key_of("b"), "more"));
  EXPECT_EQ(sync_wait(executor, store->list({}))->items.size(), 2u);
}

// A name is written once: what is there is not sent again, and others are replaced.
TEST_F(S3StoreTest, PutsOnlyWhereNothingIsAndComparesOtherwise) {
  auto& at = open_behind_proxy();
  ASSERT_TRUE(put(key_of("a"), "text"));
  EXPECT_EQ(at.methods(), "PUT");
  at.forget();
  ASSERT_TRUE(put(key_of("a"), "text"));
  EXPECT_EQ(at.methods(), "PUT HEAD");
  at.forget();
  ASSERT_TRUE(put(key_of("a"), "next"));
  EXPECT_EQ(at.methods(), "PUT HEAD PUT");
  EXPECT_EQ(*get(key_of("a")), "next");
}

TEST_F(S3StoreTest, SendsWhatIsLargeInPartsAndKeepsItsChecksumBesideIt) {
  const auto bytes = varied(20'000'000);
  const auto key = key_of("large");
  for (int i = 0; i < 2; ++i) {
    const auto stored = put(key, chunks_of({bytes.substr(0, 9'000'000), bytes.substr(9'000'000)}));
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(stored->checksum, to_hex(sha256(bytes)));
    EXPECT_EQ(stored->size, 20'000'000);
    const auto all = names();
    ASSERT_EQ(all.size(), 2u) << i;
    EXPECT_EQ(all[0], "ann/note/large.md");
    EXPECT_THAT(all[1], HasSubstr("~sha256/ann/note/large.md/"));
    EXPECT_FALSE(uploads().contains("<Upload>"));
  }
  EXPECT_TRUE(*get(key) == bytes);
  EXPECT_EQ(sync_wait(executor, store->list({}))->items.size(), 1u);
  ASSERT_TRUE(put(key, bytes.substr(1)));  // a string, and another
  EXPECT_TRUE(*get(key) == bytes.substr(1));
  EXPECT_EQ(names().size(), 2u);
  ASSERT_TRUE(put(key, "small"));
  EXPECT_EQ(names(), std::vector<std::string>{"ann/note/large.md"});
  ASSERT_TRUE(put(key, chunks_of({bytes})));
  EXPECT_TRUE(*get(key) == bytes);
  ASSERT_TRUE(sync_wait(executor, store->remove(key)));
  EXPECT_EQ(names(), std::vector<std::string>{});
}

TEST_F(S3StoreTest, TakesBackAnUploadThatIsBrokenOff) {
  const auto failed = fail(Code::kClientClosedRequest, "gone");
  bool was_begun = false;
  const auto watched = [&]() -> Chunks {
    co_yield varied(20'000'000);
    was_begun = true;
    co_return Result<>(failed);
  };
  EXPECT_EQ(put(key_of("a"), watched()).error().message, "gone");
  EXPECT_TRUE(was_begun);
  // And one whose Task is destroyed.
  const auto endless = [&]() -> Chunks {
    for (;;) co_yield varied(9'000'000);
  };
  auto task = store->put(key_of("b"), endless());
  test::call_on(executor, [&] {
    task.start();
    return true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  test::call_on(executor, [&] {
    task = {};
    return true;
  });
  store.reset();
  EXPECT_FALSE(uploads().contains("<Upload>")) << uploads();
  EXPECT_EQ(names(), std::vector<std::string>{});
}

// Bytes that this process has in memory, at most since the last call.
std::int64_t memory_peak() {
  std::ifstream status("/proc/self/status");
  std::int64_t kib = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) kib = std::stoll(line.substr(6));
  }
  std::ofstream("/proc/self/clear_refs") << "5";
  return kib * 1024;
}

// 300 MB, or as many as `make test-long` says.
TEST_F(S3StoreTest, HoldsLittleOfWhatItStreams) {
  const char* megabytes = std::getenv("SYNAP_TEST_STREAMED_MB");
  const int pieces = megabytes != nullptr ? std::atoi(megabytes) : 300;
  ASSERT_GT(pieces, 0);
  const auto piece = varied(1'000'000);
  ASSERT_TRUE(put(key_of("first"), chunks_of({piece})));
  const auto many = [&]() -> Chunks {
    for (int i = 0; i < pieces; ++i) co_yield std::string(piece);
    co_return Result<>{};
  };
  const auto count = [&]() -> Task<std::int64_t> {
    std::int64_t size = 0;
    auto chunks = store->read(key_of("large"), {});
    while (auto chunk = co_await chunks.next()) size += static_cast<std::int64_t>(chunk->size());
    co_return chunks.end() ? size : -1;
  };
  memory_peak();
  const auto before = memory_peak();
  const auto stored = put(key_of("large"), many());
  ASSERT_TRUE(stored) << stored.error().message;
  const auto of_put = memory_peak() - before;
  EXPECT_EQ(sync_wait(executor, count()), std::int64_t{1'000'000} * pieces);
  const auto of_read = memory_peak() - before;
  RecordProperty("put_bytes", std::to_string(of_put));
  RecordProperty("read_bytes", std::to_string(of_read));
  EXPECT_LT(of_put, 32 * 1024 * 1024);
  EXPECT_LT(of_read, 32 * 1024 * 1024);
}

TEST_F(S3StoreTest, PresignedUrlsGiveOneThingToWhoeverHasThem) {
  outbound::Client client(outbound::Policy::anywhere());
  const auto ask = [&](std::string method, std::string url, std::string body = "") {
    outbound::Headers headers;
    if (method == "PUT") {
      headers = {{std::string(kPresignedPutHeader), std::string(kPresignedPutHeaderValue)}};
    }
    auto answer =
        sync_wait(executor, client.send({std::move(method), std::move(url), headers, body}));
    return answer ? answer->status : 0;
  };
  const auto key = key_of("a");
  EXPECT_EQ(ask("PUT", store->presigned_put(key, std::chrono::seconds(60)), "from outside"), 200);
  EXPECT_EQ(*get(key), "from outside");
  EXPECT_EQ(ask("PUT", store->presigned_put(key, std::chrono::seconds(60)), "again"), 412);
  EXPECT_EQ(*get(key), "from outside") << "a name is written once";
  const auto url = store->presigned_get(key, std::chrono::seconds(60));
  EXPECT_EQ(ask("GET", url), 200);
  EXPECT_EQ(ask("PUT", url, "x"), 403);
  EXPECT_EQ(ask("GET", url + "0"), 403);
  EXPECT_FALSE(url.contains(settings.secret_key));
}

TEST_F(S3StoreTest, CheckPutsGetsAndRemoves) {
  auto& at = open_behind_proxy();
  EXPECT_TRUE(sync_wait(executor, store->check()));
  EXPECT_EQ(at.methods(), "PUT GET DELETE");
  EXPECT_EQ(names(), std::vector<std::string>{});
  at.set({Harm::Kind::kCorruptAnswer, 100, 3, "GET"});
  EXPECT_FALSE(sync_wait(executor, store->check()));
}

}  // namespace
}  // namespace synap::content
