#include "workers/op.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "workers/handler.h"

namespace synap::workers {
namespace {

TEST(StepHash, IsInngests) {
  EXPECT_EQ(to_hex(step_hash("a", 0)), "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
  EXPECT_EQ(step_hash("a", 1), sha1("a:1"));
  EXPECT_EQ(step_hash("a", 12), sha1("a:12"));
}

TEST(ErrorJson, RoundTrips) {
  const Error error{Code::kNotFound, "no \"such\"\n thing", nullptr};
  EXPECT_EQ(error_json(error), R"({"name":"NOT_FOUND","message":"no \"such\"\n thing"})");
  const auto back = error_from_json(error_json(error));
  EXPECT_EQ(back.code, error.code);
  EXPECT_EQ(back.message, error.message);
  EXPECT_EQ(error_from_json(R"({"name":"Oops","message":"m"})").code, Code::kInternalServerError);
  EXPECT_EQ(error_from_json("not json").code, Code::kInternalServerError);
}

TEST(Outcome, OfAnErrorThatCanGoAwayMayBeRetried) {
  EXPECT_TRUE(Outcome::failed({Code::kServiceUnavailable, "", nullptr}).may_retry());
  EXPECT_FALSE(Outcome::failed({Code::kBadRequest, "", nullptr}).may_retry());
  EXPECT_FALSE(Outcome::failed({Code::kInternalServerError, "", nullptr}).may_retry());
  EXPECT_FALSE(
      Outcome::failed({Code::kServiceUnavailable, "", nullptr, Fault::kDamaged}).may_retry());
  EXPECT_FALSE(Outcome::failed_for_good({Code::kServiceUnavailable, "", nullptr}).may_retry());
  const auto later = Outcome::failed_retry_in({Code::kBadRequest, "", nullptr}, 5);
  EXPECT_TRUE(later.may_retry());
  EXPECT_EQ(later.retry_delay_ms(), 5);
  EXPECT_EQ(Outcome::done().output(), "null");
}

}  // namespace
}  // namespace synap::workers
