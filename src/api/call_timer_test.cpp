#include "api/call_timer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "api/actor.h"
#include "base/log.h"

namespace synap::api {
namespace {

using namespace std::chrono_literals;

class EverybodyMay final : public Authority {
 public:
  Result<> check(const Actor&) const override { return {}; }
  Result<> admit(const Actor&) const override { return {}; }
};

class CallTimerTest : public testing::Test {
 protected:
  CallTimerTest() {
    auto context = std::make_shared<CallContext>(everybody_);
    context->actor = Actor::of_key("ann", Role::kMember, "key");
    context->peer = "192.0.2.7";
    call_.context = context;
    testing::internal::CaptureStderr();
  }
  ~CallTimerTest() override { set_log({}); }

  CallTimer begun(std::chrono::milliseconds ago) {
    return {meter_, "notes.get", call_, CallTimer::Clock::now() - ago};
  }
  static std::string written() { return testing::internal::GetCapturedStderr(); }

  EverybodyMay everybody_;
  rpc::Call call_;
  rpc::CallMeter meter_;
};

TEST_F(CallTimerTest, ASlowCallIsLoggedWithoutBeingAskedFor) {
  begun(10ms).succeeded();
  begun(2s).succeeded();
  const auto text = written();
  EXPECT_TRUE(text.starts_with("synap: slow: notes.get OK in 2")) << text;
  EXPECT_TRUE(text.ends_with(" ms user=ann peer=192.0.2.7\n")) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
  EXPECT_EQ(meter_.calls({}), 2u);
}

TEST_F(CallTimerTest, EachCallIsLoggedAtDebugAndItsErrorIsGivenOn) {
  set_log({.level = LogLevel::kDebug});
  const auto error = begun(3ms).failed({Code::kNotFound, "There is no such note"});
  EXPECT_EQ(error.message, "There is no such note");
  const auto text = written();
  EXPECT_TRUE(text.starts_with("synap: notes.get NOT_FOUND in 3")) << text;
  EXPECT_EQ(meter_.calls(Code::kNotFound), 1u);
}

TEST_F(CallTimerTest, OnlyTheLastOfThoseThatWereMovedCounts) {
  {
    auto first = begun(1ms);
    const auto last = std::move(first);
  }
  EXPECT_EQ(written(), "");
  EXPECT_EQ(meter_.calls(Code::kClientClosedRequest), 1u);
  EXPECT_EQ(meter_.latency().count(), 1u);
}

}  // namespace
}  // namespace synap::api
