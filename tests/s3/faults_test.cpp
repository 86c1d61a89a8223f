// S3Store where the server, the line to it, or what it was told is not well.
#include <gmock/gmock.h>

#include <thread>

#include "base/crypto.h"
#include "content/s3/s3_store.h"
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
using Kind = Harm::Kind;

class S3FaultsTest : public testing::Test {
 protected:
  S3FaultsTest() : settings(s3test::seaweed().settings()), proxy(s3test::seaweed().port()) {
    settings.endpoint = proxy.url();
    open();
    testing::internal::CaptureStderr();
  }
  ~S3FaultsTest() override {
    store.reset();
    const auto log = log_so_far + testing::internal::GetCapturedStderr();
    EXPECT_FALSE(log.contains(s3test::seaweed().settings().secret_key)) << log;
  }
  /// What was logged since the last call.
  std::string log() {
    const auto text = testing::internal::GetCapturedStderr();
    log_so_far += text;
    testing::internal::CaptureStderr();
    return text;
  }
  void open(World& world = real_world()) {
    store.reset();
    auto opened = S3Store::open(settings, world);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  Result<Stored> put(const ContentKey& key, std::string bytes) {
    return sync_wait(executor, store->put(key, std::move(bytes)));
  }
  Result<std::string> get(const ContentKey& key) { return sync_wait(executor, store->get(key)); }

  /// That work in the background waits for it, and spends no attempt.
  static void expect_outage(const Error& error) {
    EXPECT_EQ(error.code, Code::kServiceUnavailable);
    EXPECT_EQ(error.fault, Fault::kGone);
    EXPECT_TRUE(error.is_retriable());
  }

  S3Settings settings;
  Proxy proxy;
  ThreadExecutor executor{"test"};
  std::unique_ptr<S3Store> store;
  std::string log_so_far;
};

std::chrono::milliseconds since(SteadyClock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin);
}

TEST_F(S3FaultsTest, AServerThatSaysSlowDownIsAskedAgain) {
  proxy.set({Kind::kSlowDown, 2});
  ASSERT_TRUE(put(key_of("a"), "text"));
  EXPECT_EQ(proxy.methods(), "PUT PUT PUT");
  proxy.set({Kind::kSlowDown, 2});
  EXPECT_EQ(*get(key_of("a")), "text");
}

TEST_F(S3FaultsTest, APutWhoseAnswerIsLostIsFoundDone) {
  proxy.set({Kind::kLoseAnswer, 1, 0, "PUT"});
  const auto stored = put(key_of("a"), "text");
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(proxy.methods(), "PUT PUT HEAD");
  EXPECT_EQ(*get(key_of("a")), "text");
}

TEST_F(S3FaultsTest, AnUploadWhoseEndIsLostIsFoundDone) {
  const auto bytes = varied(20'000'000);
  proxy.set({Kind::kLoseAnswer, 1, 0, "POST"});  // the first of its two
  ASSERT_TRUE(sync_wait(executor, store->put(key_of("a"), chunks_of({bytes}))));
  const auto ends = [&]() -> Chunks {
    co_yield std::string(bytes);
    proxy.set({Kind::kLoseAnswer, 1, 0, "POST"});
    co_return Result<>{};
  };
  const auto stored = sync_wait(executor, store->put(key_of("b"), ends()));
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_TRUE(*get(key_of("b")) == bytes);
}

TEST_F(S3FaultsTest, AReadThatIsCutGoesOnWhereItWas) {
  const auto bytes = varied(3'000'000);
  ASSERT_TRUE(put(key_of("a"), bytes));
  for (const std::size_t at : {0u, 1u, 100'000u, 1'500'000u, 2'999'999u}) {
    proxy.set({Kind::kCutAnswer, 1, at, "GET"});
    const auto got = get(key_of("a"));
    ASSERT_TRUE(got) << at << ": " << got.error().message;
    EXPECT_TRUE(*got == bytes) << at;
  }
  // Each time a little more, and never at an end: it goes on for as long as it gets on.
  proxy.set({Kind::kCutAnswer, 10, 250'000, "GET"});
  EXPECT_TRUE(*get(key_of("a")) == bytes);
  // Nothing more comes.
  proxy.set({Kind::kCutAnswer, 100, 0, "GET"});
  expect_outage(get(key_of("a")).error());
}

TEST_F(S3FaultsTest, WhatIsChangedOnTheWayHereIsNotTaken) {
  const auto bytes = varied(700'000);
  ASSERT_TRUE(put(key_of("a"), bytes));
  for (const std::size_t at : {0u, 300'000u, 699'999u}) {
    proxy.set({Kind::kCorruptAnswer, 1, at, "GET"});
    EXPECT_TRUE(*get(key_of("a")) == bytes) << at;
    proxy.set({Kind::kCorruptAnswer, 100, at, "GET"});
    const auto refused = get(key_of("a"));
    ASSERT_FALSE(refused) << at;
    EXPECT_EQ(refused.error().fault, Fault::kDamaged);
    EXPECT_FALSE(refused.error().is_retriable());
  }
  // Read in chunks, the last one does not come.
  const auto reading = [&]() -> Task<std::size_t> {
    std::size_t size = 0;
    auto chunks = store->read(key_of("a"), {});
    while (auto chunk = co_await chunks.next()) size += chunk->size();
    EXPECT_EQ(chunks.end().error().fault, Fault::kDamaged);
    co_return size;
  };
  EXPECT_LT(sync_wait(executor, reading()), bytes.size());
  EXPECT_THAT(log(), HasSubstr("ann/note/a.md is not what was stored"));
}

TEST_F(S3FaultsTest, WhatIsChangedOnTheWayThereIsNotStored) {
  proxy.set({Kind::kCorruptRequest, 1, 1, "PUT"});
  ASSERT_TRUE(put(key_of("a"), "text"));
  EXPECT_EQ(*get(key_of("a")), "text");
  const auto bytes = varied(20'000'000);
  proxy.set({Kind::kCorruptRequest, 1, 5'000'000, "PUT"});
  ASSERT_TRUE(sync_wait(executor, store->put(key_of("b"), chunks_of({bytes}))));
  EXPECT_TRUE(*get(key_of("b")) == bytes);
  proxy.set({Kind::kCorruptRequest, 100, 1, "PUT"});
  expect_outage(put(key_of("c"), "text").error());
  EXPECT_EQ(get(key_of("c")).error().code, Code::kNotFound);
}

TEST_F(S3FaultsTest, WhatHasChangedWhereItLiesIsDamaged) {
  S3Bucket bucket(*S3Requests::make(settings, real_world()));
  const auto bytes = std::make_shared<const std::string>("text");
  ASSERT_TRUE(sync_wait(executor, bucket.put(key_of("a").path(), bytes, to_hex(sha256("other")),
                                             Replacing::kAllowed)));
  EXPECT_EQ(get(key_of("a")).error().fault, Fault::kDamaged);
  // What others have put there without a checksum is what it is.
  ASSERT_TRUE(sync_wait(executor, bucket.put(key_of("b").path(), bytes, "", Replacing::kAllowed)));
  EXPECT_EQ(*get(key_of("b")), "text");
}

TEST_F(S3FaultsTest, AServerThatIsAwayIsSoonNotAskedAndComesBack) {
  ASSERT_TRUE(put(key_of("a"), "text"));
  proxy.set({Kind::kRefuse});
  auto begin = SteadyClock::now();
  expect_outage(put(key_of("b"), "text").error());
  expect_outage(get(key_of("a")).error());
  EXPECT_LT(since(begin).count(), 10'000);
  const auto connections = proxy.connections();
  begin = SteadyClock::now();
  for (int i = 0; i < 100; ++i) expect_outage(get(key_of("a")).error());
  EXPECT_LT(since(begin).count(), 400);
  EXPECT_LE(proxy.connections(), connections + 1);
  EXPECT_THAT(log(), HasSubstr("the S3 server is away"));
  proxy.set({});
  begin = SteadyClock::now();
  while (!get(key_of("a"))) {
    ASSERT_LT(since(begin).count(), 10'000);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ASSERT_TRUE(put(key_of("b"), "text"));
  EXPECT_THAT(log(), HasSubstr("answers again"));
}

TEST_F(S3FaultsTest, AServerThatSaysNothingIsNotWaitedForLong) {
  proxy.set({Kind::kSilence});
  const auto begin = SteadyClock::now();
  expect_outage(put(key_of("a"), "text").error());
  EXPECT_LT(since(begin).count(), 30'000);
}

// What was acknowledged is there, what was not can be asked for again.
TEST_F(S3FaultsTest, AServerThatIsKilledLosesNothingThatWasAnswered) {
  settings.endpoint = s3test::seaweed().settings().endpoint;
  open();
  const auto text = [](int i) { return std::to_string(i) + std::string(2'000, 'x'); };
  constexpr int kPuts = 200;
  test::Started<Result<Stored>> calls(executor);
  for (int i = 0; i < kPuts; ++i) calls.add(store->put(key_of("id" + std::to_string(i)), text(i)));
  while (calls.done() < 20) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  s3test::seaweed().kill();
  const auto results = calls.wait();
  const auto done = std::ranges::count_if(results, [](const auto& r) { return r.has_value(); });
  EXPECT_GE(done, 20);
  for (const auto& result : results) {
    if (!result) expect_outage(result.error());
  }
  s3test::seaweed().start();
  const auto begin = SteadyClock::now();
  while (!put(key_of("after"), "text")) ASSERT_LT(since(begin).count(), 60'000);
  for (int i = 0; i < kPuts; ++i) {
    const auto key = key_of("id" + std::to_string(i));
    if (!results[static_cast<std::size_t>(i)]) ASSERT_TRUE(put(key, text(i)));
    ASSERT_EQ(*get(key), text(i)) << i;
  }
}

/// The real world, but for its clock.
class ShiftedWorld final : public World {
 public:
  explicit ShiftedWorld(std::int64_t by_ms) : by_ms_(by_ms) {}
  std::int64_t unix_ms() override { return real_world().unix_ms() + by_ms_; }
  SteadyClock::time_point now() override { return real_world().now(); }
  void random(std::uint8_t* out, std::size_t count) override { real_world().random(out, count); }
  Uuid new_id() override { return real_world().new_id(); }
  Timers& timers() override { return real_world().timers(); }
  std::unique_ptr<Executor> make_executor(std::string name, ThreadPriority priority) override {
    return real_world().make_executor(std::move(name), priority);
  }
  std::unique_ptr<Signal> make_signal() override { return real_world().make_signal(); }
  std::unique_ptr<WorldThread> start_thread(std::string name, ThreadPriority priority,
                                            std::function<bool()> turn) override {
    return real_world().start_thread(std::move(name), priority, std::move(turn));
  }

 private:
  const std::int64_t by_ms_;
};

// What the owner has to mend is told as what it is, and asked for once.
TEST_F(S3FaultsTest, ARefusalIsToldAndNotRepeated) {
  const auto good = settings;
  const auto expect_told = [&](std::string_view what, std::string_view methods) {
    proxy.forget();
    log();
    const auto refused = put(key_of("a"), "text");
    ASSERT_FALSE(refused.has_value()) << what;
    expect_outage(refused.error());
    EXPECT_EQ(refused.error().message, "Content cannot be reached now");
    EXPECT_EQ(proxy.methods(), methods) << what;
    EXPECT_THAT(log(), HasSubstr(std::string(what)));
    const auto checked = sync_wait(executor, store->check());
    EXPECT_THAT(checked.error().message, HasSubstr(std::string(what)));
    EXPECT_FALSE(checked.error().message.contains(settings.secret_key));
    EXPECT_FALSE(log().contains(settings.secret_key));
  };
  settings.secret_key = "another-secret-of-nobody";
  open();
  expect_told("s3_secret_key is not the one of s3_access_key", "PUT");
  settings = good;
  settings.access_key = "nobody";
  open();
  expect_told("does not know s3_access_key", "PUT");
  settings = good;
  settings.bucket = "no-such-bucket";
  open();
  expect_told("there is no bucket no-such-bucket", "PUT");
  EXPECT_NE(get(key_of("a")).error().code, Code::kNotFound);
  EXPECT_NE(sync_wait(executor, store->size(key_of("a"))).error().code, Code::kNotFound);
  settings = good;
  ShiftedWorld world(3'600'000);
  open(world);
  expect_told("the clock of this machine", "PUT");
  open();
}

}  // namespace
}  // namespace synap::content
